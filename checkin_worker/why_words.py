"""Owns the words in which somebody is told how the verdict about their day came about."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from checkin_worker.attendance import Mark, Role
from checkin_worker.clock import Clock
from checkin_worker.fence import UNKNOWN_ACCURACY_M, Fence
from checkin_worker.people import Person
from checkin_worker.replies import duration
from checkin_worker.why import Account
from shared.texts import Texts
from shared.workday import Calendar, Shift

if TYPE_CHECKING:
    from asyncpg import Record

_CORRECTIONS: Final = 3
"""That are told; of more, the last ones."""


class Why:
    """Tells a person how their day came about, in their language and on their clock."""

    def __init__(self, texts: Texts, person: Person, calendar: Calendar) -> None:
        self._texts = texts
        self._calendar = calendar
        self._clock = Clock(person, calendar)

    def text(self, account: Account) -> str:
        """The verdict first; then what it rests on, in the order in which it was looked at."""
        parts = (self._verdict(account), self._arrival(account), self._rule(account), self._end(account))
        paragraphs = ["\n".join(lines) for part in (*parts, self._changes(account)) if (lines := list(part))]
        return "\n\n".join(paragraphs)

    def _verdict(self, account: Account) -> Iterator[str]:
        yield self._texts.say("why-title", date=account.page.workday)
        if not account.came:
            yield self._texts.say("why-absent" if account.absent_since else "why-no-session")
        elif account.late is None:
            yield self._texts.say("why-no-shift")
        elif account.late:
            by = duration(self._texts, account.late)
            yield self._texts.say("why-late-excused" if account.excused else "why-late", by=by)
        else:
            yield self._texts.say("why-on-time")

    def _arrival(self, account: Account) -> Iterator[str]:
        if account.page.day.sessions:
            start = account.page.day.sessions[0].start
            yield self._texts.say("why-arrival", time=self._at(start.at, start))
            yield from self._mark(start, account)

    def _end(self, account: Account) -> Iterator[str]:
        sessions = account.page.day.sessions
        if not sessions:
            return
        end = sessions[-1].end
        if end is not None:
            yield self._texts.say("why-departure", time=self._at(end.at, end))
            yield from self._mark(end, account)
        elif account.left_open is not None:
            yield self._texts.say("why-forgotten", time=self._clock.at(account.left_open))
        else:
            yield self._texts.say("why-open")

    def _mark(self, mark: Mark, account: Account) -> Iterator[str]:
        """When the location was sent, came and was written down, and where it was; none where a correction says so."""
        looks = account.looks(mark)
        if not looks:
            yield self._texts.say("why-by-correction")
            return
        for number, row in enumerate(looks):
            if number:
                yield self._texts.say("why-second-look", time=self._at(row["sent_at"], mark))
            received, recorded = (self._since(row[name], mark) for name in ("received_at", "recorded_at"))
            yield self._texts.say("why-way", received=received, recorded=recorded)
            yield self._place(row)

    def _place(self, row: "Record") -> str:
        if row["fence"] is None or row["office"] is None:
            return self._texts.say("why-no-office")
        where = self._texts.say(f"why-{Fence(row['fence'])}", office=row["office"])
        if row["coarse"] or row["distance_m"] is None:
            return f"{where} {self._texts.say('why-coarse')}"
        accuracy = row["accuracy"]
        known = accuracy is not None
        how = self._texts.say(
            "why-distance" if known else "why-distance-assumed",
            distance=round(row["distance_m"]),
            accuracy=round(accuracy if known else UNKNOWN_ACCURACY_M),
            radius=row["radius_m"],
        )
        return f"{where} {how}"

    def _rule(self, account: Account) -> Iterator[str]:
        """The schedule, the deadline, the zone; and how the lateness follows from them."""
        sessions = account.page.day.sessions
        start = sessions[0].start if sessions else None
        zone = self._clock.zone(_office(start))
        shift = self._calendar.shift(account.page.workday, zone)
        schedule = self._calendar.schedule(account.page.workday)
        own = schedule is not self._calendar.default
        name = schedule.name if own else self._texts.say("why-company-hours")
        if shift is None:
            yield self._texts.say("why-day-off", schedule=name)
        else:
            yield self._texts.say("why-schedule", schedule=name, **self._times(shift, start))
            yield self._texts.say("why-zone", zone=(zone or schedule.zone or self._calendar.zone).key)
        if account.outdated:
            yield self._texts.say("why-outdated")
        elif account.late and start and shift:
            yield self._texts.say("why-counted", start=self._at(shift.starts, start), time=self._at(start.at, start))

    def _changes(self, account: Account) -> Iterator[str]:
        """What people did about the day afterwards, and the locations that count for nothing."""
        for row in account.amnesties.values() if account.excused else ():
            yield self._texts.say("why-amnesty", date=row["received_at"].astimezone(self._calendar.zone).date())
        for row in account.corrections[-_CORRECTIONS:]:
            yield self._texts.say(
                "why-corrected",
                start=self._clock.at(row["arrived_at"]),
                end=self._clock.at(row["left_at"]) if row["left_at"] else "…",
                reason=row["reason"] or "–",
                name=row["actor"] or "–",
                date=row["received_at"].astimezone(self._calendar.zone).date(),
            )
        for role in (Role.REPEATED, Role.UNDONE):
            if times := account.count(role):
                yield self._texts.say(f"why-{role}", times=times)

    def _times(self, shift: Shift, start: Mark | None) -> dict[str, str]:
        moments = {"starts": shift.starts, "ends": shift.ends, "deadline": shift.deadline}
        return {name: self._clock.at(moment, _office(start)) for name, moment in moments.items()}

    def _at(self, moment: datetime, mark: Mark) -> str:
        return self._clock.at(moment, _office(mark), seconds=True)

    def _since(self, moment: datetime, mark: Mark) -> str:
        """The time, and the date too where it is another than the mark's."""
        time = self._at(moment, mark)
        day, other = (each.astimezone(self._calendar.zone).date() for each in (mark.at, moment))
        return time if day == other else f"{other:%d.%m} {time}"


def _office(mark: Mark | None) -> int | None:
    """At which office the mark was made, where that is known."""
    return mark.office_id if mark and mark.fence is Fence.INSIDE else None
