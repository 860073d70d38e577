"""Owns a month of somebody's attendance: what each day was, and the sum of them. Pure."""

import calendar
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Self

from babel.dates import format_skeleton

from shared.workday import Calendar

_DAY: Final = timedelta(days=1)
_BEYOND: Final = 3
"""Days after the month whose beginnings matter: a later day may begin before an earlier one where schedules change."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar."""

    first: date

    @classmethod
    def named(cls, name: str) -> Self:
        """The month `YYYY-MM`.

        Raises:
            ValueError: there is none of this name.
        """
        return cls(date.fromisoformat(f"{name}-01"))

    @property
    def name(self) -> str:
        """As `YYYY-MM`."""
        return f"{self.first:%Y-%m}"

    @property
    def days(self) -> list[date]:
        """All its days."""
        count = calendar.monthrange(self.first.year, self.first.month)[1]
        return [self.first + number * _DAY for number in range(count)]

    @property
    def last(self) -> date:
        """Its last day."""
        return self.days[-1]

    def title(self, language: str) -> str:
        """The month and the year in words."""
        return format_skeleton("yMMMM", self.first, locale=language)


class Plan:
    """A month as a calendar has it: which days are due, and when each begins."""

    def __init__(self, held: Calendar, month: Month) -> None:
        self.zone = held.zone
        self.days = month.days
        self._shifts = [held.shift(day) for day in self.days]
        begins = [held.begins(month.first + number * _DAY) for number in range(len(self.days) + _BEYOND)]
        for number in range(len(begins) - 2, -1, -1):
            begins[number] = min(begins[number : number + 2])
        self._begins = begins

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The first moment of the month, and the one after the last."""
        return self._begins[0], self._begins[len(self.days)]

    def workday(self, moment: datetime) -> date:
        """The working day of a moment within the bounds; the same as `Calendar.workday`, and quicker."""
        return self.days[bisect_right(self._begins, moment) - 1]

    def due(self) -> list[bool]:
        """Whether a shift is due, day by day."""
        return [shift is not None for shift in self._shifts]

    def expected(self, since: datetime, until: datetime) -> int:
        """The days on which somebody who has been here since then should have come until then."""
        return sum(shift is not None and since <= shift.starts and shift.deadline < until for shift in self._shifts)


@dataclass(frozen=True, slots=True)
class DayOf:
    """What a working day was.

    Attributes:
        due: whether a shift was due.
        worked: the length of all stays that were ended by the person or by a correction.
        late: by how much the first arrival was late, nothing where that is excused.
        excused: whether it was, and is excused.
        forgotten: a check-out was, and what was worked from that arrival on is not known.
        here: somebody is at work still.
        absent: marked so, and nobody came.
    """

    due: bool
    came: bool = False
    worked: timedelta = timedelta()
    late: timedelta = timedelta()
    excused: bool = False
    forgotten: bool = False
    here: bool = False
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """The sum of days."""

    present: int
    worked: timedelta
    lates: int
    late: timedelta
    excused: int
    absences: int
    forgotten: int


def days_of(plan: Plan, sessions: Iterable[Any], absences: Collection[date], asked_at: datetime) -> list[DayOf]:
    """Each day of the month, from the rows of the table `sessions` in order, and the days that were marked as absences.

    A session that is open after its day is over is a forgotten check-out, whether or not that was written down yet.
    """
    by_day: dict[date, list[Any]] = {}
    for session in sessions:
        by_day.setdefault(session["workday"], []).append(session)
    return [
        _day(by_day.get(day, []), asked_at, due=due, absent=day in absences)
        for day, due in zip(plan.days, plan.due(), strict=True)
    ]


def totals_of(days: Sequence[DayOf]) -> Totals:
    """Sum them up."""
    return Totals(
        present=sum(day.came for day in days),
        worked=sum((day.worked for day in days), timedelta()),
        lates=sum(bool(day.late) for day in days),
        late=sum((day.late for day in days), timedelta()),
        excused=sum(day.excused for day in days),
        absences=sum(day.absent for day in days),
        forgotten=sum(day.forgotten for day in days),
    )


def _day(sessions: Sequence[Any], asked_at: datetime, *, due: bool, absent: bool) -> DayOf:
    if not sessions:
        return DayOf(due=due, absent=absent)
    late = timedelta(seconds=sessions[0]["late_seconds"] or 0)
    excused = sessions[0]["excused"]
    left_open = [session for session in sessions if session["end_time"] is None]
    ended = [session for session in sessions if session["closed_by"] in ("tap", "correction")]
    return DayOf(
        due=due,
        came=True,
        worked=sum((session["end_time"] - session["start_time"] for session in ended), timedelta()),
        late=timedelta() if excused else late,
        excused=bool(late) and excused,
        forgotten=any(session["closed_by"] == "boundary" for session in sessions)
        or any(session["boundary"] <= asked_at for session in left_open),
        here=any(session["boundary"] > asked_at for session in left_open),
    )
