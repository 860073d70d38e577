"""A geocoder's stand-in: a real HTTP server on loopback that keeps what it was asked and answers what a test says."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from tests.unit.geo_worker.geocoder_answers import (
    BAKU,
    NOMINATIM_BAKU,
    NOMINATIM_SEA,
    PHOTON_BAKU,
    PHOTON_SEA,
    SEA,
)

__all__ = [
    "BAKU",
    "LOOPBACK",
    "NOMINATIM_BAKU",
    "NOMINATIM_SEA",
    "PHOTON_BAKU",
    "PHOTON_SEA",
    "SEA",
    "Answer",
    "Asked",
    "StandIn",
    "documented",
    "json_of",
    "stand_in",
    "taking",
]

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    at: float
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class StandIn:
    """`answer` may be replaced at any time; `never` is an event that is set only when the server ends."""

    answer: Answer
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    inside: int = 0
    most_inside: int = 0
    arrival: asyncio.Event = field(default_factory=asyncio.Event)
    never: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name: request.headers[name] for name in request.headers}
        self.asked.append(Asked(time.monotonic(), request.path, dict(request.query), headers))
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.arrival.set()
        try:
            return await self.answer(request)
        finally:
            self.inside -= 1


def json_of(value: object) -> Answer:
    """Answer 200 with this value."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=orjson.dumps(value), content_type="application/json")

    return answer


def documented(baku: object, sea: object) -> Answer:
    """Answer as the documentation says, by whether the point is on land."""

    async def answer(request: web.Request) -> web.StreamResponse:
        asked = request.query
        longitude = asked.get("lon") or asked.get("longitude") or asked["latlng"].partition(",")[2]
        return await json_of(sea if float(longitude) > 51.0 else baku)(request)

    return answer


def taking(seconds: float, answer: Answer) -> Answer:
    """A geocoder that needs this long for its answer."""

    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await answer(request)

    return slow


@asynccontextmanager
async def stand_in(answer: Answer) -> AsyncIterator[StandIn]:
    """Serve on a free port while the block runs."""
    served = StandIn(answer)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", served.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    served.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}/reverse"
    try:
        yield served
    finally:
        served.never.set()
        await runner.cleanup()
