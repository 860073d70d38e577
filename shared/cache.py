"""Owns the connection to Redis: answers within milliseconds or not at all, and a pause after it was away.

Nothing in Redis is needed for a check-in; losing it costs speed. So every command is bounded by 50 ms, none is tried
again, and after a failure Redis is left alone for a second: a frozen Redis adds 50 ms a second, not to every call.
What nobody waits for may have more patience: a machine that is busy for a moment is late for everything by more.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final, cast

import redis.asyncio
from pydantic import SecretStr
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shared.errors import CacheUnavailable
from shared.metrics import CACHE_FAILURES

TIMEOUT: Final = 0.05
PATIENT: Final = 1.0
"""Seconds for an answer: that somebody waits for, and that nobody does."""
LEFT_ALONE: Final = 1.0
"""Seconds."""
CONNECTIONS: Final = 8
"""redis-py opens one for each command under way; a burst that opens a thousand times out on all of them."""


class Cache:
    """Small values with an expiry, by key."""

    def __init__(self, url: SecretStr, timeout: float = TIMEOUT) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            url.get_secret_value(),
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._away_until = 0.0

    async def get(self, key: str) -> str | None:
        """The value, or None.

        Raises:
            CacheUnavailable: as of every method here, when Redis did not answer in time.
        """
        answer = await self._ask("GET", key)
        return answer if isinstance(answer, str) else None

    async def which(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that have a value."""
        if not keys:
            return set()
        values = await self._ask("MGET", *keys)
        return {key for key, value in zip(keys, cast("list[str | None]", values), strict=True) if value is not None}

    async def put(self, key: str, value: str, seconds: int) -> None:
        """Keep the value for that many seconds."""
        await self._ask("SET", key, value, "EX", seconds)

    async def answers(self) -> bool:
        """Whether Redis answers now."""
        try:
            await self._ask("PING")
        except CacheUnavailable:
            return False
        return True

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _ask(self, *command: str | int) -> object:
        async with self._connections:
            return await self._ask_now(*command)

    async def _ask_now(self, *command: str | int) -> object:
        if time.monotonic() < self._away_until:
            raise CacheUnavailable("Redis was away a moment ago")
        try:
            return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
        except (RedisError, OSError, TimeoutError, UnicodeDecodeError) as problem:
            self._away_until = time.monotonic() + LEFT_ALONE
            CACHE_FAILURES.inc()
            raise CacheUnavailable(f"{command[0]}: {problem!r}") from problem
