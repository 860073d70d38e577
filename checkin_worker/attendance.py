"""Owns the meaning of a location: a pure fold of a person's events of one working day into sessions.

Workers compete, so the updates of one person can arrive in any order and more than once. Nothing here depends on
that: the fold sorts by (Telegram's moment, update id) and looks at nothing else, so any order of arrival, with any
repetitions, ends in the same sessions.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """A location that a person sent; identified by its moment (UTC, whole seconds) and update id."""

    sent_at: datetime
    update_id: int
    latitude: float = field(compare=False)
    longitude: float = field(compare=False)
    address: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Session:
    """A stay: from the event that opened it to the one that closed it, if any did."""

    start: Event
    end: Event | None = None


class Role(enum.StrEnum):
    """What an event did."""

    OPENED = "opened"
    CLOSED = "closed"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Day:
    """A person's working day: the sessions in order, and what each event did.

    `decided_by` leads from an event to the one whose answer it gets: itself, or the one that it repeats.
    """

    sessions: tuple[Session, ...]
    roles: dict[Event, Role]
    decided_by: dict[Event, Event]


def fold(events: Iterable[Event], double_tap: timedelta) -> Day:
    """Turn a day's events into sessions.

    An event closer than `double_tap` to the last one that counted repeats it; any other opens a session when none is
    open and closes the open one otherwise.
    """
    sessions: list[Session] = []
    roles: dict[Event, Role] = {}
    decided_by: dict[Event, Event] = {}
    last: Event | None = None
    for event in sorted(set(events)):
        if last is not None and event.sent_at - last.sent_at < double_tap:
            roles[event], decided_by[event] = Role.REPEATED, last
            continue
        if sessions and sessions[-1].end is None:
            sessions[-1] = Session(sessions[-1].start, event)
            roles[event] = Role.CLOSED
        else:
            sessions.append(Session(event))
            roles[event] = Role.OPENED
        last = decided_by[event] = event
    return Day(tuple(sessions), roles, decided_by)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which working day a moment belongs to: days end at `boundary`, local time of `zone`."""

    zone: ZoneInfo
    boundary: time

    def workday(self, moment: datetime) -> date:
        """The working day of a moment (aware)."""
        local = moment.astimezone(self.zone)
        return local.date() if local.time() >= self.boundary else local.date() - timedelta(days=1)

    def bounds(self, workday: date) -> tuple[datetime, datetime]:
        """The day's first moment and the first one after it, in UTC."""
        first = datetime.combine(workday, self.boundary, self.zone)
        after = datetime.combine(workday + timedelta(days=1), self.boundary, self.zone)
        return first.astimezone(UTC), after.astimezone(UTC)
