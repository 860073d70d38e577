"""Owns how people write a correction: `/correct 2026-11-20 09:00-18:00 the reason`. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from shared.texts import plain_line

if TYPE_CHECKING:
    from shared.workday import Calendar

LONGEST_REASON: Final = 300
OLDEST: Final = timedelta(days=31)
"""How far back a day can be corrected: reports of the month before are written by then."""

_GRAMMAR: Final = re.compile(
    r"(?P<day>\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}(?:\.\d{4})?)\s+"
    r"(?P<arrived>\d{1,2}:\d{2})(?:\s*[-–—]\s*(?P<left>\d{1,2}:\d{2}))?"
    r"(?:\s+(?P<reason>.*))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to hold for a working day: from when to when (UTC), and why."""

    workday: date
    arrived: datetime
    left: datetime | None
    reason: str


Stretch = tuple[date, datetime, datetime]
"""A working day, and from when to when (aware) somebody was at work."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a wish cannot be one: the id of what is said about it."""

    said: str


def read(words: str, calendar: "Calendar", now: datetime) -> Wish | Problem:
    """Understand what follows the command.

    A clock time is the moment at which the person's clock showed it within that working day, so a night shift's
    `22:00-06:00` ends on the next morning. A day without a year is the last one of that date.
    """
    found = _GRAMMAR.fullmatch(words.strip())
    if found is None:
        return Problem("correct-how")
    day = _day(found["day"], calendar.workday(now))
    arrived, left = _clock(found["arrived"]), _clock(found["left"])
    if day is None or arrived is None or (found["left"] and left is None):
        return Problem("correct-no-such-time")
    reason = plain_line(found["reason"] or "", LONGEST_REASON)
    if not reason:
        return Problem("correct-why")
    return _checked(day, (arrived, left), reason, calendar, now)


def example(own: Iterable[Stretch], calendar: "Calendar", now: datetime) -> str | None:
    """A day and its hours as one would write them, so that with a reason `read` takes them.

    It is the first of these stretches that can be corrected, or else the last shift; None where there is neither.
    """
    today = calendar.workday(now)
    days = (today - timedelta(days=back) for back in range(1, OLDEST.days + 1))
    shifts = ((day, shift.starts, shift.ends) for day in days if (shift := calendar.shift(day)))
    for day, start, end in (*own, *shifts):
        words = f"{day} {start.astimezone(calendar.zone):%H:%M}-{end.astimezone(calendar.zone):%H:%M}"
        if isinstance(read(f"{words} ?", calendar, now), Wish):
            return words
    return None


def _checked(
    day: date, clocks: tuple[time, time | None], reason: str, calendar: "Calendar", now: datetime
) -> Wish | Problem:
    today = calendar.workday(now)
    if day > today:
        return Problem("correct-future")
    if day < today - OLDEST:
        return Problem("correct-too-old")
    begin, end = calendar.bounds(day)
    arrived = _first(clocks[0], begin, calendar)
    left = _first(clocks[1], arrived + timedelta(minutes=1), calendar) if clocks[1] else None
    if arrived >= end or (left is not None and left > end):
        return Problem("correct-beyond-the-day")
    if arrived > now or (left is not None and left > now):
        return Problem("correct-future")
    if left is None and day < today:
        return Problem("correct-until-when")
    return Wish(day, arrived, left, reason)


def _first(clock: time, after: datetime, calendar: "Calendar") -> datetime:
    """The first moment from `after` on at which the person's clock shows this time."""
    local = after.astimezone(calendar.zone)
    days = (local.date() + timedelta(days=number) for number in range(3))
    moments = (datetime.combine(day, clock, calendar.zone).astimezone(after.tzinfo) for day in days)
    return next(moment for moment in moments if moment >= after)


def _day(text: str, today: date) -> date | None:
    try:
        if "-" in text:
            year, month, day = map(int, text.split("-"))
            return date(year, month, day)
        day, month, *rest = map(int, text.split("."))
        if rest:
            return date(rest[0], month, day)
        this_year = date(today.year, month, day)
        return this_year if this_year <= today else date(today.year - 1, month, day)
    except ValueError:
        return None


def _clock(text: str | None) -> time | None:
    try:
        return time.fromisoformat(text.zfill(5)) if text else None
    except ValueError:
        return None
