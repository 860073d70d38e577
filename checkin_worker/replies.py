"""Owns the one message that answers a location: what was recorded, when, where, and whether it was in time."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardMarkup

from checkin_worker.attendance import Event, Role
from checkin_worker.book import Page
from checkin_worker.entry_number import entry_number, numbered
from checkin_worker.fence import Fence, Office
from checkin_worker.keyboards import inline
from checkin_worker.people import Person
from shared.contracts import Slot
from shared.texts import Texts
from shared.workday import Calendar, Shift

UNDO: Final = "undo"
CORRECT_LEFT: Final = "left"
"""What the data of the buttons begins with: `undo:<unix seconds>:<update id>` of the check-out, and
`left:<workday>:<unix seconds>` with the moment at which a forgotten check-out is proposed."""

DELAYED: Final = timedelta(seconds=30)
"""Between sending and recording; beyond it the reply shows both."""
_MARK: Final = "\ue000"
"""A private character that no name contains (`texts.plain_name`): where the place goes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a location.

    Attributes:
        seen: the event whose place it names.
        slot: where that stands as coordinates.
        topic: while it waits, an answer of the same topic may go out in its place; None for what only it says.
    """

    text: str
    seen: Event
    slot: Slot | None = None
    keyboard: InlineKeyboardMarkup | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A day whose check-out was forgotten: the last arrival, and the shift that was due."""

    workday: date
    arrived: datetime
    shift: Shift | None

    @property
    def proposal(self) -> datetime | None:
        """When the person probably left: at the end of the shift, if they came before it."""
        return self.shift.ends if self.shift and self.shift.ends > self.arrived else None


class Teller:
    """Tells a person about their taps, in their language and on their clock."""

    def __init__(self, texts: Texts, person: Person, calendar: Calendar) -> None:
        self._texts = texts
        self._person = person
        self._calendar = calendar

    def answer(self, event: Event, page: Page, forgotten: Forgotten | None = None) -> Answer:
        """Say what the event did that day, or what the one that it repeats did.

        What is said to a repetition tells all that was said to the first, but for a check-out that was forgotten.
        """
        day = page.day
        decided = day.decided_by[event]
        role = day.roles[decided]
        confirms = day.roles[event] is Role.CONFIRMED and event.clear
        again = "repeated-" if event != decided else ""
        zone = self._zone(decided)
        local = decided.sent_at.astimezone(zone)
        lines = [
            self._texts.say("confirmed" if confirms else f"{again}{role}"),
            self._texts.say("line-name", name=self._person.full_name),
            self._texts.say("line-date", date=page.workday if role is Role.OPENED else local.date()),
            self._texts.say("line-time", time=f"{local:%H:%M:%S}"),
            self._texts.say("line-place", place=_MARK),
            *self._delay(decided, zone),
            *(self._punctuality(decided, page) if role is Role.OPENED else ()),
            *(self._hours(decided, page) if role is Role.CLOSED else ()),
            *(() if confirms else self._farewell(decided, page)),
            *((self._texts.say("ask-forgotten", date=forgotten.workday),) if forgotten else ()),
        ]
        seen = event if day.roles[event] is Role.CONFIRMED else decided
        text = numbered("\n".join(lines), self._number(decided), self._texts)
        said = self._placed(text, seen, self._keyboard(decided, role, forgotten))
        return said if confirms or forgotten else replace(said, topic=f"tap:{_named(decided)}")

    def undone(self, event: Event, page: Page) -> str:
        """Say that this check-out was taken back."""
        session = page.day.sessions[-1] if page.day.sessions else None
        since = session.start.at.astimezone(self._calendar.zone) if session and session.end is None else None
        said = self._texts.say("undone-open", time=f"{since:%H:%M}") if since else self._texts.say("undone")
        return numbered(said, self._number(event), self._texts)

    def _delay(self, event: Event, zone: ZoneInfo) -> list[str]:
        if event.recorded_at is None or event.recorded_at - event.sent_at <= DELAYED:
            return []
        sent, recorded = (moment.astimezone(zone) for moment in (event.sent_at, event.recorded_at))
        return [self._texts.say("line-delayed", sent=f"{sent:%H:%M:%S}", recorded=f"{recorded:%H:%M:%S}")]

    def _number(self, event: Event) -> str:
        return entry_number(self._person.user_id, event.ref)

    def _punctuality(self, event: Event, page: Page) -> list[str]:
        if page.late is None or page.day.sessions[0].start.event != event:
            return []
        if page.late and not page.excused:
            return [self._texts.say("line-late", by=duration(self._texts, page.late))]
        return [self._texts.say("line-on-time")]

    def _hours(self, event: Event, page: Page) -> list[str]:
        session = page.day.closed_at(event)
        if session is None:
            return []
        worked = event.sent_at - session.start.at
        return [self._texts.say("line-worked", worked=duration(self._texts, worked))]

    def _farewell(self, event: Event, page: Page) -> list[str]:
        """What is said last of all; a better look is asked for instead where one is needed."""
        if page.day.unclear(event):
            return [self._texts.say("ask-live")]
        role = page.day.roles[event]
        return [self._texts.say(f"farewell-{role}")] if role in (Role.OPENED, Role.CLOSED) else []

    def _keyboard(self, event: Event, role: Role, forgotten: Forgotten | None) -> InlineKeyboardMarkup | None:
        if role is Role.CLOSED:
            data = f"{UNDO}:{_named(event)}"
            return inline([(self._texts.say("button-undo"), data)])
        if forgotten is None or (proposal := forgotten.proposal) is None:
            return None
        clock = f"{proposal.astimezone(self._calendar.zone):%H:%M}"
        data = f"{CORRECT_LEFT}:{forgotten.workday}:{int(proposal.timestamp())}"
        return inline([(self._texts.say("button-left-at", time=clock), data)])

    def _zone(self, event: Event) -> ZoneInfo:
        office = self._office(event)
        return office.zone if office else self._calendar.zone

    def _office(self, event: Event) -> Office | None:
        if event.fence is not Fence.INSIDE:
            return None
        return next((office for office in self._person.offices if office.office_id == event.office_id), None)

    def _placed(self, template: str, event: Event, keyboard: InlineKeyboardMarkup | None) -> Answer:
        before, after = template.split(_MARK)
        office = self._office(event)
        known = office.name if office else event.address
        place = known or f"{event.latitude:.5f}, {event.longitude:.5f}"
        text = before + place + after
        slot = None if known else Slot(text, start=len(before), end=len(before) + len(place))
        return Answer(text, event, slot, keyboard)


def _named(event: Event) -> str:
    return f"{int(event.sent_at.timestamp())}:{event.update_id}"


def duration(texts: Texts, length: timedelta) -> str:
    """Hours and minutes, in words; a part of a minute counts as one where it is all there is."""
    minutes = max(int(length.total_seconds()) // 60, 1 if length else 0)
    if minutes < 60:  # noqa: PLR2004 - an hour's
        return texts.say("duration-minutes", minutes=minutes)
    return texts.say("duration-hours", hours=minutes // 60, minutes=minutes % 60)
