"""Owns what a dead letter says: why and when it failed, whose it is, and where it belongs. Nothing here does anything.

A message is dead because a service gave it up (`shared.consume`), because the ingress could not read it, or because the
broker did, having handed it out too often; then only RabbitMQ's own header `x-death` says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import msgspec

from shared.contracts import UPDATE_ID
from shared.delivery import FAILED_IN, FIRST_FAILED, LAST_FAILED, REASON, TRIES
from shared.publisher import Headers
from shared.topology import (
    DEAD_QUEUES,
    GEO_BACKFILL,
    GEO_REQUESTS,
    INTERACTIVE,
    RECEIPTS,
    REPORTS,
    UPDATES,
    WORK_QUEUES,
)

SOURCES: Final = MappingProxyType(
    {
        dead: MappingProxyType(
            {name: queue.name for queue in WORK_QUEUES if queue.dead == dead for name in queue.handed_out}
        )
        for dead in DEAD_QUEUES
    }
)
"""The queues whose messages each dead queue takes, and where each of those belongs: what was handled alone may be
handled among others anew. What waited to be tried again did not die of that."""
UNTOLD: Final = MappingProxyType(
    {queue.dead: queue.name for queue in (UPDATES, GEO_REQUESTS, INTERACTIVE, RECEIPTS, REPORTS)}
)
"""Where a message belongs that does not say where it came from."""
UNKNOWN: Final = "?"
NAMED: Final = 3
"""People of a message who are named."""
_DEATH: Final = "x-death"
_BROKERS: Final = "x-"
"""What the headers begin with that tell of failures, and not of the message."""


@dataclass(frozen=True)
class DeadLetter:
    """A message in a dead queue.

    Attributes:
        queue: the dead queue.
        key: the message's; empty if it has none.
        headers: as they came.
    """

    queue: str
    key: str
    body: bytes
    headers: Mapping[str, object]

    @property
    def reason(self) -> str:
        """Why it is dead."""
        said = self.headers.get(REASON)
        reason = said if isinstance(said, str) else ""
        if self._death is None:
            return reason or UNKNOWN
        broker = f"handed out too often ({self._death.get('reason')})"
        return f"{broker}; before that: {reason}" if reason else broker

    @property
    def first_failed(self) -> datetime | None:
        """When it failed for the first time, as far as it says so."""
        return _moment(self.headers.get(FIRST_FAILED)) or self.last_failed

    @property
    def last_failed(self) -> datetime | None:
        """When it failed for the last time, as far as it says so."""
        died = None if self._death is None else _moment(self._death.get("time"))
        return died or _moment(self.headers.get(LAST_FAILED))

    @property
    def tries(self) -> int:
        """How often a service has tried it; 0 if none counted."""
        return _number(self.headers.get(TRIES)) or 0

    @property
    def source(self) -> str:
        """The queue that it belongs into."""
        for told in (self._death and self._death.get("queue"), self.headers.get(FAILED_IN)):
            if isinstance(told, str) and told in SOURCES[self.queue]:
                return SOURCES[self.queue][told]
        of_the_past = self.queue == GEO_REQUESTS.dead and "event" in self._fields and self._fields.get("slot") is None
        return GEO_BACKFILL.name if of_the_past else UNTOLD[self.queue]

    @property
    def home(self) -> Headers:
        """The headers with which it goes back: its own, and when it failed first; its tries begin anew."""
        kept = {name: value for name, value in self.headers.items() if isinstance(value, str | int)}
        return {name: value for name, value in kept.items() if name == FIRST_FAILED or not name.startswith(_BROKERS)}

    def follows_from(self, update_id: int) -> bool:
        """Whether it is this update, or says that it follows from it, by a header or, as older ones do, by its key."""
        told = self.headers.get(UPDATE_ID)
        return told == update_id if isinstance(told, int) else self.key.partition(":")[0] == str(update_id)

    @property
    def person(self) -> str:
        """Whose it is, by Telegram's numbers."""
        try:
            return _people(self.queue, self._fields) or UNKNOWN
        except (AttributeError, KeyError, TypeError):
            return UNKNOWN

    @cached_property
    def payload(self) -> tuple[bytes, int] | None:
        """Its JSON, and how many bytes of a file follow it; None if it begins with no JSON."""
        for head, rest in ((self.body, b""), (self.body.partition(b"\n")[0], self.body.partition(b"\n")[2])):
            try:
                msgspec.json.decode(head)
            except (ValueError, UnicodeDecodeError, RecursionError):  # msgspec's errors are ValueErrors
                continue
            return head, len(rest)
        return None

    @cached_property
    def _fields(self) -> dict[str, Any]:
        fields = msgspec.json.decode(self.payload[0]) if self.payload else None
        return fields if isinstance(fields, dict) else {}

    @property
    def _death(self) -> Mapping[str, object] | None:
        """What the broker says of its giving up; None if it was not the broker."""
        deaths = self.headers.get(_DEATH)
        for death in deaths if isinstance(deaths, list) else []:
            if isinstance(death, Mapping) and death.get("queue") in SOURCES[self.queue]:
                return death
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters are meant; None is no condition.

    Attributes:
        queues: those of these dead queues.
        since: that failed last at this moment or later.
        until: that failed last at this moment or before; what does not say when counts as older than all.
        reason: with this in their reason, whatever the case.
        key: of this key.
        update_id: that are this update, or follow from it.
    """

    queues: tuple[str, ...] = DEAD_QUEUES
    since: datetime | None = None
    until: datetime | None = None
    reason: str | None = None
    key: str | None = None
    update_id: int | None = None

    def means(self, letter: DeadLetter) -> bool:
        """Whether this one is meant."""
        if self.key is not None and letter.key != self.key:
            return False
        if self.update_id is not None and not letter.follows_from(self.update_id):
            return False
        if self.reason is not None and self.reason.casefold() not in letter.reason.casefold():
            return False
        at = letter.last_failed or datetime.min.replace(tzinfo=UTC)
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


def _people(queue: str, fields: Mapping[str, Any]) -> str:
    if queue == UPDATES.dead:
        return _sender(fields)
    if queue == RECEIPTS.dead:
        chats = [str(chat) for chat in dict.fromkeys(_number(one["chat_id"]) for one in fields["receipts"]) if chat]
        more = [f"and {len(chats) - NAMED} more"] if len(chats) > NAMED else []
        return ", ".join([*chats[:NAMED], *more])
    whose = {GEO_REQUESTS.dead: "event", INTERACTIVE.dead: "chat_id", REPORTS.dead: "user_id"}[queue]
    found = fields[whose]["user_id"] if whose == "event" else fields[whose]
    return str(_number(found) or "")


def _sender(update: Mapping[str, Any]) -> str:
    """Who sent an update, and where if that is not their own chat."""
    for part in update.values():
        if isinstance(part, Mapping):
            message = part.get("message", part)
            user = _number(part["from"]["id"]) if "from" in part else None
            chat = _number(message["chat"]["id"]) if "chat" in message else None
            if user and chat and user != chat:
                return f"{user} in {chat}"
            return str(user or chat or "")
    return ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: object) -> datetime | None:
    """Unix seconds, or the broker's timestamp."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        return None if (seconds := _number(value)) is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # not a moment of any clock
        return None
