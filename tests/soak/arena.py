"""Owns what runs: private engines, the fleet as processes, a simulated Telegram with its crowd, a line to RabbitMQ."""

import asyncio
import contextlib
import logging
import random
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
import structlog
from pydantic import SecretStr

from local.engines import Engines
from local.fleet import Fleet, plan
from local.folders import LOGS, run_folder
from local.ports import LOOPBACK
from local.processes import Child
from local.stage import Stage, stage, started
from ops.webhook import WebhookSettings, set_webhook
from shared.publisher import Publisher
from simulator.crowd import Crowd
from simulator.server import Simulator, SimulatorConfig
from tests.integration.broker_side import linked
from tests.soak.diary import Diary

PEOPLE: Final = 420
SERVICES: Final = {"ingress": 1, "checkin_worker": 2, "geo_worker": 1, "sender": 2}
DOUBLE_TAP_SECONDS: Final = 1
RETRY_SCALE: Final = 0.25
"""Telegram tries a webhook that is away again after up to two minutes; here the run would wait for that at its end."""
ASK_SECONDS: Final = 0.5
ACTIVE_LIMIT: Final = 40.0


@dataclass
class Arena:
    """What is pulled at, and looked at."""

    diary: Diary
    telegram: Simulator
    crowd: Crowd
    stage: Stage
    fleet: Fleet
    publisher: Publisher
    down: set[str] = field(default_factory=set)
    """Services that are away because we took them away."""

    @property
    def engines(self) -> Engines:
        """PostgreSQL, RabbitMQ, Redis."""
        return self.stage.engines

    @property
    def senders(self) -> list[str]:
        """Their names."""
        return [name for name, service in self.fleet.services.items() if service.module == "sender"]

    async def active_sender(self) -> str:
        """Who holds the right to send; waits for somebody to hold it.

        Raises:
            TimeoutError: nobody did for ACTIVE_LIMIT seconds.
        """
        return await self.holder("sender", "sender_active 1.0")

    async def holder(self, module: str, sign: str) -> str:
        """The service of this kind whose metrics have that line; waits for one.

        Raises:
            TimeoutError: none had it for ACTIVE_LIMIT seconds.
        """
        services = [service for service in self.fleet.services.values() if service.module == module]
        async with asyncio.timeout(ACTIVE_LIMIT):
            while True:
                for service in services:
                    if await _says(service.metrics_url, sign):
                        return service.name
                await asyncio.sleep(0.05)

    async def standby_sender(self) -> str:
        """Who waits."""
        active = await self.active_sender()
        return next(name for name in self.senders if name != active)

    @contextlib.contextmanager
    def away(self, *names: str) -> Iterator[None]:
        """These services end because we want it."""
        self.down.update(names)
        yield
        self.down.difference_update(names)

    @contextlib.contextmanager
    def frozen(self, *children: Child) -> Iterator[None]:
        """Stop the processes where they are; let them go on at the end of the block, however it ends."""
        for child in children:
            child.send(signal.SIGSTOP)
        try:
            yield
        finally:
            for child in children:
                child.send(signal.SIGCONT)


async def _says(metrics_url: str, sign: str) -> bool:
    timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(metrics_url) as answer:
            return sign in await answer.text()
    return False


@contextlib.asynccontextmanager
async def opened(diary: Diary, seed: int) -> AsyncIterator[Arena]:
    """Everything is up and the webhook is set; on leaving, all of it ends."""
    services = plan(SERVICES)
    ingress = next(service for service in services if service.module == "ingress")
    secret = secrets.token_urlsafe(32)
    webhook = f"http://{LOOPBACK}:{ingress.http_port}/webhook"
    with run_folder("soak") as folder:
        async with contextlib.AsyncExitStack() as running:
            running.enter_context(own_log(folder / LOGS / "soak.log"))
            config = SimulatorConfig(seed=seed, time_scale=RETRY_SCALE)
            telegram = await running.enter_async_context(Simulator(config))
            telegram.faults.random = random.Random(seed)  # noqa: S311 - no secret: repeatable faults
            settings = {
                "TELEGRAM_BOT_TOKEN": telegram.token,
                "TELEGRAM_API_URL": telegram.url,
                "TELEGRAM_WEBHOOK_URL": webhook,
                "TELEGRAM_WEBHOOK_SECRET": secret,
                "REGISTRATION": "open",
                "CONSENT": "off",
                "GEOCODER": "offline",
                "DOUBLE_TAP_SECONDS": str(DOUBLE_TAP_SECONDS),
            }
            ready = await running.enter_async_context(stage(folder, settings))
            fleet = await running.enter_async_context(started(ready, services))
            publisher = Publisher()
            await running.enter_async_context(linked(ready.engines.rabbitmq.url, publisher))
            await set_webhook(
                WebhookSettings(
                    telegram_bot_token=SecretStr(telegram.token),
                    telegram_api_url=telegram.url,
                    telegram_webhook_url=webhook,
                    telegram_webhook_secret=SecretStr(secret),
                )
            )
            crowd = Crowd(telegram, employees=PEOPLE, seed=seed)
            diary.say(f"logs are in {_shown(ready.logs)}")
            yield Arena(diary, telegram, crowd, ready, fleet, publisher)


@contextlib.contextmanager
def own_log(path: Path) -> Iterator[None]:
    """What our own line to RabbitMQ complains of goes to a file of its own, and not between the lines of the run."""
    with path.open("w") as file:
        logging.basicConfig(stream=file, force=True)
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(file))
        try:
            yield
        finally:
            structlog.reset_defaults()
            logging.basicConfig(force=True)


def _shown(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
