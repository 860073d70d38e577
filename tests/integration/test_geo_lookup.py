"""Looking an address up, with a real Redis and a geocoder on loopback."""

import asyncio
import contextlib
import itertools
import random
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import h3
import pytest
import redis.asyncio
from aiohttp import web
from pydantic import SecretStr

from geo_worker.geocoders import GeocoderFailed, Policy
from geo_worker.geocoders.nominatim import Nominatim
from geo_worker.geocoders.photon import Photon
from geo_worker.lookup import KEPT, RESOLUTION, Lookup
from local.folders import LOGS
from local.ports import LOOPBACK, free_port
from local.redis import Redis
from shared.cache import Cache
from simulator.people import OFFICES
from tests.unit.geo_worker.geocoder_stand_in import (
    BAKU,
    NOMINATIM_BAKU,
    NOMINATIM_SEA,
    PHOTON_BAKU,
    PHOTON_SEA,
    SEA,
    StandIn,
    documented,
    stand_in,
    taking,
)

FAST = 1000.0
"""Requests a second, where a test is not about their pace; the lookup's guard of 50 ms still applies."""
NEAR_BAKU = (BAKU[0] + 0.0001, BAKU[1])
"""11 m to the north: another fourth decimal, the same cell."""
ADDRESS = NOMINATIM_BAKU["display_name"]
CELLS = [(40.40 + number / 100, 49.85) for number in range(5)]
"""A kilometre apart."""


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with stand_in(documented(NOMINATIM_BAKU, NOMINATIM_SEA)) as served:
        yield served


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[Cache]:
    async with contextlib.aclosing(Cache(SecretStr(redis_url))) as opened:
        yield opened


@pytest.fixture
async def nominatim(server: StandIn) -> AsyncIterator[Nominatim]:
    async with contextlib.aclosing(Nominatim(server.url, "it@example.az", FAST, 5.0)) as made:
        yield made


@pytest.fixture
def lookup(nominatim: Nominatim, cache: Cache) -> Lookup:
    return Lookup(nominatim, cache)


async def cached(redis_url: str) -> dict[str, str]:
    """All of Redis."""
    async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True) as client:
        return {key: str(await client.get(key)) async for key in client.scan_iter()}


async def fails(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


def test_the_two_points_of_these_tests_share_a_cell_and_the_five_do_not() -> None:
    assert h3.latlng_to_cell(*BAKU, RESOLUTION) == h3.latlng_to_cell(*NEAR_BAKU, RESOLUTION)
    assert len({h3.latlng_to_cell(*point, RESOLUTION) for point in CELLS}) == len(CELLS)


async def test_two_points_of_a_cell_asked_at_once_cost_one_request(lookup: Lookup, server: StandIn) -> None:
    found = await asyncio.gather(*(lookup.address(*point, "az") for point in (BAKU, NEAR_BAKU) * 10))
    assert found == [ADDRESS] * 20
    assert len(server.asked) == 1


async def test_the_second_time_redis_answers_in_any_process(
    lookup: Lookup, server: StandIn, nominatim: Nominatim, cache: Cache
) -> None:
    await lookup.address(*BAKU, "az")
    assert await lookup.address(*NEAR_BAKU, "az") == ADDRESS
    assert await Lookup(nominatim, cache).address(*NEAR_BAKU, "az") == ADDRESS
    assert len(server.asked) == 1


async def test_an_address_is_kept_for_a_day_and_no_longer(lookup: Lookup, redis_url: str) -> None:
    await lookup.address(*BAKU, "az")
    async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True) as client:
        (key,) = await client.keys()
        left = await client.ttl(key)
    assert KEPT == 24 * 3600
    assert KEPT - 60 < left <= KEPT


async def test_that_there_is_no_address_is_remembered_too(lookup: Lookup, server: StandIn, redis_url: str) -> None:
    assert await lookup.address(*SEA, "az") is None
    assert await lookup.address(*SEA, "az") is None
    assert len(server.asked) == 1
    assert list((await cached(redis_url)).values()) == [""]


async def test_languages_and_geocoders_do_not_share_addresses(
    lookup: Lookup, server: StandIn, cache: Cache, redis_url: str
) -> None:
    await lookup.address(*BAKU, "az")
    await lookup.address(*BAKU, "ru")
    assert [asked.query["accept-language"] for asked in server.asked] == ["az", "ru"]
    server.answer = documented(PHOTON_BAKU, PHOTON_SEA)
    async with contextlib.aclosing(Photon(server.url, FAST, 5.0)) as photon:
        assert (
            await Lookup(photon, cache).address(*BAKU, "az")
            == "Neftçilər prospekti 153, Səbail rayonu, Bakı, Azərbaycan"
        )
    cell = h3.latlng_to_cell(*BAKU, RESOLUTION)
    assert set(await cached(redis_url)) == {
        f"geo:nominatim:az:{cell}",
        f"geo:nominatim:ru:{cell}",
        f"geo:photon:az:{cell}",
    }


