"""Owns the SQL of a check-in: the inbox, the people, the event log, the sessions. One transaction, one person's lock.

The caller holds the person's lock for the whole transaction (`lock`), so everything here may read and then write.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from checkin_worker.attendance import Calendar, Day, Event, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.database import Connection

# Its own statement: one that waited for the lock would go on with the snapshot from before it.
LOCK: Final = "SELECT pg_advisory_xact_lock($1)"

# Telegram's ids restart at random after a quiet week: an old row, or another person's, belongs to another update.
ANSWERED: Final = """
SELECT replies FROM inbox WHERE update_id = $1 AND user_id = $2 AND handled_at > now() - interval '3 days'
"""
ANSWER: Final = """
INSERT INTO inbox (update_id, user_id, replies) VALUES ($1, $2, $3)
ON CONFLICT (update_id) DO UPDATE
SET user_id = excluded.user_id, replies = excluded.replies, handled_at = excluded.handled_at
"""

# Writes only when something changed, so a check-in usually leaves the row alone.
ENROL: Final = """
INSERT INTO employees (user_id, chat_id, full_name) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE SET chat_id = excluded.chat_id, full_name = excluded.full_name
WHERE (employees.chat_id, employees.full_name) IS DISTINCT FROM (excluded.chat_id, excluded.full_name)
"""

APPEND: Final = """
INSERT INTO attendance_events (user_id, sent_at, update_id, latitude, longitude, accuracy, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
"""

# By the primary key (user_id, sent_at, update_id).
EVENTS: Final = """
SELECT sent_at, update_id, latitude, longitude, address FROM attendance_events
WHERE user_id = $1 AND sent_at >= $2 AND sent_at < $3
"""
LATER: Final = "SELECT EXISTS (SELECT FROM attendance_events WHERE user_id = $1 AND sent_at >= $2)"

# Before this day's sessions are written: a person has one open session at most, and a later day ends an earlier one.
END_EARLIER: Final = """
UPDATE sessions SET end_time = boundary, closed_by = 'boundary'
WHERE user_id = $1 AND end_time IS NULL AND workday < $2
"""

STORE: Final = """
INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, end_time, closed_by,
                      start_update_id, end_update_id, start_address, end_address)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (user_id, workday, ordinal) DO UPDATE SET
    start_time = excluded.start_time, end_time = excluded.end_time, closed_by = excluded.closed_by,
    start_update_id = excluded.start_update_id, end_update_id = excluded.end_update_id,
    start_address = excluded.start_address, end_address = excluded.end_address
WHERE (sessions.start_update_id, sessions.end_update_id, sessions.closed_by, sessions.end_time)
   IS DISTINCT FROM (excluded.start_update_id, excluded.end_update_id, excluded.closed_by, excluded.end_time)
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A location as it came: the event, and what is kept beside it."""

    event: Event
    accuracy: float | None
    received_at: datetime


class Book:
    """The attendance book, open at one person's page within one transaction."""

    def __init__(self, connection: "Connection", user_id: int, calendar: Calendar, double_tap: timedelta) -> None:
        self._db = connection
        self._user = user_id
        self._calendar = calendar
        self._double_tap = double_tap

    async def lock(self) -> None:
        """Wait until no other transaction has this person's page open."""
        await self._db.execute(LOCK, self._user)

    async def answered(self, update_id: int) -> bytes | None:
        """The replies that were stored with the update's effect, if it has had it."""
        replies = await self._db.fetchval(ANSWERED, update_id, self._user)
        return None if replies is None else bytes(replies)

    async def answer(self, update_id: int, replies: bytes) -> None:
        """Store the replies: the update has had its effect."""
        await self._db.execute(ANSWER, update_id, self._user, replies)

    async def enrol(self, chat_id: int, full_name: str) -> None:
        """Know the person by this chat and name."""
        await self._db.execute(ENROL, self._user, chat_id, full_name)

    async def record(self, sent: Sent) -> Day:
        """Append the event and bring the sessions of its working day up to date; return that day."""
        event = sent.event
        await self._db.execute(
            APPEND,
            self._user,
            event.sent_at,
            event.update_id,
            event.latitude,
            event.longitude,
            sent.accuracy,
            sent.received_at,
        )
        workday = self._calendar.workday(event.sent_at)
        first, after = self._calendar.bounds(workday)
        rows = await self._db.fetch(EVENTS, self._user, first, after)
        day = fold((Event(*row) for row in rows), self._double_tap)
        await self._store(workday, day, ended=bool(await self._db.fetchval(LATER, self._user, after)))
        return day

    async def _store(self, workday: date, day: Day, *, ended: bool) -> None:
        """Write the day's sessions; a session still open on a day that a later one followed ends at the boundary."""
        await self._db.execute(END_EARLIER, self._user, workday)
        _, after = self._calendar.bounds(workday)
        rows: list[Sequence[object]] = []
        for ordinal, session in enumerate(day.sessions):
            start, end = session.start, session.end
            closed_by = "tap" if end else "boundary" if ended else None
            end_time = end.sent_at if end else after if ended else None
            kept = (start.update_id, end and end.update_id, start.address, end and end.address)
            rows.append((self._user, workday, ordinal, after, start.sent_at, end_time, closed_by, *kept))
        await self._db.executemany(STORE, rows)
