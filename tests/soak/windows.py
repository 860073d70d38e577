"""Owns what the judge asks of the arrivals: when each item came, which calls had no known answer. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from simulator.ledger import Call
from tests.soak.diary import Item, Moment, mark_of

IN_HAND: Final = 0.5
"""Seconds that an answer may need from its writing until the sender has acted on it and told Redis and the broker."""
STRUCK_WITHIN: Final = 0.3
"""Seconds from the log of a moment until its processes are struck: what arrives in them was theirs."""
_SEND: Final = "send"


@dataclass(slots=True)
class Came:
    """The calls that brought an item, in order of arrival; `tried` counts those that did nothing as well."""

    done: list[Call] = field(default_factory=list)
    tried: int = 0


def sort_out(items: Iterable[Item], calls: Iterable[Call]) -> dict[Item, Came]:
    """Find the calls of each item by whom they were for and what they said."""
    by_mark = {(item.chat_id, mark): item for item in items for mark in item.marks}
    came = {item: Came() for item in by_mark.values()}
    for call in sorted(calls, key=lambda call: call.arrived):
        if not call.method.startswith(_SEND) or call.chat_id is None:
            continue
        mark = mark_of(str(call.params.get("text", "")))
        if mark is None or (found := by_mark.get((call.chat_id, mark))) is None:
            continue
        came[found].tried += 1
        if call.done:
            came[found].done.append(call)
    return came


def unknown(call: Call, moments: Iterable[Moment]) -> bool:
    """Whether its sender may not know that the call was done: no good answer came, or it came to a struck process."""
    if not call.known or call.answered is None:
        return True
    known_by = call.answered + IN_HAND
    return any(moment.hits_active and call.arrived - STRUCK_WITHIN <= moment.at <= known_by for moment in moments)


def over_the_cap(arrivals: Iterable[float], rate: int, width: float = 1.0) -> list[float]:
    """The moments at which a window of `width` seconds held more than `rate` arrivals."""
    stamps = sorted(arrivals)
    return [stamps[last] for last in range(rate, len(stamps)) if stamps[last] - stamps[last - rate] < width]
