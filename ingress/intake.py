"""Owns what becomes of an update's bytes: queued, dropped or dead. Webhook and polling both come through here.

Only what routing needs is decoded (the id, the kind, the person); the bytes go on as they came. What cannot be
decoded goes to the dead letters and counts as taken: refused, Telegram would send it for ever and keep one of its
slots busy, and enough of those stop the whole bot.

Each update has one canonical log line here, `settled`, as it has one in each service after this one.
"""

import time
from typing import Annotated, Final, Literal

import msgspec
import structlog

from ingress.metrics import UPDATES
from shared import tracing
from shared.contracts import ALLOWED_UPDATES, RECEIVED_AT, TRACEPARENT, UPDATE_ID
from shared.delivery import FIRST_FAILED, LAST_FAILED, REASON, names_in
from shared.errors import BrokerUnavailable
from shared.publisher import Headers, Publisher
from shared.topology import UPDATES as UPDATES_QUEUE

log = structlog.get_logger()

Fate = Literal["queued", "dropped", "dead"]
_REFUSED: Final = "refused"
"""In the log: nobody holds the update, and Telegram sends it again."""
_FROM: Final = "telegram"
"""The queue that an update comes from, as the log line has it."""
INT64: Final = 2**63 - 1


class _Person(msgspec.Struct):
    id: int


class _Sent(msgspec.Struct):
    sender: _Person | None = msgspec.field(name="from", default=None)


class Head(msgspec.Struct):
    """What the ingress reads of an update: its id and the kinds it may be."""

    update_id: Annotated[int, msgspec.Meta(ge=0, le=INT64)]
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

    async def take(self, body: bytes, step: tracing.Step) -> Fate:
        """Return when the update needs no more care by Telegram.

        Args:
            body: its bytes.
            step: the one that took it in, with which its trace begins.

        Raises:
            BrokerUnavailable: nobody holds the update; Telegram must send it again.
        """
        started = time.monotonic()
        about: dict[str, object] = names_in({TRACEPARENT: step.traceparent})
        fate: Fate | None = None
        try:
            fate = await self._fate(body, step, about)
        except BrokerUnavailable as problem:
            about["reason"] = str(problem)
            raise
        finally:
            ms = round((time.monotonic() - started) * 1e3, 1)
            log.info("settled", queue=_FROM, fate=fate or _REFUSED, bytes=len(body), ms=ms, **about)
        UPDATES.labels(fate).inc()
        return fate

    async def _fate(self, body: bytes, step: tracing.Step, about: dict[str, object]) -> Fate:
        """Bring the bytes where they belong; what is to be said of them is put into `about`."""
        try:
            head = _head.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            about["reason"] = f"undecodable: {problem}"
            return await self._bury(body, f"undecodable: {problem}", step)
        step.tell({tracing.UPDATE: head.update_id})
        about |= {"key": str(head.update_id), "update_id": head.update_id}
        if head.kind is None:
            about["reason"] = "of a kind that the fleet does not handle"
            return "dropped"
        about["kind"] = head.kind
        if (person := getattr(head, head.kind).sender) is not None:
            about["user_id"] = person.id
        headers: Headers = {
            UPDATE_ID: head.update_id,
            RECEIVED_AT: _milliseconds(),
            TRACEPARENT: step.traceparent,
        }
        await self._publisher.publish(UPDATES_QUEUE.name, body, key=str(head.update_id), headers=headers)
        return "queued"

    async def _bury(self, body: bytes, reason: str, step: tracing.Step) -> Fate:
        now = int(time.time())
        headers: Headers = {
            REASON: reason[:500],
            FIRST_FAILED: now,
            LAST_FAILED: now,
            RECEIVED_AT: _milliseconds(),
            TRACEPARENT: step.traceparent,
        }
        await self._publisher.publish(UPDATES_QUEUE.dead, body, key="undecodable", headers=headers)
        return "dead"


def _milliseconds() -> int:
    """Unix time."""
    return time.time_ns() // 1_000_000
