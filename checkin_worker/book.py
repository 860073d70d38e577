"""Owns the SQL of a check-in: the event log and the sessions that follow from it.

The caller holds the person's lock for the whole transaction (`Inbox.lock`), so everything here may read and then write.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from checkin_worker.attendance import Correction, Day, Event, Ref, Session, fold
from checkin_worker.fence import Fence, Sighting
from shared.several import several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpg import Record

    from checkin_worker.people import Person
    from shared.database import Connection
    from shared.workday import Calendar

# What is about an event has the event's moment and update, and another kind.
UNDO: Final = """
INSERT INTO attendance_events (user_id, sent_at, update_id, kind, received_at)
VALUES ($1, $2, $3, 'undo', $4) ON CONFLICT DO NOTHING
"""
CORRECT: Final = """
INSERT INTO attendance_events (user_id, sent_at, update_id, kind, received_at, workday, arrived_at, left_at, actor_id,
                               reason)
VALUES ($1, $2, $3, 'correction', $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
"""

# By the primary key (user_id, sent_at, update_id, kind), and by idx_events_corrections. A location that was erased
# still tells when it was sent. $1 is the person, $2 and $3 are the day's bounds, $4 is the day.
EVENTS: Final = """
SELECT kind, sent_at, update_id, coalesce(latitude, 0) AS latitude, coalesce(longitude, 0) AS longitude, address,
       fence, office_id, arrived_at, left_at, recorded_at
FROM attendance_events WHERE user_id = $1 AND sent_at >= $2 AND sent_at < $3 AND kind <> 'correction'
UNION ALL
SELECT kind, sent_at, update_id, 0, 0, NULL, NULL, NULL, arrived_at, left_at, NULL
FROM attendance_events WHERE user_id = $1 AND workday = $4 AND kind = 'correction'
"""
# One row about what is in the book around the day: from which ordinal on it has no sessions (not how many it has: one
# that was moved to another day leaves a gap), whether other days' are in its way (MAKE_ROOM), whether something
# happened later, and of the last day at work before it the last session. A session made of this day's taps counts for
# no other day: it is about to be moved.
AROUND: Final = """
SELECT (SELECT coalesce(max(ordinal) + 1, 0) FROM sessions WHERE user_id = $1 AND workday = $4) AS free_from,
    EXISTS (SELECT FROM sessions WHERE user_id = $1 AND end_time IS NULL AND workday < $4)
    OR EXISTS (SELECT FROM sessions WHERE user_id = $1 AND workday <> $4 AND opened_by = 'tap'
               AND start_time >= $2 AND start_time < $3) AS crowded,
    EXISTS (SELECT FROM attendance_events WHERE user_id = $1 AND sent_at >= $3 AND kind IN ('location', 'evidence'))
    OR EXISTS (SELECT FROM sessions WHERE user_id = $1 AND workday > $4
               AND NOT (opened_by = 'tap' AND start_time >= $2 AND start_time < $3)) AS later,
    forgotten.workday AS forgotten_day, forgotten.start_time AS forgotten_arrival
FROM (SELECT) always LEFT JOIN (
    SELECT workday, start_time, end_time, closed_by FROM sessions
    WHERE user_id = $1 AND workday < $4 AND NOT (opened_by = 'tap' AND start_time >= $2 AND start_time < $3)
    ORDER BY workday DESC, ordinal DESC LIMIT 1) forgotten
    ON (closed_by = 'boundary' OR end_time IS NULL)
    AND NOT EXISTS (SELECT FROM corrections
                    WHERE corrections.user_id = $1 AND corrections.workday = forgotten.workday)
"""
READ: Final = f"SELECT * FROM ({AROUND}) around LEFT JOIN ({EVENTS}) day ON true"  # noqa: S608 - constants
# What a statement writes it does not see, so the event is added to what it reads; if it was there before, it is read.
_EVENT: Final = """
    INSERT INTO attendance_events (user_id, sent_at, update_id, kind, latitude, longitude, accuracy, received_at,
                                   recorded_at, live, fence, office_id, distance_m, address)
"""
_VALUES: Final = "$1, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17"
_APPENDED: Final = """
    ON CONFLICT DO NOTHING
    RETURNING user_id, kind, sent_at, update_id, latitude, longitude, address, fence, office_id, arrived_at, left_at,
              recorded_at
"""
_DAY: Final = f"""
SELECT * FROM ({AROUND}) around LEFT JOIN (
    SELECT kind, sent_at, update_id, latitude, longitude, address, fence, office_id, arrived_at, left_at, recorded_at
    FROM appended WHERE user_id = $1 UNION ALL {EVENTS}) day ON true
"""  # noqa: S608 - constants
APPEND: Final = f"WITH appended AS ({_EVENT} VALUES ({_VALUES}) {_APPENDED}) {_DAY}"
APPEND_SEVERAL: Final = several(
    _DAY,
    (
        *("bigint", "timestamptz", "timestamptz", "date"),
        *("timestamptz", "bigint", "text", "float8", "float8", "float8", "timestamptz", "timestamptz"),
        *("boolean", "text", "bigint", "float8", "text"),
    ),
    f"appended AS ({_EVENT} SELECT {_VALUES} FROM one {_APPENDED})",  # noqa: S608 - constants
)
RECORDED: Final = """
SELECT recorded_at FROM attendance_events
WHERE user_id = $1 AND sent_at = $2 AND update_id = $3 AND kind = 'location'
"""

# Before this day's sessions are written: a person has one open session at most, and a later day ends an earlier one.
# An undo or a correction leaves fewer sessions than there were. A schedule that changed may have brought this day taps
# from which sessions of another one were made: no time is counted twice.
MAKE_ROOM: Final = """
WITH earlier AS (
    UPDATE sessions SET end_time = boundary, closed_by = 'boundary'
    WHERE user_id = $1 AND end_time IS NULL AND workday < $2
      AND NOT (opened_by = 'tap' AND start_time >= $4 AND start_time < $5)
), elsewhere AS (
    DELETE FROM sessions
    WHERE user_id = $1 AND workday <> $2 AND opened_by = 'tap' AND start_time >= $4 AND start_time < $5
)
DELETE FROM sessions WHERE user_id = $1 AND workday = $2 AND ordinal >= $3
"""
STORE: Final = """
INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, end_time, opened_by, closed_by,
                      start_update_id, end_update_id, start_address, end_address, start_fence, end_fence,
                      start_office_id, end_office_id, late_seconds, excused)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT (user_id, workday, ordinal) DO UPDATE SET
    boundary = excluded.boundary, start_time = excluded.start_time, end_time = excluded.end_time,
    opened_by = excluded.opened_by, closed_by = excluded.closed_by,
    start_update_id = excluded.start_update_id, end_update_id = excluded.end_update_id,
    start_address = excluded.start_address, end_address = excluded.end_address,
    start_fence = excluded.start_fence, end_fence = excluded.end_fence,
    start_office_id = excluded.start_office_id, end_office_id = excluded.end_office_id,
    late_seconds = excluded.late_seconds, excused = excluded.excused
