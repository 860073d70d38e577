"""Owns `fleet close-day`: what was left open ends with its day, and who was due and did not come is marked.

A session that is open when its day is over is ended by the person's next location anyway, or by this; the result is
the same. A tap that is still on its way is no loss: a worker folds the day anew, whatever stands here.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from ops.database import rows_of, under_locks
from ops.due import DUE, Company, days_around, given

if TYPE_CHECKING:
    from ops.database import Connection

# By idx_sessions_open.
OVERDUE: Final = "SELECT user_id FROM sessions WHERE end_time IS NULL AND boundary <= $1 ORDER BY user_id"
END: Final = """
UPDATE sessions SET end_time = boundary, closed_by = 'boundary'
WHERE user_id = ANY($1::bigint[]) AND end_time IS NULL AND boundary <= $2
"""
# crew.moment is the beginning of the day: who came to the company later is not missed.
MARK: Final = f"""
INSERT INTO absences (user_id, workday)
SELECT p.user_id, workday FROM {DUE}
WHERE p.enrolled_at < crew.moment
  AND NOT EXISTS (SELECT FROM sessions s WHERE s.user_id = p.user_id AND s.workday = p.workday)
ON CONFLICT DO NOTHING
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Closed:
    """What was done: sessions ended, and people marked absent by day."""

    ended: int
    absent: Mapping[date, int]


async def close_day(db: "Connection", company: Company, now: datetime, back: int = 1) -> Closed:
    """End what is over, and mark who did not come where the deadline passed within `back` days. Repeatable."""
    return Closed(await end_sessions(db, now), await mark_absent(db, company, now, back))


async def end_sessions(db: "Connection", now: datetime) -> int:
    """End every open session whose day is over; returns how many."""
    overdue = [row["user_id"] for row in await db.fetch(OVERDUE, now)]
    return sum([ended async for ended in under_locks(db, overdue, partial(_end, db, now))])


async def mark_absent(db: "Connection", company: Company, now: datetime, back: int) -> Mapping[date, int]:
    """Mark who was due, had until a moment of the last `back` days to come, and has no session of that day."""
    marked: Counter[date] = Counter()
    for day in days_around(now, back):
        crews = [crew for crew in company.crews([day]) if now - timedelta(days=back) <= crew.shift.deadline < now]
        if crews:
            arguments = given(company, crews, [crew.begins for crew in crews])
            marked[day] += rows_of(await db.execute(MARK, *arguments))
    return marked


async def _end(db: "Connection", now: datetime, people: list[int]) -> int:
    return rows_of(await db.execute(END, people, now))
