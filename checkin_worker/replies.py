"""Owns the one message that answers a location: what was recorded, who, when, where, and what comes next."""

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from checkin_worker.attendance import Day, Event, Role
from checkin_worker.texts import Texts
from shared.contracts import Slot

_MARK: Final = "\ue000"
"""A private character that no name contains (`texts.plain_name`): where the place goes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The text; `slot` when it holds coordinates that an address may replace."""

    text: str
    slot: Slot | None


def answer_to(event: Event, day: Day, full_name: str, zone: ZoneInfo, texts: Texts) -> Answer:
    """Say what the event did that day, or what the one that it repeats did."""
    decided = day.decided_by[event]
    role = day.roles[decided]
    prefix = "repeated-" if day.roles[event] is Role.REPEATED else ""
    local = decided.sent_at.astimezone(zone)
    template = texts.say(
        f"{prefix}{role}",
        name=full_name,
        date=local.date(),
        time=f"{local:%H:%M:%S}",
        place=_MARK,
        **(_hours(decided, day) if role is Role.CLOSED else {}),
    )
    return _placed(template, decided)


def _placed(template: str, event: Event) -> Answer:
    before, after = template.split(_MARK)
    place = event.address or f"{event.latitude:.5f}, {event.longitude:.5f}"
    text = before + place + after
    slot = None if event.address else Slot(text, start=len(before), end=len(before) + len(place))
    return Answer(text, slot)


def _hours(closing: Event, day: Day) -> dict[str, int]:
    session = next(session for session in day.sessions if session.end == closing)
    minutes = int((closing.sent_at - session.start.sent_at).total_seconds()) // 60
    return {"hours": minutes // 60, "minutes": minutes % 60}
