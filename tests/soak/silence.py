"""Owns whether 429s were obeyed: nobody is called within a silence that the sender was told of. Pure.

One chat that is refused is silent alone; a second one that is refused within a second silences everybody, since nobody
can tell any more whose fault it is. A call that was on its way when the answer came breaks nothing.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.ledger import Call
from tests.soak.diary import Moment
from tests.soak.record import Record

TOO_MANY: Final = 429
REACTION: Final = 0.25
"""Seconds from an answer's writing until its reader must act by it."""
TOGETHER: Final = 1.0
"""Seconds within which refusals of two chats certainly silence everybody."""
TAKE_OVER: Final = 4.0
"""Seconds after a strike within which another sender may have begun that was not told."""
_RETRY_AFTER: Final = re.compile(r"retry after (\d+)")


@dataclass(frozen=True, slots=True)
class Silence:
    """From `since`, when the sender knew, to `until`; of one chat, or of everybody (None)."""

    chat_id: int | None
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Broken:
    """Calls within silences: `by_the_told`, and those that a sender made which had taken over meanwhile."""

    by_the_told: int
    by_successors: int


def silences(record: Record) -> list[Silence]:
    """Every silence that Telegram asked for."""
    found = []
    before: Silence | None = None
    for call in sorted(record.calls, key=lambda call: call.answered or 0.0):
        if call.status != TOO_MANY or call.answered is None:
            continue
        one = Silence(call.chat_id, call.answered + REACTION, _end(call))
        found.append(one)
        if before is not None and before.chat_id != one.chat_id and one.since - before.since <= TOGETHER:
            found.append(Silence(None, one.since, max(one.until, before.until)))
        before = one
    return found


def broken(record: Record) -> Broken:
    """Count the calls within silences."""
    calls = sorted(record.calls, key=lambda call: call.arrived)
    arrivals = [call.arrived for call in calls]
    told, successors = set[int](), set[int]()
    for silence in silences(record):
        for place in range(bisect_right(arrivals, silence.since), len(calls)):
            if arrivals[place] >= silence.until:
                break
            if silence.chat_id in (None, calls[place].chat_id):
                heirs = _taken_over(record.moments, silence.since, arrivals[place])
                (successors if heirs else told).add(place)
    return Broken(len(told), len(successors - told))


def unasked(record: Record) -> int:
    """Count the 429s that no fault of ours asked for: Telegram's own limits were overstepped."""
    floods = [moment for moment in record.moments if moment.kind.startswith("flood")]
    refused = [call.arrived for call in record.calls if call.status == TOO_MANY]
    return sum(not any(flood.at <= at <= flood.until for flood in floods) for at in refused)


def _end(call: Call) -> float:
    seconds = _RETRY_AFTER.search(call.description)
    return call.arrived + (int(seconds[1]) if seconds else 0)


def _taken_over(moments: Sequence[Moment], told: float, called: float) -> bool:
    """Whether somebody else may send at `called` than the one that was told shortly before `told`."""
    return any(
        moment.at <= called and moment.until + TAKE_OVER >= told - 2 * REACTION
        for moment in moments
        if moment.hits_active or moment.hands_over or "rabbitmq" in moment.kind
    )
