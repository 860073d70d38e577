"""Owns how long nothing was sent around a strike although work waited and the cap had room. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.soak.diary import Moment
from tests.soak.record import Record

RATE: Final = 30
GUARD: Final = 0.025
LOOKED_AT: Final = 5.0
"""Seconds after the strike within which the longest silence is looked for; the first call after it always counts."""
WORK: Final = 3
"""Reminders that wait, for work to be waiting: one may be a chat's that rests."""


@dataclass(frozen=True, slots=True)
class Reminders:
    """The moments at which reminders were handed over and at which they were first called, both sorted."""

    handed: Sequence[float]
    called: Sequence[float]

    def waiting(self, at: float) -> int:
        """How many wait at that moment."""
        return bisect_right(self.handed, at) - bisect_right(self.called, at)


def reminders(record: Record) -> Reminders:
    """What waits while others take over: reminders, whose moments are known exactly."""
    came = {item: one for item, one in record.came().items() if item.kind == "reminder" and one.done}
    handed = sorted(item.at for item in came)
    return Reminders(handed, sorted(one.done[0].arrived for one in came.values()))


def seconds_without_a_call(record: Record, moment: Moment, waiting: Reminders) -> float | None:
    """The longest time around the strike in which a call could have gone and none went; None if that cannot be told.

    It cannot be told when too little waited, or when Telegram had asked for silence.
    """
    arrivals = sorted(call.arrived for call in record.calls)
    longest = None
    for place in range(bisect_left(arrivals, moment.at), len(arrivals)):
        before = max(moment.at, arrivals[place - 1] if place else moment.at)
        if before > moment.at + LOOKED_AT:
            break
        free = arrivals[place - RATE] + 1.0 + GUARD if place >= RATE else before
        begin = max(before, free)
        if waiting.waiting(arrivals[place] - 1e-6) < WORK or waiting.waiting(begin) < WORK:
            continue
        if _flooded(record, begin, arrivals[place]):
            return None
        longest = max(longest or 0.0, arrivals[place] - begin)
    return longest


def _flooded(record: Record, begin: float, end: float) -> bool:
    floods = (moment for moment in record.moments if moment.kind.startswith("flood"))
    return any(flood.at <= end and flood.until >= begin for flood in floods)
