"""A company without offices, and a geocoder on loopback that keeps what it was asked."""

import asyncio
import contextlib
import itertools
import math
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import orjson
from aiohttp import web

from tests.integration.company import Company, Engines, company
from tests.unit.geo_worker.geocoder_stand_in import StandIn, stand_in

TWO_GEO_WORKERS: Mapping[str, int] = {"ingress": 1, "checkin_worker": 2, "geo_worker": 2, "sender": 2}


def place(request: web.Request) -> str:
    """An address that names the point."""
    return address(float(request.query["lat"]), float(request.query["lon"]))


def address(latitude: float, longitude: float) -> str:
    """What is there, to 11 m."""
    return f"Küçə {latitude:.4f} {longitude:.4f}, Bakı"


async def nominatim(request: web.Request) -> web.StreamResponse:
    """As Nominatim answers."""
    return web.Response(body=orjson.dumps({"display_name": place(request)}), content_type="application/json")


async def photon(request: web.Request) -> web.StreamResponse:
    """As Photon answers."""
    properties = {"street": place(request), "city": "Bakı", "country": "Azərbaycan"}
    answer = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": properties}]}
    return web.Response(body=orjson.dumps(answer), content_type="application/json")


async def broken(_request: web.Request) -> web.StreamResponse:
    """As anything answers that is broken."""
    return web.Response(status=500)


ANSWERS = {"nominatim": nominatim, "photon": photon}


@dataclass(frozen=True)
class Town:
    """A company, the geocoder that it asks, and when its day began."""

    office: Company
    geocoder: StandIn
    began: float

    def tell(self, what: str) -> None:
        """Say what happened and when, to whoever looks on (`pytest -s`)."""
        seconds = asyncio.get_running_loop().time() - self.began
        sys.stdout.write(
            f"{seconds:6.1f} s  {what}; {len(self.geocoder.asked)} requests, {self.least_gap:.3f} s apart at least\n"
        )

    @property
    def least_gap(self) -> float:
        """Seconds between the two requests that came closest to one another."""
        arrivals = sorted(asked.at for asked in self.geocoder.asked)
        return min((later - earlier for earlier, later in itertools.pairwise(arrivals)), default=math.inf)

    async def sessions(self) -> tuple[int, int]:
        """How many there are, and how many have an address."""
        row = await self.office.database.fetchrow("SELECT count(*), count(start_address) FROM sessions")
        assert row is not None
        return row[0], row[1]

    async def everybody_has_an_address(self, limit: float) -> None:
        """Wait until every session has its address."""
        everybody = len(self.office.crowd.employees)
        async with asyncio.timeout(limit):
            while await self.sessions() != (everybody, everybody):  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.2)

    async def is_addressed(self, user_id: int) -> None:
        """Wait until this person's session has its address."""
        query = "SELECT start_address FROM sessions WHERE user_id = $1"
        while await self.office.database.fetchval(query, user_id) is None:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)

    async def asked(self, times: int) -> None:
        """Wait until the geocoder was asked so often."""
        while len(self.geocoder.asked) < times:
            self.geocoder.arrival.clear()
            await self.geocoder.arrival.wait()

    async def takes_over(self, name: str) -> None:
        """Wait until this geo worker asks; another one may be frozen, which nobody can ask for its metrics."""
        while not await self.office.metric(name, "geo_active"):  # noqa: ASYNC110 - a metric tells nobody
            await asyncio.sleep(0.2)

    async def active_geo_worker(self) -> str:
        """The name of the geo worker that asks."""
        for name, service in self.office.fleet.services.items():
            if service.module == "geo_worker" and await self.office.metric(name, "geo_active"):
                return name
        raise LookupError("no geo worker is active")


@contextlib.asynccontextmanager
async def town(
    engines: Engines, employees: int, geocoder: str = "nominatim", counts: Mapping[str, int] = TWO_GEO_WORKERS
) -> AsyncIterator[Town]:
    """Open for business."""
    async with (
        stand_in(ANSWERS[geocoder]) as served,
        company(engines, employees, counts, GEOCODER=geocoder, GEOCODER_URL=served.url) as office,
    ):
        yield Town(office, served, asyncio.get_running_loop().time())
