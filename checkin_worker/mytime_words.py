"""Owns somebody's own time in words: today, this month, and the days before, a line for each."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from babel.dates import format_skeleton

from checkin_worker.chart import Bar
from checkin_worker.clock import Clock
from checkin_worker.mytime import Span, Stay
from checkin_worker.people import Person
from checkin_worker.replies import duration
from checkin_worker.reports.month import DayOf, Month, totals_of
from shared.texts import Texts
from shared.workday import Calendar

_STAYS: Final = 12
_SPANS: Final = 4
"""Stays that are shown of a day, by itself and in a line; of somebody who comes and goes more often, the last ones."""


class MyTime:
    """Tells a person about their time, in their language and on their clock."""

    def __init__(self, texts: Texts, person: Person, calendar: Calendar, now: datetime) -> None:
        self._texts = texts
        self._calendar = calendar
        self._clock = Clock(person, calendar)
        self._now = now

    def today(self, span: Span, day: date) -> str:
        """The working day so far: the shift, whether they came in time, each stay, and the sum of them."""
        stays, what = span.stays.get(day, ()), span.days[day]
        lines = [self._texts.say("today-title", date=day), self._shift(day, stays), *self._punctuality(span, day)]
        if len(stays) > _STAYS:
            lines.append(self._texts.say("today-earlier", stays=len(stays) - _STAYS))
        lines += [self._stay(stay) for stay in stays[-_STAYS:]]
        if what.worked:
            lines.append(self._texts.say("today-worked", worked=duration(self._texts, what.worked)))
        return "\n".join(lines)

    def month(self, span: Span, month: Month, expected: int) -> str:
        """The sums of the month so far; `expected` are the days on which the person should have come."""
        totals = totals_of(list(span.days.values()))
        lines = [
            self._texts.say("me-title", month=month.title(self._texts.language)),
            self._texts.say("me-days", present=totals.present, expected=expected),
            self._texts.say("me-worked", worked=duration(self._texts, totals.worked)),
            self._texts.say("me-lates", lates=totals.lates, late=duration(self._texts, totals.late)),
        ]
        counted = (("excused", totals.excused), ("absences", totals.absences), ("forgotten", totals.forgotten))
        lines += [self._texts.say(f"me-{name}", days=days) for name, days in counted if days]
        lines += [self._texts.say("me-here", so_far=self._so_far(stay)) for stay in _open(span)]
        return "\n".join([*lines, "", self._texts.say("me-legend")])

    def bars(self, span: Span) -> list[Bar]:
        """The same days as the picture has them."""
        running = {day: self._length(stay) for day, stays in span.stays.items() for stay in stays if _is_open(stay)}
        return [
            Bar(
                day,
                off=not what.due,
                worked=what.worked,
                running=running.get(day, timedelta()),
                late=bool(what.late),
                absent=what.absent,
                forgotten=what.forgotten,
            )
            for day, what in span.days.items()
        ]

    def history(self, span: Span) -> str:
        """A line for each day, the last one first."""
        first, last = min(span.days), max(span.days)
        title = self._texts.say("history-title", first=self._date(first, "MMMd"), last=self._date(last, "yMMMd"))
        days = sorted((day for day in span.days if span.earliest and day >= span.earliest), reverse=True)
        lines = [f"{self._date(day, 'MMMEd')}: {self._line(span, day)}" for day in days]
        return "\n".join([title, "", *(lines or [self._texts.say("history-nothing")])])

    def _line(self, span: Span, day: date) -> str:
        what, stays = span.days[day], span.stays.get(day, ())
        if not stays:
            return self._texts.say(_nothing(what))
        times = ", ".join(self._times(stay) for stay in stays[-_SPANS:])
        parts = [f"…, {times}" if len(stays) > _SPANS else times]
        if what.worked:
            parts.append(duration(self._texts, what.worked))
        if late := span.late.get(day):
            parts.append(self._texts.say(f"history-{_lateness(what)}", by=duration(self._texts, late)))
        if what.forgotten:
            parts.append(self._texts.say("history-forgotten"))
        return " · ".join(parts)

    def _shift(self, day: date, stays: Sequence[Stay]) -> str:
        shift = self._calendar.shift(day, self._clock.zone(stays[0].start_office) if stays else None)
        if shift is None:
            return self._texts.say("today-off")
        office = stays[0].start_office if stays else None
        times = {name: self._clock.at(getattr(shift, name), office) for name in ("starts", "deadline", "ends")}
        return self._texts.say("today-shift", **times)

    def _punctuality(self, span: Span, day: date) -> Iterator[str]:
        what, late = span.days[day], span.late.get(day)
        if not what.came:
            shift = self._calendar.shift(day)
            missing = shift is not None and self._now > shift.deadline
            yield self._texts.say("today-missing" if missing else "today-nothing")
        elif late:
            yield self._texts.say(f"today-{_lateness(what)}", by=duration(self._texts, late))
        elif late is not None:
            yield self._texts.say("today-on-time")

    def _stay(self, stay: Stay) -> str:
        if stay.forgotten:
            return self._texts.say("today-stay-forgotten", start=self._clock.at(stay.start, stay.start_office))
        if stay.end is None:
            start = self._clock.at(stay.start, stay.start_office)
            return self._texts.say("today-stay-open", start=start, so_far=self._so_far(stay))
        worked = duration(self._texts, stay.end - stay.start)
        return self._texts.say("today-stay", times=self._times(stay), worked=worked)

    def _so_far(self, stay: Stay) -> str:
        return duration(self._texts, self._length(stay))

    def _length(self, stay: Stay) -> timedelta:
        """Of a stay that goes on; Telegram's clock may be ahead of ours."""
        return max(self._now - stay.start, timedelta())

    def _times(self, stay: Stay) -> str:
        end = "…" if stay.end is None else self._clock.at(stay.end, stay.end_office)
        return f"{self._clock.at(stay.start, stay.start_office)}–{end}"

    def _date(self, day: date, skeleton: str) -> str:
        return str(format_skeleton(skeleton, day, locale=self._texts.language))


def _is_open(stay: Stay) -> bool:
    return stay.end is None and not stay.forgotten


def _open(span: Span) -> list[Stay]:
    """The stay that goes on still, if there is one."""
    return [stay for stays in span.stays.values() for stay in stays if _is_open(stay)]


def _nothing(what: DayOf) -> str:
    """What is said about a day on which nobody came."""
    if what.absent:
        return "history-absent"
    return "history-nobody" if what.due else "history-off"


def _lateness(what: DayOf) -> str:
    return "excused" if what.excused else "late"
