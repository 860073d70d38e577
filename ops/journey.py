"""Owns following one update through what the database knows: inbox, events, sessions, and the ledger of calls.

Each of them forgets in its own time (`ops.retention`), and what is not known any more is said. An id alone finds an
update while its inbox row is there; after that one must know whose it was, for ids come again, for other people.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.contracts import OutboundCall, decode
from shared.errors import Undecodable
from shared.sealed import Outgoing, unsealed
from shared.topology import GEO_REQUESTS, REPORTS

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection

INBOX: Final = "SELECT user_id, handled_at, replies FROM inbox WHERE update_id = $1"
NAME: Final = """
SELECT coalesce(official_name, full_name) FROM employees WHERE user_id = $1 AND status <> 'forgotten'
"""
# An undo or an amnesty has the moment and the update of the location that it is about. Of an id that came again the
# newest is meant.
EVENTS: Final = """
SELECT e.kind, e.sent_at, e.received_at, e.recorded_at, e.workday, e.live, e.coarse, e.fence, o.name AS office,
       e.address IS NOT NULL AS has_address, s.workday AS session_of,
       CASE WHEN e.sent_at = s.start_time AND e.update_id = s.start_update_id THEN 'opens'
            WHEN s.user_id IS NOT NULL THEN 'closes' END AS session
FROM attendance_events e
LEFT JOIN offices o USING (office_id)
LEFT JOIN sessions s ON e.kind = 'location' AND s.user_id = e.user_id
     AND s.start_time BETWEEN e.sent_at - interval '3 days' AND e.sent_at
     AND ((s.start_time = e.sent_at AND s.start_update_id = e.update_id)
          OR (s.end_time = e.sent_at AND s.end_update_id = e.update_id))
WHERE e.user_id = $1 AND e.update_id = $2
  AND e.sent_at > (SELECT max(sent_at) - interval '1 day' FROM attendance_events WHERE user_id = $1 AND update_id = $2)
ORDER BY e.recorded_at
"""
# By the primary key's first column, a person's calls of a month. All calls of an update have its id before the colon.
CALLS: Final = """
SELECT chat_id, key, method, priority, outcome, reason, message_id, doubtful, created_at, settled_at
FROM calls WHERE chat_id = ANY($1::bigint[]) AND starts_with(key, $2) ORDER BY settled_at, key
"""
REACHES_BACK: Final = "SELECT min(settled_at) FROM calls"

What = Literal["written", "received", "handled", "recorded", "called", "dead"]
ADDRESS: Final = ":address"
"""What the key of a call ends with that brings a reply its address."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to the update, or followed from it, and what is known of it."""

    at: datetime
    what: What
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Journey:
    """What is known of an update.

    Attributes:
        user_id: whose it was; None if nobody knows it.
        name: theirs, if the company knows them.
        steps: in any order.
        due: messages that followed from it and of whose end nothing is known so far.
        notes: what is not known, and why; each a sentence.
    """

    update_id: int
    user_id: int | None = None
    name: str | None = None
    steps: list[Step] = field(default_factory=list)
    due: list[Outgoing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def in_order(self) -> list[Step]:
        """The steps by their time; of one moment in the order in which they follow from each other."""
        return sorted(self.steps, key=lambda step: step.at)


async def follow(db: "Connection", update_id: int, user_id: int | None) -> Journey:
    """What the database knows of the update, of this person's where one is named."""
    row = await db.fetchrow(INBOX, update_id)
    if row is not None and user_id not in {None, row["user_id"]}:
        row = None  # the id came again, for somebody else
    journey = Journey(update_id, user_id if row is None else row["user_id"])
    if journey.user_id is None:
        return journey
    journey.name = await db.fetchval(NAME, journey.user_id)
    messages = []
    if row is not None:
        messages = unsealed(row["replies"])
        journey.steps.append(_handled(row["handled_at"], messages))
    await _look(db, journey, messages)
    if row is None and journey.steps:
        journey.notes.append(
            "the inbox, which keeps three days, has no row of it any more: what followed from it is told by the ledger "
            "alone"
        )
    return journey


async def _look(db: "Connection", journey: Journey, messages: Sequence[Outgoing]) -> None:
    """Add what events and the ledger say of the update, and of the messages that followed from it."""
    events = await db.fetch(EVENTS, journey.user_id, journey.update_id)
    calls = list(_calls(messages))
    chats = list({journey.user_id, *(call.chat_id for call in calls)})
    ledger = await db.fetch(CALLS, chats, f"{journey.update_id}:")
    journey.steps += _beginning(events, calls)
    journey.steps += [_recorded(event) for event in events]
    journey.steps += [called(entry, "the ledger") for entry in ledger]
    journey.due = _due(messages, events, {entry["key"] for entry in ledger})


async def ledger_reaches_back(db: "Connection") -> datetime | None:
    """When the oldest call of the ledger was settled; None if it has none."""
    oldest: datetime | None = await db.fetchval(REACHES_BACK)
    return oldest


def called(entry: "Record | Mapping[str, Any]", known_from: str) -> Step:
    """A call that ended, as the ledger or somebody else tells it."""
    told = {name: value for name, value in entry.items() if name not in {"settled_at", "created_at"}}
    waited = (entry["settled_at"] - entry["created_at"]).total_seconds()
    return Step(entry["settled_at"], "called", {**told, "waited": round(waited, 3), "known_from": known_from})


def _calls(messages: Sequence[Outgoing]) -> Iterator[OutboundCall]:
    for message in messages:
        if message.queue.startswith("outbound."):
            with contextlib.suppress(Undecodable):  # of another release; its key is still told
                yield decode(OutboundCall, message.body)


def _beginning(events: "Sequence[Record]", calls: Sequence[OutboundCall]) -> Iterator[Step]:
    """When it was written and when it came to our door: the event says so, or what answers it."""
    if events:
        yield Step(events[0]["sent_at"], "written")
        yield Step(events[0]["received_at"], "received")
        return
    said = [call.said_at for call in calls if call.said_at is not None]
    asked = [call.asked_at for call in calls if call.asked_at is not None]
    if said:
        yield Step(datetime.fromtimestamp(min(said), UTC), "written")
    if asked:
        yield Step(datetime.fromtimestamp(min(asked), UTC), "received")


def _handled(at: datetime, messages: Sequence[Outgoing]) -> Step:
    return Step(at, "handled", {"followed_by": dict(Counter(message.queue for message in messages))})


def _recorded(event: "Record") -> Step:
    names = ("kind", "workday", "live", "fence", "office", "coarse", "has_address", "session", "session_of")
    facts = {name: event[name] for name in names if event[name] is not None}
    return Step(event["recorded_at"], "recorded", facts)


def _due(messages: Sequence[Outgoing], events: "Sequence[Record]", ended: set[str]) -> list[Outgoing]:
    """Of what followed, that of which neither the ledger nor an event shows the end."""
    addressed = any(event["has_address"] or event["coarse"] for event in events)
    due = []
    for message in messages:
        if message.queue == GEO_REQUESTS.name:
            over = addressed or f"{message.key}{ADDRESS}" in ended
        elif message.queue == REPORTS.name:
            over = not ended <= {one.key for one in messages}  # the file, or why there is none, has a key of its own
        else:
            over = message.key in ended
        if not over:
            due.append(message)
    return due
