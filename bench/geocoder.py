"""Owns the geocoder of the bench: a Nominatim on loopback that takes its time and keeps when it was asked."""

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from local.ports import LOOPBACK


@dataclass
class Nominatim:
    """Answers after `seconds`; `asked` has the time of each request."""

    seconds: float
    url: str = ""
    asked: list[float] = field(default_factory=list)

    @property
    def least_gap(self) -> float:
        """Seconds between the two requests that came closest to one another."""
        return min((later - earlier for earlier, later in itertools.pairwise(self.asked)), default=math.inf)

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(time.monotonic())
        await asyncio.sleep(self.seconds)
        latitude, longitude = request.query["lat"], request.query["lon"]
        return web.json_response({"display_name": f"Küçə {latitude} {longitude}, Bakı, Azərbaycan"})


@asynccontextmanager
async def nominatim(seconds: float) -> AsyncIterator[Nominatim]:
    """Serve on a free port for the block."""
    served = Nominatim(seconds)
    application = web.Application()
    application.router.add_get("/reverse", served._answer)  # noqa: SLF001 - its own server
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    served.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}/reverse"
    try:
        yield served
    finally:
        await runner.cleanup()
