"""Owns what happens to Redis."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Final

import redis.asyncio as client

from tests.faults.ground import Ground
from tests.faults.health import asked_in_vain, returned
from tests.faults.scenario import Scenario
from tests.faults.services import killed

AWAY: Final = 3.0
FREEZE: Final = 20.0
SLOW_FOR: Final = 10.0
OUT_OF_MEMORY: Final = 10.0
DELAY: Final = 0.3
"""Seconds by which each piece of data is late, either way: more than anybody waits for Redis."""
TIMES: Final = 8
AGAIN: Final = 0.5
"""How often Redis is emptied, or spoilt, and the seconds between two times."""
GARBAGE: Final = (b"\xff\x00garbage", b"garbage", b"", b"1 2 x", b'["x", "y"]', b'{"params": []}')
"""No text, no JSON, nothing, a call's ending that is none, JSON of other shapes: what readers must not believe."""


@contextlib.asynccontextmanager
async def _missed(ground: Ground, what: str) -> AsyncIterator[None]:
    """Somebody must ask Redis in vain as long as the block lasts, or the fault did not hit."""
    before = await asked_in_vain(ground)
    with ground.diary.moment("redis", what):
        yield
    if await asked_in_vain(ground) == before:
        ground.diary.accident(f"nobody missed Redis while {what}")


async def gone(ground: Ground) -> None:
    """Away for a while, and empty when it is back."""
    async with _missed(ground, "kill -9 of Redis"):
        await ground.engines.redis.kill()
        await asyncio.sleep(AWAY)
        await ground.engines.redis.start()


async def flushed(ground: Ground) -> None:
    """All is forgotten, again and again."""
    forgotten = 0
    with ground.diary.moment("redis", "Redis is emptied each half second"):
        async with client.from_url(ground.engines.redis.url) as connection:
            for _ in range(TIMES):
                forgotten += await connection.dbsize()
                await connection.flushdb()
                await asyncio.sleep(AGAIN)
    if not forgotten:
        ground.diary.accident("Redis held nothing that could be forgotten")


async def slow(ground: Ground) -> None:
    """It answers later than anybody waits."""
    async with _missed(ground, f"Redis is {DELAY} s late for {SLOW_FOR:.0f} s"):
        ground.lines.redis.delay = DELAY
        await asyncio.sleep(SLOW_FOR)
        ground.lines.redis.delay = 0.0


async def frozen(ground: Ground) -> None:
    """It stands still with all connections open."""
    async with _missed(ground, f"Redis is frozen for {FREEZE:.0f} s"):
        with ground.frozen(ground.engines.redis.child):
            await asyncio.sleep(FREEZE)


async def out_of_memory(ground: Ground) -> None:
    """It keeps nothing more, and goes on to answer."""
    async with (
        client.from_url(ground.engines.redis.url) as connection,
        _missed(ground, f"Redis has no memory left for {OUT_OF_MEMORY:.0f} s"),
    ):
        await connection.config_set("maxmemory-policy", "noeviction")
        await connection.config_set("maxmemory", 1)
        try:
            await asyncio.sleep(OUT_OF_MEMORY)
        finally:
            await connection.config_set("maxmemory", 0)


async def corrupted(ground: Ground) -> None:
    """What it holds is something else than was stored, when a sender comes to its place and has to ask."""
    with ground.diary.moment("redis", "each value in Redis is garbage"):
        async with asyncio.TaskGroup() as group:
            spoiling = group.create_task(_spoilt(ground))
            await asyncio.sleep(AGAIN)
            await killed(ground, "sender")
            await returned(ground)
    if not spoiling.result():
        ground.diary.accident("Redis held nothing that could be spoilt")


async def _spoilt(ground: Ground) -> int:
    """Spoil every value, each time in another way; returns how many there were."""
    spoilt, kinds = 0, itertools.cycle(GARBAGE)
    async with client.from_url(ground.engines.redis.url) as connection:
        for _ in range(2 * TIMES):
            async for key in connection.scan_iter():
                await connection.set(key, next(kinds), keepttl=True)
                spoilt += 1
            await asyncio.sleep(AGAIN)
    return spoilt


SCENARIOS: Final = (
    Scenario("kill-redis", "kill -9 of Redis, away for 3 s", gone),
    Scenario("flush-redis", "Redis is emptied each half second, for 4 s", flushed),
    Scenario("slow-redis", "Redis is 0.3 s late, for 10 s", slow),
    Scenario("freeze-redis", "Redis stands still for 20 s", frozen),
    Scenario("full-redis", "Redis has no memory left, for 10 s", out_of_memory),
    Scenario("corrupt-redis", "each value in Redis is garbage, for 8 s, in which a sender is killed", corrupted),
)
