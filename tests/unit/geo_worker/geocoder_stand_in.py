"""A geocoder's stand-in: a real HTTP server on loopback that keeps what it was asked and answers what a test says."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from aiohttp import web

LOOPBACK = "127.0.0.1"
BAKU = (40.3717, 49.8505)
SEA = (40.0, 51.5)
"""The middle of the Caspian Sea, 100 km from any town."""

NOMINATIM_BAKU = {
    "place_id": 249870313,
    "licence": "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright",
    "osm_type": "way",
    "osm_id": 106431523,
    "lat": "40.3717321",
    "lon": "49.8504988",
    "category": "building",
    "type": "yes",
    "place_rank": 30,
    "importance": 0.00000999,
    "addresstype": "building",
    "name": "",
    "display_name": "153, Neftçilər prospekti, Səbail rayonu, Bakı, AZ1010, Azərbaycan",
    "address": {"house_number": "153", "road": "Neftçilər prospekti", "city": "Bakı", "country_code": "az"},
    "boundingbox": ["40.3716", "40.3719", "49.8503", "49.8507"],
}
NOMINATIM_SEA = {"error": "Unable to geocode"}
PHOTON_BAKU = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {
                "osm_type": "W",
                "osm_id": 106431523,
                "osm_key": "building",
                "osm_value": "yes",
                "type": "house",
                "countrycode": "AZ",
                "postcode": "AZ1010",
                "housenumber": "153",
                "street": "Neftçilər prospekti",
                "district": "Səbail rayonu",
                "city": "Bakı",
                "country": "Azərbaycan",
                "extent": [49.8503, 40.3719, 49.8507, 40.3716],
            },
            "geometry": {"type": "Point", "coordinates": [49.8504988, 40.3717321]},
        }
    ],
}
PHOTON_SEA: dict[str, object] = {"type": "FeatureCollection", "features": []}


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
        return await json_of(sea if float(request.query["lon"]) > 51.0 else baku)(request)

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
