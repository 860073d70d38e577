"""Owns how the geo worker is put together; the only file here that names concrete classes."""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from geo_worker.geocoders import Geocoder
from geo_worker.geocoders.nominatim import Nominatim
from geo_worker.geocoders.offline import Offline
from geo_worker.geocoders.photon import Photon
from geo_worker.lookup import Lookup
from geo_worker.requests import GeoRequestHandler
from geo_worker.settings import GeoSettings
from shared.broker import Link
from shared.cache import Cache
from shared.consume import Consumer
from shared.database import PrimaryPool
from shared.lifecycle import DRAIN_SECONDS, Life
from shared.publisher import Publisher
from shared.topology import GEO_REQUESTS

PREFETCH: Final = 20
DEADLINE: Final = 60.0
"""Requests in hand, and seconds each may take: at one request a second the last of them waits for twenty."""


def geocoder(settings: GeoSettings) -> Geocoder | None:
    """The geocoder that the settings name; None where geocoding is off."""
    if not settings.geocoding:
        return None
    if settings.geocoder == "nominatim" and settings.geocoder_contact:
        return Nominatim(
            settings.geocoder_url, settings.geocoder_contact, settings.geocoder_rate, settings.geocoder_timeout
        )
    if settings.geocoder == "photon" and settings.geocoder_url:
        return Photon(settings.geocoder_url, settings.geocoder_rate, settings.geocoder_timeout)
    return Offline()


@contextlib.asynccontextmanager
async def geo_worker(settings: GeoSettings, life: Life) -> AsyncIterator[None]:
    """Find addresses; on leaving, what is in hand is finished first. Redis may be away: readiness does not ask it."""
    async with contextlib.AsyncExitStack() as stack:
        cache = await stack.enter_async_context(contextlib.aclosing(Cache(settings.redis_url)))
        pool = await stack.enter_async_context(contextlib.aclosing(PrimaryPool(settings)))
        asked = geocoder(settings)
        if asked is not None:
            await stack.enter_async_context(contextlib.aclosing(asked))
        lookup = Lookup(asked, cache) if asked else None
        attribution = asked.policy.attribution if asked else ""
        publisher = Publisher()
        consumer = Consumer(
            GEO_REQUESTS,
            GeoRequestHandler(lookup, attribution, pool, publisher),
            publisher,
            prefetch=PREFETCH,
            deadline=DEADLINE,
        )
        publishing = Link(settings.rabbitmq_url, "geo_worker publish", [publisher])
        consuming = Link(settings.rabbitmq_url, "geo_worker consume", [consumer])
        life.probes.require("rabbitmq publish", publishing.answers)
        life.probes.require("rabbitmq consume", consuming.answers)
        life.probes.require("postgresql", pool.answers)
        async with life.running(publishing.run(), "publish link"), life.running(consuming.run(), "consume link"):
            yield
            await consumer.drain(DRAIN_SECONDS)
