"""Owns how long people wait who come evenly within a window to something that serves them at a steady pace. Pure.

A fluid queue, read from two cumulative curves: how many have come, and how many have been served (G. F. Newell,
"Applications of Queueing Theory", 2nd edition 1982, chapter 2). Of n people within T seconds, at a pace of m a second,
the one of number k comes at k T/n and is served at max(k T/n, k/m). So waits grow evenly from the first to the last,
n/m - T, and the wait that a share of the people do not exceed is that share of the last one's.

For replies the pace is the cap's. The sender has `rate` slots, each free again a second and a guard after its use
(`sender/pacer.py`), so what has enough to do makes `rate` calls in that time. Exactly: of calls that come one after
another at A(0), A(1), ..., number k goes at

    D(k) = max(A(k), D(k - 1) + gap, D(k - rate) + 1 s + guard)

with half a mean interval for the gap, which is Lindley's recursion for `rate` slots. Unrolled it is the largest of
A(j) + c(k - j) for j <= k, where c(i) is what i calls in a row take, at most i/m and less than that by at most
`early`. The fluid's D(k) is the largest of A(j) + (k - j)/m. So whatever the arrivals, a call goes no later than the
fluid says, and no more than `early` before it. A test drives the sender's own pacer through both.
"""

import math
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 1.0
"""Seconds over which Telegram counts calls."""


@dataclass(frozen=True, slots=True)
class Cap:
    """What the sender lets go: `rate` calls in any second, proof against `guard` seconds of jitter."""

    rate: int
    guard: float

    @property
    def pace(self) -> float:
        """Calls a second while enough wait."""
        return self.rate / (WINDOW + self.guard)

    @property
    def early(self) -> float:
        """Seconds by which a call may go before the fluid says: slots free together are used in half the time."""
        return (self.rate - 1) * (1 / self.pace - WINDOW / self.rate / 2)


@dataclass(frozen=True, slots=True)
class Rush:
    """People who come evenly, and are served in the order in which they come.

    Attributes:
        people: how many.
        window: seconds within which they come; 0 for all at once.
        pace: how many are served a second.
    """

    people: int
    window: float
    pace: float

    @property
    def rate(self) -> float:
        """How many come a second; without end for those who come at once."""
        return self.people / self.window if self.window else math.inf

    @property
    def last_wait(self) -> float:
        """Seconds that the last one waits."""
        return max(0.0, self.people / self.pace - self.window)

    def wait(self, share: float) -> float:
        """Seconds that this share of the people do not exceed."""
        return share * self.last_wait

    @property
    def over(self) -> float:
        """Seconds from when the first one comes until the last one is served."""
        return self.window + self.last_wait

    @property
    def most_waiting(self) -> float:
        """How many wait when most do, which is when the last one comes."""
        return self.last_wait * self.pace
