"""Owns the way of a geo request: the address to the reply first (a person waits for it), then to the book.

The address of a geocoder whose terms forbid storing it goes to the reply alone, and nothing quotes it.
"""

import time
from typing import Final

from structlog.contextvars import bind_contextvars

from geo_worker.geocoders import GeocoderFailed
from geo_worker.lookup import Lookup, Question
from geo_worker.pace import NotOurTurn
from geo_worker.searches import Found, Level, Overtaken
from shared import tracing
from shared.contracts import GeoRequest, OutboundCall, decode, encode
from shared.database import PrimaryPool
from shared.delivery import Delivery, Done, Retry, Return, Verdict
from shared.publisher import Headers, Publisher
from shared.together import Scattered, Together
from shared.topology import ENRICHMENT, GEO_BACKFILL, GEO_BACKLOG

# The check-in worker folds events into sessions under this lock (checkin_worker/inbox.py): with it, an address cannot
# fall between the fold's reading and its writing.
LOCK: Final = "SELECT pg_advisory_xact_lock($1)"
# Not what retention has made coarse since the request was made: nobody is to know any more where exactly that was. A
# session lasts a working day at most; the bound lets idx_sessions_user_date find the one that the event ended. "IS NOT
# TRUE": with "NOT" a plan that was made while the table was small reads all of idx_events_point, a tie it never mends.
STORE: Final = """
WITH event AS (
    UPDATE attendance_events SET address = $4
    WHERE user_id = $1 AND sent_at = to_timestamp($2) AND update_id = $3 AND kind = 'location'
      AND coarse IS NOT TRUE
    RETURNING user_id
), begun AS (
    UPDATE sessions SET start_address = $4
    WHERE user_id = (SELECT user_id FROM event) AND start_time = to_timestamp($2) AND start_update_id = $3
)
UPDATE sessions SET end_address = $4
WHERE user_id = (SELECT user_id FROM event) AND end_update_id = $3 AND end_time = to_timestamp($2)
  AND start_time BETWEEN to_timestamp($2) - interval '2 days' AND to_timestamp($2)
"""


class GeoRequestHandler:
    """Handles the messages of the queues `geo.requests`, `geo.backlog` and `geo.backfill`."""

    def __init__(self, lookup: Lookup, pool: PrimaryPool, publisher: Publisher) -> None:
        self._lookup = lookup
        self._pool = pool
        self._together = Together(pool, {})
        self._publisher = publisher

    async def __call__(self, delivery: Delivery) -> Verdict:
        """Find the address and hand it on; both ends are the same when it happens twice."""
        request, started = decode(GeoRequest, delivery.body), time.monotonic()
        try:
            with tracing.step("find address", delivery.trace) as step:
                found = await self._lookup.address(_question(request, delivery.queue, step))
        except Overtaken:
            await self._publisher.publish(GEO_BACKLOG.name, delivery.body, key=delivery.key, headers=delivery.trail)
            bind_contextvars(outcome="overtaken")
            return Done()
        except NotOurTurn:
            return Return()
        except GeocoderFailed as problem:
            return Retry(str(problem))
        bind_contextvars(outcome=_outcome(found), looked_up_ms=round((time.monotonic() - started) * 1e3, 1))
        if found is None or found.address is None:
            return Done()
        await self._enrich(request, found.address, found, delivery.trail)
        if found.policy.stored:
            with tracing.step("postgresql transaction", delivery.trace, "client", {"db.system.name": "postgresql"}):
                await self._store(request, found.address, alone=delivery.tries > 0 or delivery.redelivered)
        return Done()

    async def _enrich(self, request: GeoRequest, address: str, found: Found, trail: Headers) -> None:
        if request.slot is None or request.reply_key is None or request.chat_id is None:
            return
        attribution = found.policy.attribution
        shown = f"{address} ({attribution})" if attribution else address
        keyboard = {} if request.slot.reply_markup is None else {"reply_markup": request.slot.reply_markup}
        call = OutboundCall(
            key=f"{request.reply_key}:address",
            chat_id=request.chat_id,
            method="editMessageText",
            params={"chat_id": request.chat_id, "text": request.slot.filled(shown), **keyboard},
            created_at=time.time(),
            target=request.reply_key,
            asked_at=request.asked_at,
            quotable=found.policy.stored,
        )
        await self._publisher.publish(ENRICHMENT.name, encode(call), key=call.key, headers=trail)

    async def _store(self, request: GeoRequest, address: str, *, alone: bool) -> None:
        event = request.event
        values = (event.user_id, event.sent_at, event.update_id, address)
        if not alone:
            try:
                async with self._together.opened(event.user_id) as connection:
                    await connection.execute(STORE, *values)
            except Scattered:
                alone = True
        if alone:
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(LOCK, event.user_id)
                await connection.execute(STORE, *values)


def _outcome(found: Found | None) -> str:
    if found is None:
        return "geocoding is off"
    return "nothing there" if found.address is None else "address"


def _question(request: GeoRequest, queue: str, step: tracing.Step) -> Question:
    level = (
        Level.BACKFILL if queue == GEO_BACKFILL.name else Level.OVERTAKEN if queue == GEO_BACKLOG.name else Level.LIVE
    )
    return Question(
        request.latitude,
        request.longitude,
        request.language,
        level,
        request.asked_at or 0.0,
        request.reply_key,
        step.traceparent,
    )
