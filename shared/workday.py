"""Owns when somebody works: which working day a moment belongs to, and when a shift of it is due.

Pure but for the public holidays, which the package `holidays` tells: schedules, exceptions and zones go in; days and
moments (aware, UTC) come out.
"""

import functools
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

_DAY: Final = timedelta(days=1)
_ASK: Final = """
import sys, holidays
print(*map(str, holidays.country_holidays(sys.argv[1], years=int(sys.argv[2]))))
"""
WORKDAYS: Final = frozenset({1, 2, 3, 4, 5})
"""Monday to Friday, by ISO."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When somebody is due.

    Attributes:
        name: as people know it.
        starts: local time.
        ends: local time; at or before `starts` it is on the next day.
        grace: how long after `starts` nobody is late yet.
        weekdays: ISO numbers of the days on which a shift starts, Monday 1.
        country: whose public holidays are off (ISO 3166 code); None for nobody's.
        zone: of the local times; None for the person's own.
    """

    name: str
    starts: time
    ends: time
    grace: timedelta = timedelta()
    weekdays: frozenset[int] = WORKDAYS
    country: str | None = "AZ"
    zone: ZoneInfo | None = None

    @property
    def length(self) -> timedelta:
        """From start to end on the clock, more than nothing and at most a day."""
        return (_on(self.ends) - _on(self.starts)) % _DAY or _DAY


@dataclass(frozen=True, slots=True)
class Shift:
    """A schedule on one working day, as moments."""

    workday: date
    starts: datetime
    deadline: datetime
    ends: datetime

    def late(self, arrived: datetime) -> timedelta:
        """By how much somebody who arrived then is late: nothing within the grace, all since the start after it."""
        return arrived - self.starts if arrived > self.deadline else timedelta()


@dataclass(frozen=True, slots=True)
class Calendar:
    """A person's working days.

    Days are named by the date on which their shift starts. A day begins at `boundary`, local time; where a shift
    covers the boundary or begins before it (a night shift), it begins in the middle of the rest before the shift.

    Attributes:
        zone: the person's.
        boundary: local time at which one working day ends and the next begins.
        default: the schedule while none is assigned.
        plan: assigned schedules, each with the first day on which it holds, in order.
        exceptions: the company's own holidays (True) and working holidays (False).
    """

    zone: ZoneInfo
    boundary: time
    default: Schedule
    plan: Sequence[tuple[date, Schedule]] = ()
    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def schedule(self, workday: date) -> Schedule:
        """The schedule that holds on that day."""
        held = [schedule for since, schedule in self.plan if since <= workday]
        return held[-1] if held else self.default

    def begins(self, workday: date) -> datetime:
        """The first moment at which a tap counts for this day, unless a later day has begun too."""
        schedule = self.schedule(workday)
        if self.boundary <= schedule.starts < schedule.ends:
            return self._moment(workday, self.boundary, schedule)
        rest = _DAY - schedule.length
        return self._moment(workday, schedule.starts, schedule) - rest / 2

    def workday(self, moment: datetime) -> date:
        """The working day of a moment (aware): the latest that has begun."""
        candidate = moment.astimezone(self.zone).date() + 2 * _DAY  # a schedule may have a zone of its own
        while self.begins(candidate) > moment:
            candidate -= _DAY
        return candidate

    def bounds(self, workday: date) -> tuple[datetime, datetime]:
        """The day's first moment and the first one after it, in UTC."""
        return self.begins(workday), min(self.begins(workday + _DAY), self.begins(workday + 2 * _DAY))

    def shift(self, workday: date, zone: ZoneInfo | None = None) -> Shift | None:
        """The shift of that day; None on a day off.

        Args:
            workday: the day.
            zone: of the place where the person is, which the local times follow; None for where they usually are.
        """
        schedule = self.schedule(workday)
        if not self.due(workday):
            return None
        starts = self._moment(workday, schedule.starts, schedule, zone)
        night = _DAY if schedule.ends <= schedule.starts else timedelta()
        ends = self._moment(workday + night, schedule.ends, schedule, zone)
        return Shift(workday, starts, starts + schedule.grace, ends)

    def due(self, workday: date) -> bool:
        """Whether people of this calendar work on that day."""
        schedule = self.schedule(workday)
        off = self.exceptions.get(workday)
        if off is not None:
            return not off
        return workday.isoweekday() in schedule.weekdays and not is_holiday(schedule.country, workday)

    def _moment(self, day: date, clock: time, schedule: Schedule, zone: ZoneInfo | None = None) -> datetime:
        return datetime.combine(day, clock, zone or schedule.zone or self.zone).astimezone(UTC)


def schedule_of(*columns: Any) -> Schedule:  # noqa: ANN401 - JSON's
    """A schedule from its columns: name, starts, ends, grace_minutes, weekdays, country, timezone, as JSON has them."""
    name, starts, ends, grace_minutes, weekdays, country, timezone = columns
    return Schedule(
        name,
        time.fromisoformat(starts),
        time.fromisoformat(ends),
        timedelta(minutes=grace_minutes),
        frozenset(weekdays),
        country or None,
        ZoneInfo(timezone) if timezone else None,
    )


def is_holiday(country: str | None, day: date) -> bool:
    """Whether the day is a public holiday of the country. The first question about a year takes some 0.2 s."""
    return country is not None and day in _public_holidays(country, day.year)


@functools.lru_cache(maxsize=64)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    """Ask the package in a process of its own: it loads the calendars of 200 countries, 12 MiB that would stay."""
    asked = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", _ASK, country, str(year)], check=True, capture_output=True, text=True
    )
    return frozenset(map(date.fromisoformat, asked.stdout.split()))


def _on(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