WHERE sessions IS DISTINCT FROM excluded
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A location as it came: the event, and what is kept beside it."""

    event: Event
    accuracy: float | None
    received_at: datetime
    recorded_at: datetime
    live: bool = False
    sighting: Sighting | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """A correction with its place in the book: the day that it is about, who approved it, and why."""

    correction: Correction
    workday: date
    actor_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """A working day as the book has it."""

    workday: date
    day: Day
    late: timedelta | None
    """By how much the first arrival was late; None where no shift was due, or nobody arrived."""
    excused: bool
    forgotten: tuple[date, datetime] | None = None
    """The last day at work before this one and its last arrival, if the check-out was forgotten there and nothing has
    been asked about it; looked for when this day is written."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the fold needs to know besides the events."""

    calendar: "Calendar"
    double_tap: timedelta
    person: "Person"


class Book:
    """The attendance book, open at one person's page within one transaction, under the person's lock.

    Attributes:
        recorded: when the location was sent that this transaction recorded (Telegram's clock); None while it has not.
    """

    def __init__(self, connection: "Connection", rules: Rules) -> None:
        self.recorded: datetime | None = None
        self._db = connection
        self._user = rules.person.user_id
        self._rules = rules

    async def record(self, sent: Sent) -> Page:
        """Append the location and bring the sessions of its working day up to date; return that day."""
        event, seen = sent.event, sent.sighting
        workday = self._rules.calendar.workday(event.sent_at)
        rows = await self._db.fetch(
            APPEND,
            *self._place(workday),
            event.sent_at,
            event.update_id,
            "evidence" if event.evidence else "location",
            event.latitude,
            event.longitude,
            sent.accuracy,
            sent.received_at,
            sent.recorded_at,
            sent.live,
            event.fence,
            event.office_id,
            seen and seen.distance_m,
            event.address,
        )
        self.recorded = event.sent_at
        return await self._write(workday, rows, sent.received_at)

    async def undo(self, refs: "Sequence[Ref]", received_at: datetime) -> Page:
        """Let the locations of these moments and updates, all of one day, count for nothing; return that day."""
        for ref in refs:
            await self._db.execute(UNDO, self._user, *ref, received_at)
        return await self._refold(self._rules.calendar.workday(refs[0][0]), received_at)

    async def correct(self, approved: Approved, received_at: datetime) -> Page:
        """Let an approved correction hold for its day."""
        correction = approved.correction
        await self._db.execute(
            CORRECT,
            self._user,
            correction.sent_at,
            correction.update_id,
            received_at,
            approved.workday,
            correction.arrived,
            correction.left,
            approved.actor_id,
            approved.reason,
        )
        return await self._refold(approved.workday, received_at)

    async def page(self, workday: date) -> Page:
        """The day as its events make it; nothing is written."""
        return self._folded(workday, await self._db.fetch(EVENTS, *self._place(workday)))

    async def recorded_at(self, ref: Ref) -> datetime | None:
        """When the location of this moment and update was written down; None if it was not."""
        moment: datetime | None = await self._db.fetchval(RECORDED, self._user, *ref)
        return moment

    def _place(self, workday: date) -> tuple[int, datetime, datetime, date]:
        """What names the day in the statements that read it."""
        return (self._user, *self._rules.calendar.bounds(workday), workday)

    async def _refold(self, workday: date, now: datetime) -> Page:
        """Bring the sessions of that day up to date with its events."""
        return await self._write(workday, await self._db.fetch(READ, *self._place(workday)), now)

    def _folded(self, workday: date, rows: "Sequence[Record]") -> Page:
        events = [_event(row) for row in rows if row["kind"] in ("location", "evidence")]
        corrections = [_correction(row) for row in rows if row["kind"] == "correction"]
        day = fold(events, self._rules.double_tap, corrections, _refs(rows, "undo"))
        first = day.sessions[0] if day.sessions else None
        excused = first is not None and (first.start.at, first.start.update_id) in _refs(rows, "amnesty")
        return Page(workday, day, None if first is None else self._late(workday, first), excused)

    def _late(self, workday: date, first: Session) -> timedelta | None:
        """By how much, on the clock of the office where they arrived."""
        inside = first.start.fence is Fence.INSIDE
        zones = [office.zone for office in self._rules.person.offices if office.office_id == first.start.office_id]
        shift = self._rules.calendar.shift(workday, zones[0] if inside and zones else None)
        return None if shift is None else shift.late(first.start.at)

    async def _write(self, workday: date, rows: "Sequence[Record]", now: datetime) -> Page:
        """Write the day's sessions; one still open when the day is over, or a later one began, ends with it."""
        page, around = self._folded(workday, rows), rows[0]
        sessions = page.day.sessions
        first, after = self._rules.calendar.bounds(workday)
        if around["crowded"] or around["free_from"] > len(sessions):
            await self._db.execute(MAKE_ROOM, self._user, workday, len(sessions), first, after)
        left_open = bool(sessions) and sessions[-1].end is None
        ended = left_open and (now >= after or around["later"])
        stored = [
            (self._user, workday, ordinal, after, *_ends(session, after if ended else None), *_verdict(page, ordinal))
            for ordinal, session in enumerate(sessions)
        ]
        await self._db.executemany(STORE, stored)
        day, arrival = around["forgotten_day"], around["forgotten_arrival"]
        return page if day is None else replace(page, forgotten=(day, arrival))


