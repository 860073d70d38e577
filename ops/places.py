"""Owns the places of past sessions that have no address: which they are, a portion of sessions at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection

COUNTED: Final = 2000
"""Sessions that are counted together."""
MOST_BIGINT: Final = 2**63 - 1

Event = tuple[int, datetime, int]
"""The person, the moment and the update."""
Key = tuple[date, int, int]
"""Of a session: workday, person, ordinal."""

# A portion of sessions, by idx_sessions_workday, each with its places that have no address, or once without any place.
# What retention made coarse is a kilometre off, and for what was recorded after $6 a worker has just asked. LIMIT 1
# keeps the search for an event one by its key: joined, the planner compared millions (6 s instead of 2 ms), for it
# takes a comparison of rows for a quarter of the table.
PLACES: Final = """
WITH page AS MATERIALIZED (
    SELECT * FROM sessions WHERE (workday, user_id, ordinal) > ($1::date, $2::bigint, $3::bigint) AND workday <= $4
    ORDER BY workday, user_id, ordinal LIMIT $5
)
SELECT page.workday, page.user_id, page.ordinal, place.*
FROM page LEFT JOIN LATERAL (
    SELECT e.sent_at, e.update_id, e.latitude, e.longitude,
           (SELECT ARRAY[p.language, p.telegram_language] FROM employees p WHERE p.user_id = page.user_id) AS languages
    FROM (VALUES (page.start_time, page.start_update_id, page.start_address),
                 (page.end_time, page.end_update_id, page.end_address)) AS mark (at, update_id, address)
    CROSS JOIN LATERAL (
        SELECT * FROM attendance_events e WHERE e.user_id = page.user_id AND e.sent_at = mark.at
            AND e.update_id = mark.update_id AND e.kind = 'location' LIMIT 1
    ) e
    WHERE mark.address IS NULL AND e.address IS NULL AND e.latitude IS NOT NULL AND e.longitude IS NOT NULL
        AND NOT e.coarse AND e.fence IS DISTINCT FROM 'inside' AND e.recorded_at < $6
) place ON true
ORDER BY page.workday, page.user_id, page.ordinal
"""
ADDRESSED: Final = """
SELECT asked.user_id, asked.sent_at, asked.update_id
FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[]) AS asked (user_id, sent_at, update_id)
CROSS JOIN LATERAL (
    SELECT address FROM attendance_events e WHERE e.user_id = asked.user_id AND e.sent_at = asked.sent_at
        AND e.update_id = asked.update_id AND e.kind = 'location' LIMIT 1
) e
WHERE e.address IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Some sessions' places without an address; `last` is the last session, or None if the span has no more."""

    places: "list[Record]"
    last: Key | None


@dataclass(frozen=True, slots=True)
class Span:
    """The working days from `since` to `until`, and the moment after which nothing is looked at any more."""

    since: date
    until: date
    before: datetime

    @property
    def first(self) -> Key:
        """Before all of its sessions."""
        return (self.since, -MOST_BIGINT, 0)

    async def page(self, db: "Connection", after: Key, sessions: int) -> Page:
        """The places of so many sessions after this one."""
        rows = await db.fetch(PLACES, *after, self.until, sessions, self.before)
        keys = [(row["workday"], row["user_id"], row["ordinal"]) for row in rows]
        return Page([row for row in rows if row["sent_at"]], keys[-1] if len({*keys}) == sessions else None)


@dataclass(frozen=True, slots=True)
class Count:
    """Places without an address that could have one, and their sessions."""

    points: int
    sessions: int


async def addressed(db: "Connection", events: Iterable[Event]) -> list[Event]:
    """Those of the events that have an address."""
    people, moments, updates = map(list, zip(*events, strict=True))
    rows = await db.fetch(ADDRESSED, people, moments, updates)
    return [(row["user_id"], row["sent_at"], row["update_id"]) for row in rows]


async def count(db: "Connection", span: Span) -> Count:
    """Count the places without an address, a portion at a time: no statement lasts longer for a longer span."""
    points = sessions = 0
    after: Key | None = span.first
    while after is not None:
        page = await span.page(db, after, COUNTED)
        points += len(page.places)
        sessions += len({(row["workday"], row["user_id"], row["ordinal"]) for row in page.places})
        after = page.last
    return Count(points, sessions)


async def plan(db: "Connection", since: date, until: date) -> tuple[Span, Count]:
    """What a backfill of these days would ask for now."""
    span = Span(since, until, await db.fetchval("SELECT now()"))
    return span, await count(db, span)