async def test_a_failure_reaches_all_who_wait_and_is_not_remembered(
    lookup: Lookup, server: StandIn, redis_url: str
) -> None:
    server.answer = fails
    found = await asyncio.gather(*(lookup.address(*BAKU, "az") for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in found] == [GeocoderFailed] * 5
    assert len(server.asked) == 1
    assert await cached(redis_url) == {}
    server.answer = documented(NOMINATIM_BAKU, NOMINATIM_SEA)
    assert await lookup.address(*BAKU, "az") == ADDRESS


async def test_who_gives_up_waiting_does_not_take_the_request_from_others(lookup: Lookup, server: StandIn) -> None:
    answer, go_on = server.answer, asyncio.Event()

    async def held(request: web.Request) -> web.StreamResponse:
        await go_on.wait()
        return await answer(request)

    server.answer = held
    impatient, patient = (asyncio.create_task(lookup.address(*BAKU, "az")) for _ in range(2))
    await server.arrival.wait()
    impatient.cancel()
    await asyncio.wait([impatient])
    go_on.set()
    assert await patient == ADDRESS
    assert impatient.cancelled()
    assert len(server.asked) == 1


async def test_without_redis_an_address_is_found_all_the_same(nominatim: Nominatim, server: StandIn) -> None:
    async with contextlib.aclosing(Cache(SecretStr(f"redis://{LOOPBACK}:{free_port()}/0"))) as nobody:
        lookup = Lookup(nominatim, nobody)
        assert await lookup.address(*BAKU, "az") == ADDRESS
        assert await lookup.address(*BAKU, "az") == ADDRESS
    assert len(server.asked) == 2


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
async def test_a_redis_that_goes_away_delays_an_address_by_milliseconds(
    nominatim: Nominatim, server: StandIn, tmp_path: Path, end: signal.Signals
) -> None:
    (tmp_path / LOGS).mkdir()
    own = Redis(tmp_path, "secret")
    await own.start()
    async with contextlib.aclosing(Cache(SecretStr(own.url))) as cache:
        lookup = Lookup(nominatim, cache)
        assert await lookup.address(*BAKU, "az") == ADDRESS
        assert await lookup.address(*BAKU, "az") == ADDRESS
        assert len(server.asked) == 1
        own.child.send(end)
        if end is signal.SIGKILL:
            await own.child.wait()
        began = time.monotonic()
        assert await lookup.address(*BAKU, "az") == ADDRESS
        assert time.monotonic() - began < 1.0
    assert len(server.asked) == 2
    await own.kill()


async def test_a_value_of_redis_that_is_no_text_is_not_believed(
    lookup: Lookup, server: StandIn, redis_url: str
) -> None:
    await lookup.address(*BAKU, "az")
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        (key,) = await client.keys()
        await client.set(key, b"\xff\xfe")
    assert await lookup.address(*BAKU, "az") == ADDRESS
    assert len(server.asked) == 2


async def test_requests_arrive_no_closer_than_the_rate_allows(server: StandIn, cache: Cache) -> None:
    async with contextlib.aclosing(Nominatim(server.url, "it@example.az", 10.0, 5.0)) as nominatim:
        lookup = Lookup(nominatim, cache)
        await asyncio.gather(*(lookup.address(*point, "az") for point in CELLS))
    arrivals = [asked.at for asked in server.asked]
    assert len(arrivals) == len(CELLS)
    assert min(later - earlier for earlier, later in itertools.pairwise(arrivals)) >= 0.1


async def test_failures_count_against_the_rate_too(server: StandIn, cache: Cache) -> None:
    server.answer = fails
    async with contextlib.aclosing(Nominatim(server.url, "it@example.az", 10.0, 5.0)) as nominatim:
        lookup = Lookup(nominatim, cache)
        for _ in range(4):
            with pytest.raises(GeocoderFailed):
                await lookup.address(*BAKU, "az")
    arrivals = [asked.at for asked in server.asked]
    assert len(arrivals) == 4
    assert min(later - earlier for earlier, later in itertools.pairwise(arrivals)) >= 0.1


async def test_nominatim_is_never_asked_two_things_at_once(server: StandIn, lookup: Lookup) -> None:
    server.answer = taking(0.15, server.answer)
    await asyncio.gather(*(lookup.address(*point, "az") for point in CELLS))
    assert len(server.asked) == len(CELLS)
    assert server.most_inside == 1


async def test_photon_may_be_asked_several_things_at_once(server: StandIn, cache: Cache) -> None:
    server.answer = taking(0.15, documented(PHOTON_BAKU, PHOTON_SEA))
    async with contextlib.aclosing(Photon(server.url, FAST, 5.0)) as photon:
        lookup = Lookup(photon, cache)
        await asyncio.gather(*(lookup.address(*point, "az") for point in CELLS))
    assert server.most_inside > 1


class Counting:
    """A geocoder that counts."""

    name = "counting"
    policy = Policy(parallel=8)

    def __init__(self) -> None:
        self.calls = 0

    async def reverse(self, latitude: float, longitude: float, language: str) -> str | None:
        del latitude, longitude, language
        self.calls += 1
        return "Bakı"

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("seed", range(3))
async def test_a_thousand_check_ins_at_five_offices_cost_fewer_than_60_requests(cache: Cache, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret: repeatable people
    points = [
        (office.latitude + chance.gauss(0, 15) / 111_320, office.longitude + chance.gauss(0, 15) / 85_000)
        for office in OFFICES[:5]
        for _ in range(200)
    ]
    geocoder = Counting()
    lookup = Lookup(geocoder, cache)
    found = await asyncio.gather(*(lookup.address(round(lat, 4), round(lon, 4), "az") for lat, lon in points))
    assert found == ["Bakı"] * 1000
    assert geocoder.calls < 60
