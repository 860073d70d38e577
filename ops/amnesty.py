"""Owns `fleet amnesty`: forgives those lates whose update was long on its way, as it happens when something is broken.

The event log gets a row beside the location that it is about, so a worker that folds the day anew forgives it too.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from ops.database import rows_of, under_locks

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection

# $1 to $3: the first and the last day, and what is no longer a usual wait.
_WAITED: Final = """
FROM sessions s JOIN attendance_events e ON e.user_id = s.user_id AND e.sent_at = s.start_time
     AND e.update_id = s.start_update_id AND e.kind = 'location'
WHERE s.workday BETWEEN $1 AND $2 AND s.ordinal = 0 AND s.opened_by = 'tap' AND s.late_seconds > 0 AND NOT s.excused
  AND e.recorded_at - e.sent_at > $3::interval
"""
LATES: Final = f"""
SELECT s.user_id, s.workday, e.sent_at, e.recorded_at, s.late_seconds,
       (SELECT coalesce(p.official_name, p.full_name) FROM employees p WHERE p.user_id = s.user_id) AS name
{_WAITED} ORDER BY s.workday, name, s.user_id
"""  # noqa: S608 - a constant
# $4: the people, $5: now.
FORGIVE: Final = f"""
WITH waited AS (SELECT e.user_id, s.workday, e.sent_at, e.update_id {_WAITED} AND s.user_id = ANY($4::bigint[])),
noted AS (
    INSERT INTO attendance_events (user_id, sent_at, update_id, kind, received_at)
    SELECT user_id, sent_at, update_id, 'amnesty', $5 FROM waited ON CONFLICT DO NOTHING
)
UPDATE sessions s SET excused = true FROM waited
WHERE s.user_id = waited.user_id AND s.workday = waited.workday AND s.ordinal = 0
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `since` to `until`, and the wait beyond which a late is forgiven."""

    since: date
    until: date
    waited: timedelta


async def lates(db: "Connection", period: Period) -> "list[Record]":
    """Those that would be forgiven."""
    return await db.fetch(LATES, period.since, period.until, period.waited)


async def forgive(db: "Connection", period: Period, now: datetime) -> int:
    """Forgive them; returns how many. Repeating it finds none."""
    people = sorted({row["user_id"] for row in await lates(db, period)})
    return sum([forgiven async for forgiven in under_locks(db, people, partial(_forgive, db, period, now))])


async def _forgive(db: "Connection", period: Period, now: datetime, people: list[int]) -> int:
    return rows_of(await db.execute(FORGIVE, period.since, period.until, period.waited, people, now))
