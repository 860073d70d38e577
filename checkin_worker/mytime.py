"""Owns what somebody sees of their own time: reading a span of their days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from checkin_worker.reports.month import DayOf, Month, Plan, days_of

if TYPE_CHECKING:
    from asyncpg import Record

    from shared.database import ReadConnection
    from shared.workday import Calendar

SESSIONS: Final = """
SELECT workday, boundary, start_time, end_time, closed_by, late_seconds, excused,
       CASE WHEN start_fence = 'inside' THEN start_office_id END AS start_office,
       CASE WHEN end_fence = 'inside' THEN end_office_id END AS end_office
FROM sessions WHERE user_id = $1 AND workday BETWEEN $2 AND $3 ORDER BY workday, ordinal
"""
# Each of the two least days is the first entry of a primary key. A replica does not know yet who is let in just now.
PERSON: Final = """
SELECT (SELECT enrolled_at FROM employees WHERE user_id = $1) AS enrolled_at,
       least((SELECT min(workday) FROM sessions WHERE user_id = $1),
             (SELECT min(workday) FROM absences WHERE user_id = $1)) AS earliest,
       (SELECT coalesce(array_agg(workday), '{}') FROM absences
        WHERE user_id = $1 AND workday BETWEEN $2 AND $3) AS absences
"""
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stay:
    """A session as people are shown it.

    Attributes:
        end: None while it is open, and where the check-out was forgotten: nobody knows when it was.
        start_office, end_office: at which office it began and ended, where that is known.
        forgotten: the day is over, and nobody checked out.
    """

    start: datetime
    end: datetime | None
    start_office: int | None
    end_office: int | None
    forgotten: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Some days of somebody's, in order.

    Attributes:
        days: what each of them was.
        stays: the stays of those on which there were any.
        late: by how much they came late, also where it is excused; only of days on which a shift was due.
        enrolled_at: since when the person is known.
        earliest: the first day of which anything is known.
    """

    days: Mapping[date, DayOf]
    stays: Mapping[date, Sequence[Stay]]
    late: Mapping[date, timedelta]
    enrolled_at: datetime
    earliest: date | None


async def read(
    db: "ReadConnection", user_id: int, calendar: "Calendar", ends: tuple[date, date], now: datetime
) -> Span:
    """Read the days of a person from the first to the last one, as they are now."""
    first, last = ends
    sessions = await db.fetch(SESSIONS, user_id, first, last)
    person = await db.fetchrow(PERSON, user_id, first, last)
    if person is None:
        raise AssertionError("the query answers always")
    days: dict[date, DayOf] = {}
    for month in _months(first, last):
        plan = Plan(calendar, month)
        days.update(zip(plan.days, days_of(plan, sessions, person["absences"], now), strict=True))
    stays: dict[date, list[Stay]] = {}
    late: dict[date, timedelta] = {}
    for row in sessions:
        stays.setdefault(row["workday"], []).append(_stay(row, now))
        if row["late_seconds"] is not None:
            late[row["workday"]] = timedelta(seconds=row["late_seconds"])
    shown = {day: what for day, what in days.items() if first <= day <= last}
    return Span(shown, stays, late, person["enrolled_at"] or now, person["earliest"])


def _stay(row: "Record", now: datetime) -> Stay:
    ended = row["end_time"]
    forgotten = row["closed_by"] == "boundary" or (ended is None and row["boundary"] <= now)
    return Stay(row["start_time"], None if forgotten else ended, row["start_office"], row["end_office"], forgotten)


def _months(first: date, last: date) -> list[Month]:
    """The months that these days touch."""
    found = [Month(first.replace(day=1))]
    while found[-1].last < last:
        found.append(Month(found[-1].last + DAY))
    return found
