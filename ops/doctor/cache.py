"""Owns the check of Redis."""

import contextlib
from collections.abc import Sequence
from typing import Final

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ops.doctor.findings import EngineAway, Finding, ok, wrong
from ops.doctor.surroundings import Surroundings
from shared.settings import CacheSettings

TIMEOUT: Final = 4.0
OLDEST: Final = 7


async def cache(around: Surroundings) -> Sequence[Finding]:
    """Whether it answers, takes a write, and is new enough."""
    url = around.of(CacheSettings).redis_url.get_secret_value()
    client = redis.asyncio.Redis.from_url(
        url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0), decode_responses=True
    )
    async with contextlib.aclosing(client):
        try:
            told = await client.info("server")
            await client.set("fleet-doctor", "1", ex=1)
        except (RedisError, OSError, TimeoutError) as problem:
            raise EngineAway(f"Redis does not answer: {type(problem).__name__}: {problem}") from problem
    return [judge(str(told.get("redis_version", "")), str(told.get("valkey_version", "")))]


def judge(redis_version: str, valkey_version: str = "") -> Finding:
    """Whether the server is new enough; Valkey says beside its own version the Redis that it is like."""
    said = f"Valkey {valkey_version}" if valkey_version else f"Redis {redis_version}"
    if int(redis_version.partition(".")[0] or 0) < OLDEST:
        return wrong(f"{said} is older than {OLDEST}", f"upgrade to Redis {OLDEST}, or Valkey")
    return ok(f"{said} answers, and takes writes")
