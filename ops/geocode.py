"""Owns `fleet geocode backfill`: has addresses looked up for places of past sessions that have none.

The database is the only memory: an event that has an address is not asked for, so a backfill that was interrupted is
run again with the same days. An event that is asked for twice gets the same address twice. The queue is kept short,
so that an interrupted backfill leaves little behind; nothing here grows with the number of days.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from ops.bulk import BulkPublisher, Keyed, bulk_publisher
from ops.database import connected
from ops.geo import listen
from ops.orders import Depth, OrderDesk, order_desk
from ops.places import Count, Event, Key, Span, addressed, count, plan
from ops.terminal import Refused
from shared.cache import Cache
from shared.contracts import EventRef, GeoRequest, GeoStatus
from shared.database import AWAY
from shared.errors import BrokerUnavailable
from shared.texts import language_of
from shared.topology import GEO_BACKFILL

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection
    from ops.settings import BackfillSettings

TICK: Final = 0.5
"""Seconds between two looks."""
MOST: Final = 600
"""Messages that wait in the queue at most, those included that are to be tried again."""
PORTION: Final = 100
"""Sessions that are looked at together; each has two places at most."""
WATCHED: Final = 3000
"""Events that are watched for their address: several times what waits and is in hand."""
QUIET: Final = 10.0
IN_HAND: Final = 60.0
"""Seconds in which nothing has changed, after which what is still without an address will stay so: when the geo worker
says that nothing waits, and when it says nothing or speaks of others' places. A request may be in its hand for long."""
RETRY: Final = 2.0
TRIES: Final = 90
"""Seconds after which an engine that went away is tried again, and how often without success."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen at one look.

    Attributes:
        total: places without an address when it began.
        asked: of them, those asked for.
        addressed: of those, the ones that have an address now.
        queue: what waits, of others too.
    """

    total: int
    asked: int
    addressed: int
    queue: Depth


@dataclass(frozen=True, slots=True)
class Filled:
    """How it ended: places without an address when it began, and now."""

    before: Count
    left: Count


class Watcher(Protocol):
    """Who looks on."""

    def see(self, seen: Seen) -> None:
        """How far it is, twice a second."""

    def away(self, problem: Exception) -> None:
        """An engine went away; it is tried again."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Connections that live, but for Redis's, which may be away."""

    db: "Connection"
    desk: OrderDesk
    publisher: BulkPublisher
    cache: Cache


@dataclass(slots=True)
class Backfill:
    """How far it is; outlives the connections.

    Attributes:
        after: the session after which the next portion begins; None: all are asked for.
        watched: events that are asked for and have no address yet, the newest.
        unwatched: whether some are watched no more, for there were too many.
    """

    span: Span
    before: Count
    after: Key | None
    asked: int = 0
    addressed: int = 0
    unwatched: bool = False
    watched: dict[Event, None] = field(default_factory=dict)

    async def run(self, ways: Ways, watcher: Watcher) -> None:
        """Ask until all are asked for and nothing of it changes any more."""
        loop = asyncio.get_running_loop()
        last, changed_at = None, loop.time()
        while True:
            seen = await self._step(ways)
            watcher.see(seen)
            if seen != last:
                last, changed_at = seen, loop.time()
            if self.after is None and await self._over(ways.cache, seen.queue, loop.time() - changed_at):
                return
            await asyncio.sleep(TICK)

    async def _over(self, cache: Cache, queue: Depth, still: float) -> bool:
        """Whether nothing of what is asked for will get an address any more."""
        if not self.watched and not self.unwatched:
            return True
        if queue.waiting or queue.later or still < QUIET:
            return False
        status = (await listen(cache, tries=1)).status
        return still >= IN_HAND if status is None else not status.waiting

    async def _step(self, ways: Ways) -> Seen:
        await self._look_after(ways.db)
        check((await listen(ways.cache, tries=1)).status)  # somebody may choose others meanwhile
        queue = await ways.desk.depth(GEO_BACKFILL)
        room, until = MOST - queue.waiting - queue.later, asyncio.get_running_loop().time() + TICK
        # An old span may have hardly a place that is asked for: it is passed quickly, but not without a look.
        while self.after is not None and room >= 2 * PORTION and asyncio.get_running_loop().time() < until:
            room -= await self._feed(ways)
        return Seen(self.before.points, self.asked, self.addressed, await ways.desk.depth(GEO_BACKFILL))

    async def _feed(self, ways: Ways) -> int:
        """Ask for the places of the next portion of sessions; returns how many."""
        page = await self.span.page(ways.db, self.after or self.span.first, PORTION)
        await ways.publisher.publish_keyed([_request(row) for row in page.places])
        self.after = page.last
        self.asked += len(page.places)
        self.watched |= {(row["user_id"], row["sent_at"], row["update_id"]): None for row in page.places}
        for event in list(islice(self.watched, max(0, len(self.watched) - WATCHED))):
            del self.watched[event]
            self.unwatched = True
        return len(page.places)

    async def _look_after(self, db: "Connection") -> None:
        if self.watched:
            for event in await addressed(db, self.watched):
                del self.watched[event]
                self.addressed += 1


