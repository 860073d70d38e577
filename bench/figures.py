"""Owns the arithmetic: what arrived at Telegram, and when, becomes the figures of one competitor. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.ledger import Call
from simulator.windows import most_in_window, percentile

CAP: Final = 30
"""Calls that Telegram takes in any second."""


@dataclass(frozen=True, slots=True)
class Burst:
    """What came of check-ins at once; seconds count from the first publication, None where one is missing."""

    checkins: int
    calls: int
    last_reply: float | None
    last_address: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """One competitor. Seconds are seconds; None stands where there was nothing to measure.

    Attributes:
        throughput: calls a second that Telegram did, while bulk was waiting.
        most_in_one_second: calls that arrived in any window of 1.0 s, in the whole run.
        refused: calls answered with 429, in the whole run.
        waits: from publication to arrival, of interactive replies while bulk was waiting.
        cpu: the process's seconds of user and system time for each call that Telegram did.
    """

    burst: Burst
    throughput: float | None
    most_in_one_second: int
    refused: int
    waits: Sequence[float]
    cpu: float

    @property
    def wait_p50(self) -> float | None:
        """Half of the interactive replies waited no longer."""
        return percentile(self.waits, 50)

    @property
    def wait_p99(self) -> float | None:
        """All but one in a hundred waited no longer."""
        return percentile(self.waits, 99)


def steady_rate(stamps: Iterable[float], cap: int = CAP) -> float | None:
    """Calls a second in the busy middle, without the first and the last `cap` calls; None of too few.

    Whole rounds of `cap` calls are measured: whoever sends its thirty at once and then pauses is not judged by where
    a cut falls into its rhythm.
    """
    middle = sorted(stamps)[cap:-cap]
    rounds = (len(middle) - 1) // cap
    return cap * rounds / (middle[cap * rounds] - middle[0]) if rounds > 0 else None


def burst_of(calls: Sequence[Call], begun: float, checkins: int, address: str) -> Burst:
    """The figures of check-ins at once, out of all counted calls of that time; `address` is in what people wait for."""
    replied, told = dict[int | None, float](), dict[int | None, float]()
    for call in calls:
        if call.sent_a_message:
            replied.setdefault(call.chat_id, call.arrived)
        if call.done and address in call.params["text"]:
            told.setdefault(call.chat_id, call.arrived)
    return Burst(
        checkins=checkins,
        calls=len(calls),
        last_reply=max(replied.values()) - begun if len(replied) == checkins else None,
        last_address=max(told.values()) - begun if len(told) == checkins else None,
    )


def waits_of(calls: Iterable[Call], published: Mapping[int, float]) -> list[float]:
    """Seconds from the publication for each chat to the first arrival there that Telegram did; inf where none was."""
    first: dict[int, float] = {}
    for call in calls:
        if call.sent_a_message and call.chat_id is not None and call.chat_id in published:
            first.setdefault(call.chat_id, call.arrived)
    return [first.get(chat, math.inf) - at for chat, at in published.items()]


def figures_of(
    burst: Burst, calls: Sequence[Call], load: Sequence[Call], waits: Sequence[float], cpu: float
) -> Figures:
    """All figures: `calls` of the whole run, `load` those beside bulk, `cpu` the seconds that all of them took."""
    return Figures(
        burst=burst,
        throughput=steady_rate(call.arrived for call in load if call.done),
        most_in_one_second=most_in_window(call.arrived for call in calls),
        refused=sum(call.status == 429 for call in calls),  # noqa: PLR2004 - HTTP's number
        waits=waits,
        cpu=cpu / max(sum(call.done for call in calls), 1),
    )
