"""Owns what happens to Redis."""

import asyncio
from typing import Final

import redis.asyncio as client

from tests.faults.ground import Ground
from tests.faults.scenario import Scenario

AWAY: Final = 3.0
FREEZE: Final = 20.0
SLOW_FOR: Final = 10.0
DELAY: Final = 0.3
"""Seconds by which each piece of data is late, either way: more than anybody waits for Redis."""


async def killed(ground: Ground) -> None:
    """Away for a while, and empty when it is back."""
    with ground.diary.moment("redis", "kill -9 of Redis"):
        await ground.engines.redis.kill()
        await asyncio.sleep(AWAY)
        await ground.engines.redis.start()


async def flushed(ground: Ground) -> None:
    """All is forgotten, again and again."""
    with ground.diary.moment("redis", "Redis is emptied each half second"):
        for _ in range(8):
            await ground.engines.redis.flushed(0)
            await asyncio.sleep(0.5)


async def slow(ground: Ground) -> None:
    """It answers later than anybody waits."""
    with ground.diary.moment("redis", f"Redis is {DELAY} s late for {SLOW_FOR:.0f} s"):
        ground.lines.redis.delay = DELAY
        await asyncio.sleep(SLOW_FOR)
        ground.lines.redis.delay = 0.0


async def frozen(ground: Ground) -> None:
    """It stands still with all connections open."""
    what = f"Redis is frozen for {FREEZE:.0f} s"
    with ground.diary.moment("redis", what), ground.frozen(ground.engines.redis.child):
        await asyncio.sleep(FREEZE)


async def corrupted(ground: Ground) -> None:
    """What it holds is something else than was stored."""
    with ground.diary.moment("redis", "each value in Redis is garbage"):
        spoilt = 0
        async with client.from_url(ground.engines.redis.url) as connection:
            for _ in range(8):
                async for key in connection.scan_iter():
                    await connection.set(key, b"\xff\x00garbage", keepttl=True)
                    spoilt += 1
                await asyncio.sleep(0.5)
        if not spoilt:
            ground.diary.accident("Redis held nothing that could be spoilt")


SCENARIOS: Final = (
    Scenario("kill-redis", "kill -9 of Redis, away for 3 s", killed),
    Scenario("flush-redis", "Redis is emptied each half second, for 4 s", flushed),
    Scenario("slow-redis", "Redis is 0.3 s late, for 10 s", slow),
    Scenario("freeze-redis", "Redis stands still for 20 s", frozen),
    Scenario("corrupt-redis", "each value in Redis is garbage, for 4 s", corrupted),
)
