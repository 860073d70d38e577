"""Owns the three engines together: started at once, ended together."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local.engine import Engine
from local.postgres import Postgres
from local.processes import Child
from local.rabbitmq import RabbitMQ
from local.redis import Redis


@dataclass(frozen=True)
class Engines:
    """Private PostgreSQL, RabbitMQ and Redis; one password, new in each run, opens all of them."""

    postgres: Postgres
    rabbitmq: RabbitMQ
    redis: Redis

    @classmethod
    @asynccontextmanager
    async def start(cls, run: Path, *, fsync: bool = True) -> AsyncIterator["Engines"]:
        """Start all at once with their data below `run`; end them on the way out, whatever happened."""
        password = secrets.token_hex(8)
        engines = cls(Postgres(run, password, fsync=fsync), RabbitMQ(run, password), Redis(run, password))
        try:
            async with asyncio.TaskGroup() as group:
                for engine in engines.all():
                    group.create_task(engine.start())
            yield engines
        finally:
            await asyncio.gather(*(engine.discard() for engine in engines.all()))

    def all(self) -> tuple[Engine, ...]:
        """Each of them."""
        return (self.postgres, self.rabbitmq, self.redis)

    def children(self) -> list[Child]:
        """Their processes."""
        return [engine.child for engine in self.all()]