def check(status: GeoStatus | None) -> None:
    """See that what is looked up would be stored; nothing can be said against it when nobody says anything.

    Raises:
        Refused: nothing would get an address.
    """
    if status is None:
        return
    if not status.circuits:
        raise Refused("geocoding is off, so nothing would get an address: `fleet geo use photon`, then run it again")
    if all(name in status.unstored for name in status.circuits):
        first = next(iter(status.circuits))
        raise Refused(
            f"{first} is in use, whose addresses must not be stored, so nothing would get one: "
            "`fleet geo use photon`, then run it again"
        )


async def backfill(settings: "BackfillSettings", since: date, until: date, watcher: Watcher) -> Filled:
    """Ask for the places of these working days, through restarts of the engines, and wait for what becomes of it.

    Raises:
        Refused: nothing would get an address, from the beginning or by now.
        OSError, BrokerUnavailable, asyncpg.PostgresError: an engine could not be reached at all, or not for minutes.
    """
    begun: Backfill | None = None
    failures = _Failures(watcher)
    while True:
        try:
            async with _ways(settings) as ways:
                if begun is None:
                    check((await listen(ways.cache)).status)
                    span, before = await plan(ways.db, since, until)
                    begun = Backfill(span, before, span.first if before.points else None)
                await begun.run(ways, failures)
                return Filled(begun.before, await count(ways.db, begun.span))
        except (*AWAY, BrokerUnavailable) as problem:
            if begun is None or failures.too_many():
                raise
            watcher.away(problem)
        await asyncio.sleep(RETRY)


class _Failures:
    """Passes on what is seen, and counts the failures since."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._number = 0

    def see(self, seen: Seen) -> None:
        self._number = 0
        self._watcher.see(seen)

    def away(self, problem: Exception) -> None:
        self._watcher.away(problem)

    def too_many(self) -> bool:
        self._number += 1
        return self._number >= TRIES


@contextlib.asynccontextmanager
async def _ways(settings: "BackfillSettings") -> AsyncIterator[Ways]:
    async with (
        connected(settings) as db,
        order_desk(settings.rabbitmq_url) as desk,
        bulk_publisher(settings.rabbitmq_url, GEO_BACKFILL.name) as publisher,
        contextlib.aclosing(Cache(settings.redis_url)) as cache,
    ):
        yield Ways(db, desk, publisher, cache)


def _request(row: "Record") -> Keyed:
    event = EventRef(row["user_id"], int(row["sent_at"].timestamp()), row["update_id"])
    request = GeoRequest(
        event=event,
        latitude=row["latitude"],
        longitude=row["longitude"],
        language=language_of(*row["languages"]),
    )
    return f"backfill:{event.user_id}:{event.sent_at}:{event.update_id}", request
