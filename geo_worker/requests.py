"""Owns the way of a geo request: the address to the reply first (a person waits for it), then to the book."""

import time
from typing import Final

from geo_worker.geocoders import GeocoderFailed
from geo_worker.lookup import Lookup
from shared.consume import Delivery, Done, Retry, Verdict
from shared.contracts import GeoRequest, OutboundCall, decode, encode
from shared.database import PrimaryPool
from shared.publisher import Headers, Publisher
from shared.topology import ENRICHMENT

# The check-in worker folds events into sessions under this lock (checkin_worker/inbox.py): with it, an address cannot
# fall between the fold's reading and its writing.
LOCK: Final = "SELECT pg_advisory_xact_lock($1)"
TO_EVENT: Final = """
UPDATE attendance_events SET address = $4
WHERE user_id = $1 AND sent_at = to_timestamp($2) AND update_id = $3 AND kind = 'location'
"""
TO_START: Final = """
UPDATE sessions SET start_address = $4
WHERE user_id = $1 AND start_time = to_timestamp($2) AND start_update_id = $3
"""
# A session lasts a working day at most; the bound lets idx_sessions_user_date find it.
TO_END: Final = """
UPDATE sessions SET end_address = $4
WHERE user_id = $1 AND end_update_id = $3 AND end_time = to_timestamp($2)
  AND start_time BETWEEN to_timestamp($2) - interval '2 days' AND to_timestamp($2)
"""


class GeoRequestHandler:
    """Handles the messages of the queue `geo.requests`."""

    def __init__(self, lookup: Lookup | None, attribution: str, pool: PrimaryPool, publisher: Publisher) -> None:
        self._lookup = lookup
        self._attribution = attribution
        self._pool = pool
        self._publisher = publisher

    async def __call__(self, delivery: Delivery) -> Verdict:
        """Find the address and hand it on; both ends are the same when it happens twice."""
        request = decode(GeoRequest, delivery.body)
        if self._lookup is None:
            return Done()  # geocoding is off
        try:
            address = await self._lookup.address(request.latitude, request.longitude, request.language)
        except GeocoderFailed as problem:
            return Retry(str(problem))
        if address is not None:
            await self._enrich(request, address, delivery.trail)
            await self._store(request, address)
        return Done()

    async def _enrich(self, request: GeoRequest, address: str, trail: Headers) -> None:
        shown = f"{address} ({self._attribution})" if self._attribution else address
        keyboard = {} if request.slot.reply_markup is None else {"reply_markup": request.slot.reply_markup}
        call = OutboundCall(
            key=f"{request.reply_key}:address",
            chat_id=request.chat_id,
            method="editMessageText",
            params={"chat_id": request.chat_id, "text": request.slot.filled(shown), **keyboard},
            created_at=time.time(),
            target=request.reply_key,
            asked_at=request.asked_at,
        )
        await self._publisher.publish(ENRICHMENT.name, encode(call), key=call.key, headers=trail)

    async def _store(self, request: GeoRequest, address: str) -> None:
        event = request.event
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(LOCK, event.user_id)
            for statement in (TO_EVENT, TO_START, TO_END):
                await connection.execute(statement, event.user_id, event.sent_at, event.update_id, address)
