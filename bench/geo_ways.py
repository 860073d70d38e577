"""Owns the ways to an address that `bench.geo` compares: how a bot usually does it, and the fleet.

The usual way runs in the bench's own process and FASTER times as fast as life, geocoder and all, or it would take a
quarter of an hour; its figures are told as if at one request a second. The fleet runs as in `make demo`, in real time.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import asyncpg
from aiolimiter import AsyncLimiter
from redis.asyncio import BlockingConnectionPool, Redis

from bench.geocoder import nominatim
from local.command import operate
from local.engines import Engines
from local.fleet import plan
from local.ports import LOOPBACK
from local.processes import ChildFailedError
from local.stage import Stage, started
from simulator.crowd import Crowd
from simulator.gps import Point
from simulator.server import Simulator

ANSWERS_AFTER: Final = 0.1
"""Seconds that the geocoder takes."""
FASTER: Final = 20
GIVES_UP: Final = 180.0
GLANCE: Final = 0.1
"""Seconds between two looks at the database."""


@dataclass(frozen=True, slots=True)
class Morning:
    """What came of one way: requests, and seconds until the first, half and all of the people had their address."""

    people: int
    requests: int
    first: float
    half: float
    last: float
    least_gap: float


@dataclass(frozen=True, slots=True)
class Usual:
    """A cache by coordinates and AsyncLimiter(1, 1); who finds nothing there asks."""

    url: str
    cache: Redis
    http: aiohttp.ClientSession
    limiter: AsyncLimiter

    async def address(self, point: Point, language: str) -> float:
        """Find it; returns when it was there."""
        key = f"{point[0]},{point[1]},{language}"
        if await self.cache.get(key) is None:
            async with self.limiter:
                query = {"lat": str(point[0]), "lon": str(point[1]), "accept-language": language}
                async with self.http.get(self.url, params=query) as response:
                    await self.cache.set(key, (await response.json())["display_name"], ex=86400)
        return time.monotonic()


async def usual(people: Sequence[tuple[Point, str]], engines: Engines) -> Morning:
    """Everybody at once, the usual way."""
    connections = BlockingConnectionPool.from_url(await engines.redis.flushed(0), max_connections=8, timeout=None)
    async with (
        nominatim(ANSWERS_AFTER / FASTER) as served,
        Redis.from_pool(connections) as cache,
        aiohttp.ClientSession() as http,
    ):
        way = Usual(served.url, cache, http, AsyncLimiter(1, 1 / FASTER))
        began = time.monotonic()
        ends = sorted(await asyncio.gather(*(way.address(point, language) for point, language in people)))
        first, half, last = ((ends[at] - began) * FASTER for at in (0, len(ends) // 2, -1))
        return Morning(len(people), len(served.asked), first, half, last, served.least_gap * FASTER)


async def ours(people: int, ready: Stage, *, offices: bool) -> Morning:
    """Everybody at once through the fleet; `offices`: whether these are registered."""
    services = plan({"ingress": 1, "checkin_worker": 2, "geo_worker": 2, "sender": 2})
    ingress = next(service for service in services if service.module == "ingress")
    async with nominatim(ANSWERS_AFTER) as served, Simulator() as telegram:
        environment = {
            **ready.environment,
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_WEBHOOK_URL": f"http://{LOOPBACK}:{ingress.http_port}/webhook",
            "GEOCODER_URL": served.url,
        }
        crowd = Crowd(telegram, employees=people)
        if offices:
            for office in crowd.offices:
                at = f"{office.latitude},{office.longitude}"
                words = ("office", "add", office.name, "--at", at, "--address", office.address)
                await operate(*words, environment=environment, logs=ready.logs)
        async with started(Stage(ready.run, ready.engines, environment), services):
            await operate("webhook", "apply", environment=environment, logs=ready.logs)
            await crowd.everyone_checks_in()
            times = await _addressed(people, ready.database_url)
            first, half, last = times[0], times[people // 2], times[-1]
            return Morning(people, len(served.asked), first, half, last, served.least_gap)


async def _addressed(people: int, database_url: str) -> list[float]:
    """Seconds after which the first, the second, ... session had its address."""
    times: list[float] = []
    began = time.monotonic()
    database = await asyncpg.connect(database_url)
    try:
        while len(times) < people:
            if time.monotonic() > began + GIVES_UP:
                raise ChildFailedError(f"after {GIVES_UP:.0f} s only {len(times)} of {people} sessions had an address")
            addressed = await database.fetchval("SELECT count(start_address) FROM sessions")
            times += [time.monotonic() - began] * (addressed - len(times))
            await asyncio.sleep(GLANCE)
    finally:
        await database.close()
    return times
