"""Owns finding an address with as few requests as possible: by cell, through the cache, one request a cell at a time.

GPS jitters by 10 to 20 m, so a cache keyed by coordinates never hits; H3 cells of resolution 10 (edges of 76 m) do.
The limiter is per process. The queue feeds one geo worker at a time, so it is the fleet's but for a hand-over, when the
old one may still have a request under way.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import Final, Protocol

import h3
from aiolimiter import AsyncLimiter

from geo_worker.geocoders import Geocoder, GeocoderFailed
from geo_worker.metrics import GEOCODER_SECONDS, LOOKUPS
from shared.errors import CacheUnavailable

RESOLUTION: Final = 10
KEPT: Final = 24 * 3600
"""Seconds an address is cached."""
GUARD: Final = 0.05
"""Seconds added between requests, so that jitter on the way does not bring two within the geocoder's interval."""


class AddressCache(Protocol):
    """What the lookup needs of Redis; a failure is `CacheUnavailable`, and the lookup goes on without."""

    async def get(self, key: str) -> str | None:
        """The value, or None."""

    async def put(self, key: str, value: str, seconds: int) -> None:
        """Keep the value that long."""


@dataclass(slots=True)
class _Search:
    task: asyncio.Task[str | None]
    waiters: int = 0


class Lookup:
    """Finds addresses through one geocoder, keeping to its policy."""

    def __init__(self, geocoder: Geocoder, cache: AddressCache) -> None:
        self._geocoder = geocoder
        self._cache = cache
        rate = geocoder.policy.rate
        self._limiter = AsyncLimiter(1, 1 / rate + GUARD) if rate else None
        self._parallel = asyncio.Semaphore(geocoder.policy.parallel)
        self._under_way: dict[str, _Search] = {}

    async def address(self, latitude: float, longitude: float, language: str) -> str | None:
        """The address of the point's cell; None where there is none.

        Raises:
            GeocoderFailed: it is not in the cache and the geocoder failed.
        """
        cell = h3.latlng_to_cell(latitude, longitude, RESOLUTION)
        key = f"geo:{self._geocoder.name}:{language}:{cell}"
        if (search := self._under_way.get(key)) is not None:
            LOOKUPS.labels("shared").inc()
        else:
            search = _Search(asyncio.create_task(self._find(key, latitude, longitude, language), name=key))
            self._under_way[key] = search
            search.task.add_done_callback(lambda _task: self._under_way.pop(key, None))
        search.waiters += 1
        try:
            return await asyncio.shield(search.task)
        finally:
            search.waiters -= 1
            if not search.waiters:
                search.task.cancel()  # nobody waits any more: somebody else was given the work

    async def _find(self, key: str, latitude: float, longitude: float, language: str) -> str | None:
        with contextlib.suppress(CacheUnavailable):  # fails open: asked again, a little slower
            if (known := await self._cache.get(key)) is not None:
                LOOKUPS.labels("cache").inc()
                return known or None
        try:
            address = await self._ask(latitude, longitude, language)
        except GeocoderFailed:
            LOOKUPS.labels("failed").inc()
            raise
        LOOKUPS.labels("geocoder").inc()
        with contextlib.suppress(CacheUnavailable):  # fails open
            await self._cache.put(key, address or "", KEPT)
        return address

    async def _ask(self, latitude: float, longitude: float, language: str) -> str | None:
        async with self._parallel:
            if self._limiter is not None:
                await self._limiter.acquire()
            started = time.monotonic()
            try:
                return await self._geocoder.reverse(latitude, longitude, language)
            finally:
                GEOCODER_SECONDS.observe(time.monotonic() - started)
