"""Owns how the geo worker is put together; the only file here that names concrete classes.

All geo workers are ready, and one holds the right to ask geocoders: it alone takes from the queues. One that stops
on purpose gives back what waits, lets the request that is under way come to its end, and hands the right over.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from geo_worker.addresses import Addresses
from geo_worker.choice import Choice
from geo_worker.lookup import LIVE, PATIENCE, Lookup
from geo_worker.metrics import ACTIVE, WAITING
from geo_worker.providers import Providers
from geo_worker.requests import GeoRequestHandler
from geo_worker.settings import GeoSettings
from shared.broker import Link, heed_cancellation
from shared.cache import Cache
from shared.consume import Consumer
from shared.contracts import GEO_STATUS, GeoStatus, encode
from shared.database import PrimaryPool
from shared.errors import CacheUnavailable
from shared.lifecycle import DRAIN_SECONDS, Life
from shared.publisher import Publisher
from shared.remembered import place_of
from shared.topology import GEO_BACKFILL, GEO_BACKLOG, GEO_REQUESTS, GEO_TURN
from shared.turn import Turn

WINDOWS: Final = ((GEO_REQUESTS, LIVE + 200), (GEO_BACKLOG, 100), (GEO_BACKFILL, 100))
"""How many messages of each queue are held: room for new check-ins while the oldest make way for them."""
DEADLINE: Final = PATIENCE + 60.0
"""Seconds that a message may take: its patience, and what is to be done with the address."""
HEARTBEAT: Final = 5
"""Seconds: half of what others have. One that is frozen holds all that wait for an address, and another takes over when
the broker has given it up."""
STATUS_EVERY: Final = 2.0
STATUS_LIVES: Final = 10
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A geo worker's inside."""

    turn: Turn
    lookup: Lookup
    providers: Providers
    consumers: Sequence[Consumer]
    publisher: Publisher


@contextlib.asynccontextmanager
async def geo_worker(settings: GeoSettings, life: Life) -> AsyncIterator[None]:
    """Find addresses while it is our turn. Redis may be away: readiness does not ask it."""
    async with (
        contextlib.aclosing(Cache(settings.redis_url)) as cache,
        contextlib.aclosing(PrimaryPool(settings)) as pool,
    ):
        parts = _put_together(settings, cache, pool)
        for consumer in parts.consumers:
            await consumer.stop()
        control = Link(settings.rabbitmq_url, "geo_worker turn", [parts.publisher, parts.turn], HEARTBEAT)
        consuming = Link(settings.rabbitmq_url, "geo_worker consume", parts.consumers, HEARTBEAT)

        async def in_place() -> bool:
            """A standby waits for its turn; an active one is fed."""
            return parts.turn.settled and await consuming.answers()

        life.probes.require("rabbitmq", parts.publisher.answers)
        life.probes.require("turn", in_place)
        life.probes.require("postgresql", pool.answers)
        async with (
            contextlib.aclosing(parts.providers),
            life.running(control.run(), "control link"),
            life.running(consuming.run(), "consume link"),
            life.running(parts.lookup.run(), "lookup"),
            life.running(_tell(parts, cache), "status"),
        ):
            async with life.running(_follow(parts, consuming), "follow the turn"):
                yield
            await _leave(parts)


def _put_together(settings: GeoSettings, cache: Cache, pool: PrimaryPool) -> Parts:
    choice = Choice(changed=lambda chosen: providers.heed(chosen))  # noqa: PLW0108 - the providers are made from the turn, below
    turn = Turn(GEO_TURN, notes=choice)
    lookup = Lookup(Addresses(cache), Replies(cache), turn)
    providers = Providers(settings, turn, lookup.use)
    choice.clear()  # begin with what the settings say
    publisher = Publisher()
    handler = GeoRequestHandler(lookup, pool, publisher)
    consumers = [Consumer(queue, handler, publisher, prefetch=window, deadline=DEADLINE) for queue, window in WINDOWS]
    ACTIVE.set_function(lambda: float(turn.held))
    WAITING.set_function(lambda: lookup.waiting)
    return Parts(turn, lookup, providers, consumers, publisher)


async def _follow(parts: Parts, consuming: Link) -> None:
    """Take from the queues while it is our turn."""
    while True:
        await parts.turn.wait()
        for consumer in parts.consumers:
            await consumer.resume()
        await parts.turn.lost()
        for consumer in parts.consumers:
            await consumer.stop()
        parts.lookup.give_back()
        consuming.lose("the right to ask geocoders is another's")  # and with it everything in hand
        heed_cancellation()


async def _leave(parts: Parts) -> None:
    """Give back what waits, let what is under way come to its end, and hand over the right."""
    for consumer in parts.consumers:
        await consumer.stop()  # first: what is given back must come to the next worker, not to this one
    parts.lookup.give_back()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await asyncio.gather(*(consumer.drain(DRAIN_SECONDS) for consumer in parts.consumers), parts.lookup.idle())
    # A request that is still under way has no end that could be told: the next one waits as if we had died.
    await parts.turn.hand_over(lambda: None if parts.lookup.asks else b"")


async def _tell(parts: Parts, cache: Cache) -> None:
    """Say in Redis how it goes, while it is our turn."""
    while True:
        if parts.turn.held:
            status = GeoStatus(
                at=time.time(),
                circuits={provider.name: provider.circuit.state for provider in parts.lookup.providers},
                unstored=[one.name for one in parts.lookup.providers if not one.policy.stored],
                chosen_at=parts.providers.choice.given_at or None,
                problem=parts.providers.problem,
                waiting=parts.lookup.waiting,
            )
            with contextlib.suppress(CacheUnavailable):  # people see nothing of it for a while
                await cache.put(GEO_STATUS, encode(status).decode(), STATUS_LIVES)
        await asyncio.sleep(STATUS_EVERY)


class Replies:
    """Which replies have gone out, by what the sender remembers in Redis; without Redis, none that is known of."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def gone(self, keys: Sequence[str]) -> set[str]:
        """Those of the replies that are known to have gone out, or never will."""
        places = {place_of(key): key for key in keys}
        try:
            return {places[place] for place in await self._cache.which(list(places))}
        except CacheUnavailable:
            return set()
