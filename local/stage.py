"""Owns what `make demo` and `make up` share: engines, a migrated database, the environment of the services."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from local.command import operate
from local.engines import Engines
from local.fleet import LOGINS, Fleet, Service, logins
from local.folders import LOGS
from local.ports import LOOPBACK
from local.terminal import step

DATABASE = "fleet"
# Six processes share one PostgreSQL and two cores.
POOL = {"DB_POOL_MIN": "2", "DB_POOL_MAX": "10"}


@dataclass(frozen=True)
class Stage:
    """A machine ready for the services, which write to the database of this name."""

    run: Path
    engines: Engines
    environment: Mapping[str, str]
    database: str = DATABASE

    @property
    def logs(self) -> Path:
        """Where everything writes."""
        return self.run / LOGS

    @property
    def own(self) -> Mapping[str, Mapping[str, str]]:
        """What only some services read: each connects to PostgreSQL as itself."""
        return logins(lambda login: self.engines.postgres.database_url(self.database, login))

    @property
    def database_url(self) -> str:
        """Where the services write, as the owner of all tables."""
        return self.engines.postgres.database_url(self.database)

    async def copied(self, name: str) -> "Stage":
        """The same with a database of its own: a copy of this one, which nobody may be using, of that name."""
        url = await self.engines.postgres.create_database(name, self.database)
        return replace(self, environment={**self.environment, "DATABASE_URL": url}, database=name)

    def addresses(self, services: list[Service]) -> dict[str, str]:
        """What a person may look at."""
        rabbitmq, redis = self.engines.rabbitmq, self.engines.redis
        return {
            "RabbitMQ": f"{rabbitmq.management_url} (user {rabbitmq.user}, password {rabbitmq.password})",
            "PostgreSQL": f"psql {self.database_url}",
            "Redis": f"redis-cli -u {redis.url}",
            **{f"metrics of {service.name}": service.metrics_url for service in services},
            "logs": str(self.logs),
        }


@asynccontextmanager
async def stage(run: Path, settings: Mapping[str, str]) -> AsyncIterator[Stage]:
    """Start the engines and migrate; `settings` are the variables in which demo and up differ."""
    async with AsyncExitStack() as running:
        with step("PostgreSQL, RabbitMQ and Redis answer on private ports"):
            engines = await running.enter_async_context(Engines.start(run))
        ready = Stage(run, engines, await _environment(engines) | dict(settings))
        with step("database migrated"):
            await operate("migrate", environment=ready.environment, logs=ready.logs)
            await operate("roles", "--write", environment=ready.environment, logs=ready.logs)
            await engines.postgres.create_logins(LOGINS)
        yield ready


@asynccontextmanager
async def started(ready: Stage, services: list[Service]) -> AsyncIterator[Fleet]:
    """Start the services, if PostgreSQL has a connection for each that they may open; end them on the way out."""
    copies = Counter(service.module for service in services)
    numbers = ("--workers", str(copies["checkin_worker"]), "--geo-workers", str(copies["geo_worker"]))
    await operate("doctor", "--only", "pool", *numbers, environment=ready.environment, logs=ready.logs)
    async with AsyncExitStack() as running:
        fleet = Fleet(services, ready.environment, ready.logs, own=ready.own)
        with step(f"{len(services)} services ready: {', '.join(fleet.services)}"):
            await running.enter_async_context(fleet)
        yield fleet


async def _environment(engines: Engines) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ}
    return {
        **inherited,
        "PYTHONUNBUFFERED": "1",  # the last lines of a service that was killed are in its log
        "LISTEN_ADDRESS": LOOPBACK,
        "RABBITMQ_URL": engines.rabbitmq.url,
        "DATABASE_URL": await engines.postgres.create_database(DATABASE),
        "REDIS_URL": engines.redis.url,
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "INFO",
        **POOL,
    }
