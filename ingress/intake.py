"""Owns what becomes of an update's bytes: queued, dropped or dead. Webhook and polling both come through here.

Only what routing needs is decoded (the id, the kind, the person); the bytes go on as they came. What cannot be
decoded goes to the dead letters and counts as taken: refused, Telegram would send it for ever and keep one of its
slots busy, and enough of those stop the whole bot.
"""

import secrets
import time
from typing import Annotated, Final, Literal

import msgspec
import structlog

from ingress.metrics import UPDATES
from shared.contracts import ALLOWED_UPDATES, RECEIVED_AT, TRACEPARENT, UPDATE_ID
from shared.delivery import FIRST_FAILED, LAST_FAILED, REASON
from shared.publisher import Headers, Publisher
from shared.topology import UPDATES as UPDATES_QUEUE

log = structlog.get_logger()

Fate = Literal["queued", "dropped", "dead"]
_INT64: Final = 2**63 - 1


class _Person(msgspec.Struct):
    id: int


class _Sent(msgspec.Struct):
    sender: _Person | None = msgspec.field(name="from", default=None)


class Head(msgspec.Struct):
    """What the ingress reads of an update: its id and the kinds it may be."""

    update_id: Annotated[int, msgspec.Meta(ge=0, le=_INT64)]
    message: _Sent | None = None
    edited_message: _Sent | None = None
    callback_query: _Sent | None = None

    @property
    def kind(self) -> str | None:
        """The kind of update if the fleet handles it."""
        return next((kind for kind in ALLOWED_UPDATES if getattr(self, kind) is not None), None)


_head = msgspec.json.Decoder(Head)


class Intake:
    """Takes updates in."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def take(self, body: bytes) -> Fate:
        """Return when the update needs no more care by Telegram.

        Raises:
            BrokerUnavailable: nobody holds the update; Telegram must send it again.
        """
        try:
            head = _head.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            fate: Fate = await self._bury(body, str(problem))
        else:
            fate = await self._queue(head, body)
        UPDATES.labels(fate).inc()
        return fate

    async def _queue(self, head: Head, body: bytes) -> Fate:
        if head.kind is None:
            log.info("update_dropped", update_id=head.update_id, reason="of a kind that the fleet does not handle")
            return "dropped"
        trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
        headers: Headers = {UPDATE_ID: head.update_id, RECEIVED_AT: _milliseconds(), TRACEPARENT: trace}
        await self._publisher.publish(UPDATES_QUEUE.name, body, key=str(head.update_id), headers=headers)
        person = getattr(head, head.kind).sender
        log.info("update_queued", update_id=head.update_id, user_id=person.id if person else None, trace=trace[3:35])
        return "queued"

    async def _bury(self, body: bytes, reason: str) -> Fate:
        now = int(time.time())
        log.warning("update_undecodable", reason=reason, size=len(body))
        headers: Headers = {
            REASON: f"undecodable: {reason}"[:500],
            FIRST_FAILED: now,
            LAST_FAILED: now,
            RECEIVED_AT: _milliseconds(),
        }
        await self._publisher.publish(UPDATES_QUEUE.dead, body, key="undecodable", headers=headers)
        return "dead"


def _milliseconds() -> int:
    """Unix time."""
    return time.time_ns() // 1_000_000
