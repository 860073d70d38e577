"""Owns the one message that answers a location: what was recorded, when, where, and whether it was in time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardMarkup

from checkin_worker.attendance import Event, Role
from checkin_worker.book import Page
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
    """The text; the event whose place it names; `slot` when that stands there as coordinates; buttons, if any."""

    text: str
    seen: Event
    slot: Slot | None = None
    keyboard: InlineKeyboardMarkup | None = None


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

    def __init__(self, texts: Texts, person: Person, calendar: Calendar, recorded_at: datetime) -> None:
        self._texts = texts
        self._person = person
        self._calendar = calendar
        self._recorded_at = recorded_at

    def answer(self, event: Event, page: Page, forgotten: Forgotten | None = None) -> Answer:
        """Say what the event did that day, or what the one that it repeats did."""
        day = page.day
        decided = day.decided_by[event]
        role = day.roles[decided]
        again = "repeated-" if event != decided else ""
        title = "confirmed" if day.roles[event] is Role.CONFIRMED and event.clear else f"{again}{role}"
        zone = self._zone(decided)
        local = decided.sent_at.astimezone(zone)
        lines = [
            self._texts.say(title),
            self._texts.say("line-name", name=self._person.full_name),
            self._texts.say("line-date", date=page.workday if role is Role.OPENED else local.date()),
            self._texts.say("line-time", time=f"{local:%H:%M:%S}"),
            self._texts.say("line-place", place=_MARK),
            *self._delay(event, zone),
            *(self._punctuality(decided, page) if role is Role.OPENED else ()),
            *(self._hours(decided, page) if role is Role.CLOSED else ()),
            *self._asks(event, page, forgotten),
        ]
        seen = event if day.roles[event] is Role.CONFIRMED else decided
        return self._placed("\n".join(lines), seen, self._keyboard(decided, role, forgotten))

    def undone(self, page: Page) -> str:
        """Say that a check-out was taken back."""
        session = page.day.sessions[-1] if page.day.sessions else None
        since = session.start.at.astimezone(self._calendar.zone) if session and session.end is None else None
        return self._texts.say("undone-open", time=f"{since:%H:%M}") if since else self._texts.say("undone")

    def _delay(self, event: Event, zone: ZoneInfo) -> list[str]:
        if self._recorded_at - event.sent_at <= DELAYED:
            return []
        sent, recorded = (moment.astimezone(zone) for moment in (event.sent_at, self._recorded_at))
        return [self._texts.say("line-delayed", sent=f"{sent:%H:%M:%S}", recorded=f"{recorded:%H:%M:%S}")]

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

    def _asks(self, event: Event, page: Page, forgotten: Forgotten | None) -> list[str]:
        role = page.day.roles[event]
        asked = []
        if event.fence is Fence.UNCERTAIN and role in (Role.OPENED, Role.CLOSED, Role.CONFIRMED):
            asked.append(self._texts.say("ask-live"))
        elif role is Role.OPENED:
            asked.append(self._texts.say("farewell-opened"))
        elif role is Role.CLOSED:
            asked.append(self._texts.say("farewell-closed"))
        if forgotten is not None:
            asked.append(self._texts.say("ask-forgotten", date=forgotten.workday))
        return asked

    def _keyboard(self, event: Event, role: Role, forgotten: Forgotten | None) -> InlineKeyboardMarkup | None:
        if role is Role.CLOSED:
            data = f"{UNDO}:{int(event.sent_at.timestamp())}:{event.update_id}"
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


def duration(texts: Texts, length: timedelta) -> str:
    """Hours and minutes, in words; a part of a minute counts as one where it is all there is."""
    minutes = max(int(length.total_seconds()) // 60, 1 if length else 0)
    if minutes < 60:  # noqa: PLR2004 - an hour's
        return texts.say("duration-minutes", minutes=minutes)
    return texts.say("duration-hours", hours=minutes // 60, minutes=minutes % 60)
