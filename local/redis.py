"""Owns the private Redis: without persistence, since what the fleet keeps there may be lost.

That costs speed, and what the sender knows of calls under way and of silences: `sender.places`, `sender.silences`.
"""

from contextlib import suppress
from typing import ClassVar

import redis.asyncio as client
from redis.exceptions import RedisError

from local import binaries
from local.engine import Engine
from local.ports import LOOPBACK
from local.processes import Program

DATABASES = 64


class Redis(Engine):
    """A Redis with logical databases 0 to DATABASES - 1."""

    name: ClassVar[str] = "redis"

    @property
    def url(self) -> str:
        """Logical database 0."""
        return self.database_url(0)

    def database_url(self, number: int) -> str:
        """One logical database."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/{number}"

    async def prepare(self) -> None:
        """Write the configuration."""
        config = self.folder / "redis.conf"
        config.touch(mode=0o600)
        config.write_text(
            f"bind {LOOPBACK}\n"
            f"port {self.port}\n"
            f"requirepass {self.password}\n"
            f'dir "{self.folder}"\n'
            f"databases {DATABASES}\n"
            'save ""\n'
            "appendonly no\n"
            "daemonize no\n"
        )

    def program(self) -> Program:
        """Redis in the foreground."""
        return Program(
            name=self.name,
            argv=(binaries.redis_server(), str(self.folder / "redis.conf")),
            env=self.plain_environment(),
            log=self.log,
        )

    async def answers(self) -> bool:
        """Whether it says PONG."""
        with suppress(RedisError, OSError):
            async with client.from_url(self.url, socket_timeout=2) as connection:
                return bool(await connection.ping())
        return False

    async def flushed(self, number: int) -> str:
        """Empty one logical database; returns its address."""
        url = self.database_url(number)
        async with client.from_url(url) as connection:
            await connection.flushdb()
        return url
