"""Redis answers within milliseconds or is left alone; nobody waits for it."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from local.redis import Redis
from shared.cache import LEFT_ALONE, TIMEOUT, Cache
from shared.errors import CacheUnavailable
from tests.integration.broker_side import until

SLOW = 1.0
"""Seconds, generous: what 50 ms may become on a busy machine; a frozen Redis would take for ever."""


@pytest.fixture(scope="module")
async def server(run: Path) -> AsyncIterator[Redis]:
    """A Redis to freeze and to kill."""
    folder = run / "own-redis"
    folder.mkdir()
    redis = Redis(folder, "secret")
    try:
        await redis.start()
        yield redis
    finally:
        redis.child.send(signal.SIGCONT)
        await redis.discard()


@pytest.fixture
async def cache(server: Redis) -> AsyncIterator[Cache]:
    """An empty cache."""
    opened = Cache(SecretStr(await server.flushed(0)))
    yield opened
    await opened.aclose()


async def test_a_value_is_there_until_it_expires_or_is_replaced(cache: Cache) -> None:
    assert await cache.get("k") is None
    await cache.put("k", "Nizami küç. 10", 60)
    assert await cache.get("k") == "Nizami küç. 10"
    await cache.put("k", "Nizami küç. 12", 60)
    assert await cache.get("k") == "Nizami küç. 12"


async def test_a_value_expires(cache: Cache) -> None:
    await cache.put("k", "v", 1)

    async def gone() -> bool:
        return await cache.get("k") is None

    assert not await gone()
    await until(gone)


async def test_a_burst_of_a_thousand_is_answered(cache: Cache) -> None:
    async def answered() -> bool:
        try:
            await asyncio.gather(*(cache.put(str(n), str(n), 60) for n in range(1000)))
            return await asyncio.gather(*(cache.get(str(n)) for n in range(1000))) == [str(n) for n in range(1000)]
        except CacheUnavailable:  # a machine that stood still for as long as a call may take
            return False

    await until(answered)


async def test_bytes_that_are_no_text_are_unavailable_and_nothing_worse(cache: Cache, server: Redis) -> None:
    from redis.asyncio import Redis as Client  # noqa: PLC0415 - the client, beside the server of the same name

    async with Client.from_url(server.url) as client:
        await client.set("k", b"\xff\xfe")
        await client.lpush("list", "x")
    with pytest.raises(CacheUnavailable):
        await cache.get("k")


async def test_a_frozen_redis_costs_milliseconds_then_nothing_for_a_second_and_comes_back(
    cache: Cache, server: Redis
) -> None:
    await cache.put("k", "v", 60)
    server.child.send(signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(CacheUnavailable, match="GET"):
            await cache.get("k")
        asked = time.monotonic()
        assert TIMEOUT * 0.9 < asked - began < SLOW
        with pytest.raises(CacheUnavailable, match="a moment ago"):
            await cache.get("k")
        assert time.monotonic() - asked < TIMEOUT
        assert not await cache.answers()
    finally:
        server.child.send(signal.SIGCONT)
    await until(cache.answers)
    assert time.monotonic() - asked >= LEFT_ALONE * 0.9
    assert await cache.get("k") == "v"


async def test_a_hundred_calls_at_a_frozen_redis_do_not_wait_for_each_other(cache: Cache, server: Redis) -> None:
    await cache.put("k", "v", 60)
    server.child.send(signal.SIGSTOP)
    try:
        began = time.monotonic()
        ends = await asyncio.gather(*(cache.get("k") for _ in range(100)), return_exceptions=True)
        assert time.monotonic() - began < SLOW
    finally:
        server.child.send(signal.SIGCONT)
    assert {type(end) for end in ends} == {CacheUnavailable}


async def test_a_redis_that_is_away_is_unavailable_and_its_return_is_noticed(cache: Cache, server: Redis) -> None:
    await server.kill()
    assert not await cache.answers()
    for work in (cache.get("k"), cache.put("k", "v", 1)):
        with pytest.raises(CacheUnavailable):
            await work
    await server.start()
    await until(cache.answers)
    await cache.put("k", "v", 60)
    assert await cache.get("k") == "v"