def _ends(session: Session, ended: datetime | None) -> tuple[object, ...]:
    """From start_time to end_office_id; `ended` is the moment at which the day ended an open session."""
    start, end = session.start, session.end
    closed_by = ("tap" if end.event else "correction") if end else ("boundary" if ended else None)
    return (
        start.at,
        end.at if end else ended,
        "tap" if start.event else "correction",
        closed_by,
        start.update_id,
        end and end.update_id,
        start.event and start.event.address,
        end and end.event and end.event.address,
        start.fence,
        end and end.fence,
        start.office_id,
        end and end.office_id,
    )


def _verdict(page: Page, ordinal: int) -> tuple[int | None, bool]:
    """late_seconds and excused: of the day's first session."""
    if ordinal or page.late is None:
        return None, False
    return int(page.late.total_seconds()), page.excused


def _event(row: "Record") -> Event:
    return Event(
        row["sent_at"],
        row["update_id"],
        row["latitude"],
        row["longitude"],
        row["address"],
        Fence(row["fence"]) if row["fence"] else None,
        row["office_id"],
        evidence=row["kind"] == "evidence",
        recorded_at=row["recorded_at"],
    )


def _correction(row: "Record") -> Correction:
    return Correction(row["sent_at"], row["update_id"], row["arrived_at"], row["left_at"])


def _refs(rows: "Sequence[Record]", kind: str) -> set[Ref]:
    return {(row["sent_at"], row["update_id"]) for row in rows if row["kind"] == kind}
