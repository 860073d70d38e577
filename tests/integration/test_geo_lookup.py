"""Looking an address up, with a real Redis that comes and goes, and a real HTTP server for a geocoder."""

import asyncio
import contextlib
import itertools
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio
from pydantic import SecretStr

from geo_worker.addresses import Addresses, cell_of
from geo_worker.app import Replies
from geo_worker.geocoders.nominatim import Nominatim
from geo_worker.lookup import Lookup, Question
from geo_worker.pace import Pace
from geo_worker.provider import Provider
from local.folders import LOGS
from local.ports import LOOPBACK, free_port
from local.redis import Redis
from shared.cache import Cache
from shared.remembered import place_of
from tests.unit.geo_worker.geocoder_answers import BAKU, NOMINATIM_BAKU, NOMINATIM_SEA
from tests.unit.geo_worker.geocoder_stand_in import StandIn, documented, stand_in, taking
from tests.unit.geo_worker.lookup_room import NEAR_BAKU, Right, place

ADDRESS = NOMINATIM_BAKU["display_name"]


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with stand_in(documented(NOMINATIM_BAKU, NOMINATIM_SEA)) as served:
        yield served


@contextlib.asynccontextmanager
async def asking(server: StandIn, redis_url: str, rate: float = 1000.0) -> AsyncIterator[Lookup]:
    """A lookup of a process of its own, which has the right to ask."""
    async with (
        contextlib.aclosing(Cache(SecretStr(redis_url))) as cache,
        contextlib.aclosing(Nominatim(server.url, "it@example.az", rate, 5.0)) as nominatim,
    ):
        right = Right()
        lookup = Lookup(Addresses(cache), Replies(cache), right, [Provider(nominatim, Pace(nominatim.policy, right))])
        running = asyncio.create_task(lookup.run())
        try:
            yield lookup
        finally:
            running.cancel()
            await asyncio.wait([running])


async def address(lookup: Lookup, point: tuple[float, float] = BAKU) -> str | None:
    found = await lookup.address(Question(*point, "az"))
    return found.address if found else None


async def test_what_one_process_asked_another_finds_in_redis_for_a_day_and_another(
    server: StandIn, redis_url: str
) -> None:
    async with asking(server, redis_url) as lookup:
        assert await address(lookup) == ADDRESS
    async with asking(server, redis_url) as another:
        assert await address(another, NEAR_BAKU) == ADDRESS
    assert len(server.asked) == 1
    async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True) as client:
        (key,) = await client.keys()
        left = await client.ttl(key)
    assert key == f"geo:nominatim:az:{cell_of(*BAKU)}"
    assert 1.7 * 86400 < left <= 2 * 86400


async def test_bytes_that_are_no_text_are_not_believed(server: StandIn, redis_url: str) -> None:
    async with asking(server, redis_url) as lookup:
        await address(lookup)
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        (key,) = await client.keys()
        await client.set(key, b"\xff\xfe")
    async with asking(server, redis_url) as another:
        assert await address(another) == ADDRESS
    assert len(server.asked) == 2


async def test_a_redis_that_is_not_there_costs_nothing_but_a_request_for_each_process(server: StandIn) -> None:
    nowhere = f"redis://{LOOPBACK}:{free_port()}/0"
    for _ in range(2):
        async with asking(server, nowhere) as lookup:
            assert await address(lookup) == ADDRESS
            assert await address(lookup, NEAR_BAKU) == ADDRESS
    assert len(server.asked) == 2


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
async def test_a_redis_that_goes_away_delays_an_address_by_milliseconds_and_is_used_again_when_it_is_back(
    server: StandIn, tmp_path: Path, end: signal.Signals
) -> None:
    (tmp_path / LOGS).mkdir()
    own = Redis(tmp_path, "secret")
    await own.start()
    async with asking(server, own.url) as lookup:
        await address(lookup)
        own.child.send(end)
        if end is signal.SIGKILL:
            await own.child.wait()
        began = time.monotonic()
        assert await address(lookup, place(1)) == ADDRESS
        assert time.monotonic() - began < 1.0
        if end is signal.SIGKILL:
            await own.start()
        else:
            own.child.send(signal.SIGCONT)
        async with redis.asyncio.Redis.from_url(own.url) as client:
            for number in itertools.count(2):
                await address(lookup, place(number))
                if await client.exists(f"geo:nominatim:az:{cell_of(*place(number))}"):
                    break
                await asyncio.sleep(0.1)
    await own.kill()


async def test_requests_arrive_a_pause_after_the_answer_before_and_never_two_at_once(
    server: StandIn, redis_url: str
) -> None:
    server.answer = taking(0.05, server.answer)
    async with asking(server, redis_url, rate=10.0) as lookup:
        await asyncio.gather(*(address(lookup, place(number)) for number in range(5)))
    arrivals = [asked.at for asked in server.asked]
    assert len(arrivals) == 5
    assert min(later - earlier for earlier, later in itertools.pairwise(arrivals)) >= 0.15
    assert server.most_inside == 1


async def test_whether_a_reply_has_gone_out_is_what_the_sender_left_in_redis(redis_url: str) -> None:
    async with contextlib.aclosing(Cache(SecretStr(redis_url))) as cache:
        await cache.put(place_of("700:0"), "4711 1795471200.250 0.0", 60)
        replies = Replies(cache)
        assert await replies.gone(["700:0", "701:0"]) == {"700:0"}
        assert await replies.gone([]) == set()
    async with contextlib.aclosing(Cache(SecretStr(f"redis://{LOOPBACK}:{free_port()}/0"))) as nobody:
        assert await Replies(nobody).gone(["700:0"]) == set()
