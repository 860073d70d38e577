"""A whole company for a test: the services as processes on the test's engines, a simulated Telegram, a crowd."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
from pydantic import SecretStr

from local.fleet import Fleet, Launch, logins, plan, python_module
from ops.webhook import WebhookSettings, set_webhook
from simulator.crowd import Crowd
from simulator.report import Figures, figures
from simulator.server import Simulator
from tests.integration.database_side import as_login

ONE_OF_EACH: Mapping[str, int] = {"ingress": 1, "checkin_worker": 2, "geo_worker": 1, "sender": 2}
SECRET = "a-secret-for-tests"  # noqa: S105 - opens a simulator only


@dataclass(frozen=True)
class Engines:
    """Where a company's engines are, and how its services are started."""

    database_url: str
    rabbitmq_url: str
    redis_url: str
    logs: Path
    launch: Launch = python_module


@dataclass(frozen=True)
class Company:
    """What a test looks at and pulls at."""

    telegram: Simulator
    crowd: Crowd
    fleet: Fleet
    database: asyncpg.Connection

    @property
    def figures(self) -> Figures:
        """As judged from Telegram's side."""
        return figures(self.telegram)

    def answered(self) -> int:
        """How many people have a reply with an address."""
        return self.figures.with_address

    async def everybody_answered(self, limit: float = 60) -> None:
        """Wait until everybody in the crowd has a reply with an address."""

        def everybody_has_an_address() -> bool:
            return self.answered() == len(self.crowd.employees)

        await self.telegram.until(everybody_has_an_address, limit)

    async def recorded(self) -> tuple[int, int]:
        """Rows of attendance events and of sessions."""
        row = await self.database.fetchrow(
            "SELECT (SELECT count(*) FROM attendance_events), (SELECT count(*) FROM sessions)"
        )
        assert row is not None
        return row[0], row[1]

    async def metric(self, name: str, series: str) -> float:
        """What a service's metric says now."""
        for line in (await _text(self.fleet.services[name].metrics_url)).splitlines():
            if line.startswith(f"{series} "):
                return float(line.removeprefix(series))
        raise LookupError(f"{name} has no {series}")

    async def active_sender(self) -> str:
        """The name of the sender that holds the right to send."""
        for name, service in self.fleet.services.items():
            if service.module == "sender" and "sender_active 1.0" in await _text(service.metrics_url):
                return name
        raise LookupError("no sender is active")


@contextlib.asynccontextmanager
async def company(
    engines: Engines, employees: int, counts: Mapping[str, int] = ONE_OF_EACH, **settings: str
) -> AsyncIterator[Company]:
    """Open for business: every service is ready and the webhook is set. `settings` are environment variables."""
    services = plan(counts)
    ingress = next(service for service in services if service.module == "ingress")
    url = f"http://127.0.0.1:{ingress.http_port}/webhook"
    async with Simulator() as telegram:
        environment = {
            "PATH": os.environ["PATH"],
            "LISTEN_ADDRESS": "127.0.0.1",
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "TELEGRAM_WEBHOOK_URL": url,
            "RABBITMQ_URL": engines.rabbitmq_url,
            "DATABASE_URL": engines.database_url,
            "REDIS_URL": engines.redis_url,
            "REGISTRATION": "open",
            "CONSENT": "off",
            "DB_POOL_MIN": "1",
            "DB_POOL_MAX": "8",
            **settings,
        }
        crowd = Crowd(telegram, employees=employees)
        own = logins(lambda login: as_login(environment["DATABASE_URL"], login))
        async with Fleet(services, environment, engines.logs, engines.launch, own=own) as fleet:
            database = await asyncpg.connect(engines.database_url)
            webhook = WebhookSettings(
                telegram_bot_token=SecretStr(telegram.token),
                telegram_api_url=telegram.url,
                telegram_webhook_url=url,
                telegram_webhook_secret=SecretStr(SECRET),
            )
            await set_webhook(webhook)
            try:
                yield Company(telegram, crowd, fleet, database)
            finally:
                await asyncio.wait_for(database.close(), 5)
        assert telegram.ledger.violations == []


async def _text(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()
