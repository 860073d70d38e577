"""Owns the meaning of a location: a pure fold of a person's events of one working day into sessions.

Workers compete, so the updates of one person can arrive in any order and more than once. Nothing here depends on
that: the fold sorts by (Telegram's moment, update id) and looks at nothing else, so any order of arrival, with any
repetitions, ends in the same sessions.
"""

import enum
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from checkin_worker.fence import Fence

CONFIRM_WITHIN: Final = timedelta(minutes=15)
"""A location this soon after one that the fence could not tell is taken as a better look, not as the next tap."""

Ref = tuple[datetime, int]
"""Names an event of a person: its moment and its update."""


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """A location that a person sent; identified by its moment (UTC, whole seconds) and update id.

    Attributes:
        evidence: not a message but a later look of a live location; it can confirm what came before and nothing else.
        recorded_at: when it was written down, where that is known.
    """

    sent_at: datetime
    update_id: int
    latitude: float = field(compare=False)
    longitude: float = field(compare=False)
    address: str | None = field(default=None, compare=False)
    fence: Fence | None = field(default=None, compare=False)
    office_id: int | None = field(default=None, compare=False)
    evidence: bool = field(default=False, compare=False)
    recorded_at: datetime | None = field(default=None, compare=False)

    @property
    def ref(self) -> Ref:
        """What names it."""
        return self.sent_at, self.update_id

    @property
    def clear(self) -> bool:
        """Whether the fence could tell where it was."""
        return self.fence in (Fence.INSIDE, Fence.OUTSIDE)


@dataclass(frozen=True, slots=True, order=True)
class Correction:
    """What was approved for the day: it replaces the sessions of all taps before the moment at which it was asked."""

    sent_at: datetime
    update_id: int
    arrived: datetime = field(compare=False)
    left: datetime | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """One end of a session: when, by which update, at which event (none where a correction set it).

    `fence` and `office_id` are the event's, or those of the better look that confirmed it.
    """

    at: datetime
    update_id: int
    event: Event | None = None
    fence: Fence | None = None
    office_id: int | None = None

    @classmethod
    def of(cls, event: Event) -> Self:
        """The mark that an event makes."""
        return cls(event.sent_at, event.update_id, event, event.fence, event.office_id)


@dataclass(frozen=True, slots=True)
class Session:
    """A stay: from the mark that opened it to the one that closed it, if any did."""

    start: Mark
    end: Mark | None = None


class Role(enum.StrEnum):
    """What an event did."""

    OPENED = "opened"
    CLOSED = "closed"
    REPEATED = "repeated"
    CONFIRMED = "confirmed"
    UNDONE = "undone"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Day:
    """A person's working day: the sessions in order, and what each event did.

    `decided_by` leads from an event to the one whose answer it gets: itself, or the one that it repeats or confirms.
    """

    sessions: tuple[Session, ...]
    roles: dict[Event, Role]
    decided_by: dict[Event, Event]

    def closed_at(self, event: Event) -> Session | None:
        """The session that this event closed, if it still does."""
        return next((session for session in self.sessions if session.end and session.end.event == event), None)

    def unclear(self, event: Event) -> bool:
        """Whether the mark that this event made is still one of which nobody can tell where it was."""
        marks = (mark for session in self.sessions for mark in (session.start, session.end) if mark is not None)
        return any(mark.event == event and mark.fence is Fence.UNCERTAIN for mark in marks)

    def taken_back_with(self, event: Event) -> list[Ref]:
        """What an undo of this event is about: it, and all that repeated or confirmed it.

        Left alone, a location that confirmed a check-out would be the next tap once that does not count.
        """
        return [one.ref for one, decided in self.decided_by.items() if decided == event and not one.evidence]


def fold(
    events: Iterable[Event],
    double_tap: timedelta,
    corrections: Iterable[Correction] = (),
    undone: AbstractSet[Ref] = frozenset(),
) -> Day:
    """Turn a day's events into sessions.

    An event closer than `double_tap` to the last one that counted repeats it; one within CONFIRM_WITHIN of one that the
    fence could not tell confirms it; any other opens a session when none is open and closes the open one otherwise.
    An event that was undone counts as if it had not been sent, but what repeats it repeats it still.
    """
    work = _Fold(double_tap, undone)
    log: set[Event | Correction] = {*events, *corrections}
    for one in sorted(log, key=lambda one: (one.sent_at, one.update_id)):
        if isinstance(one, Correction):
            work.correct(one)
        else:
            work.take(one)
    return Day(tuple(work.sessions), work.roles, work.decided_by)


class _Fold:
    """The state after the events so far."""

    def __init__(self, double_tap: timedelta, undone: AbstractSet[Ref]) -> None:
        self.sessions: list[Session] = []
        self.roles: dict[Event, Role] = {}
        self.decided_by: dict[Event, Event] = {}
        self._double_tap = double_tap
        self._undone = undone
        self._last: Event | None = None
        self._touched: datetime | None = None
        """When the last one that counted was last seen: by itself, or by what confirmed it."""
        self._unclear = False

    def correct(self, correction: Correction) -> None:
        start = Mark(correction.arrived, correction.update_id)
        end = Mark(correction.left, correction.update_id) if correction.left else None
        self.sessions = [Session(start, end)]
        self._last, self._touched, self._unclear = None, None, False

    def take(self, event: Event) -> None:
        role = self._role(event)
        self.roles[event] = role
        if role in (Role.REPEATED, Role.CONFIRMED) and self._last is not None:
            self.decided_by[event] = self._last
            if role is Role.CONFIRMED:
                self._confirm(event)
            return
        self.decided_by[event] = event
        if role is Role.IGNORED:
            return
        self._last, self._touched = event, event.sent_at
        self._unclear = event.fence is Fence.UNCERTAIN and role is not Role.UNDONE
        if role is Role.CLOSED:
            self.sessions[-1] = Session(self.sessions[-1].start, Mark.of(event))
        elif role is Role.OPENED:
            self.sessions.append(Session(Mark.of(event)))

    def _role(self, event: Event) -> Role:
        since_last = None if self._last is None else event.sent_at - self._last.sent_at
        if self._unclear and since_last is not None and since_last < CONFIRM_WITHIN and self._tells_more(event):
            return Role.CONFIRMED
        if event.evidence:
            return Role.IGNORED
        if self._touched is not None and event.sent_at - self._touched < self._double_tap:
            return Role.REPEATED
        if event.ref in self._undone:
            return Role.UNDONE
        return Role.CLOSED if self.sessions and self.sessions[-1].end is None else Role.OPENED

    def _tells_more(self, event: Event) -> bool:
        """Whether a second look is one: clear, or sent on purpose, which a repeated tap within the window is not."""
        waited = self._touched is not None and event.sent_at - self._touched >= self._double_tap
        return event.clear or (waited and not event.evidence)

    def _confirm(self, event: Event) -> None:
        """Let a second look say where the last mark was made."""
        self._touched = event.sent_at
        if not event.clear:
            return
        self._unclear = False
        session = self.sessions[-1]
        mark = session.end or session.start
        seen = Mark(mark.at, mark.update_id, mark.event, event.fence, event.office_id)
        self.sessions[-1] = Session(session.start, seen) if session.end else Session(seen)
