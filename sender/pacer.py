"""Owns the law: never more than `rate` calls arrive at Telegram in any window of 1.0 s.

There are `rate` slots. A call takes one before it goes out; the slot is stamped when the call has been written to the
socket, and is free again one second and a guard after the stamp. A slot taken and not stamped yet stays taken, however
long that lasts: a stalled event loop makes the pacer slower and never lets it catch up.

Claim: while the time from write to arrival varies by no more than the guard, no window of 1.0 s sees more than `rate`
arrivals. Take any `rate` + 1 calls that left one after another; the last of them took a slot that one of the others
had, say the k-th. Its write began after stamp(k) + 1 s + guard, and stamp(k) is not before the write of k. So they
arrive more than 1.0 s apart, and a window that holds the last one does not hold the k-th.

Across processes: `restart` marks all slots as used at that moment. A process restarts the pacer when it gains the
right to send (`shared.turn`), after every write of the holder before it. If that one left on purpose it tells the
`ages` of its stamps, and the next one inherits them, counted from when it was told: no stamp is older in its eyes
than it is. What is not told is older than a window, or used by nothing, and counts as one window old.

A slot may be taken a little before it is free, so that a call is ready when it is: it `opens` when the stamp that it
follows is a second and a guard old, and nothing may be written before. Given back, it leaves that stamp behind.

Calls are also kept half a mean interval apart. The law does not need it; it keeps a burst from reaching Telegram's
counter as one heap, of which a busy receiver may take the parts in any order.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 1.0
"""Seconds; Telegram's own."""


@dataclass(slots=True, eq=False)
class Slot:
    """The right to make one call, from the moment at which it opens; stamped at its write.

    Attributes:
        opens: seconds on the pacer's clock.
        follows: the stamp after which it opens; None if the slot was unused.
        stamped: whether it is used up.
    """

    opens: float
    follows: float | None = None
    stamped: bool = False


class Pacer:
    """Hands out slots. Times are seconds on one monotonic clock."""

    def __init__(self, rate: int, guard: float, now: float) -> None:
        self._rate = rate
        self._busy_for = WINDOW + guard
        self._gap = WINDOW / rate / 2
        self._unstamped = 0
        self._stamps: deque[float] = deque()
        self._not_before = now
        self._silent_until = now
        self.restart(now)

    @property
    def pace(self) -> float:
        """Seconds of the cap that a call takes."""
        return self._busy_for / self._rate

    def restart(self, now: float) -> None:
        """Count every slot as used at this moment."""
        self._stamps = deque([now] * self._rate)

    def ages(self, now: float) -> list[float] | None:
        """Seconds since each stamp that still matters; None while a call is not written yet, which has no age."""
        return None if self._unstamped else [now - at for at in self._stamps if at + self._busy_for > now]

    def inherit(self, ages: list[float], received_at: float, now: float) -> None:
        """Count slots as the process before used them, of whose ages we heard at `received_at`; not after `now`."""
        told = [min(now, received_at - age) for age in ages]
        self._stamps = deque(sorted(told + [received_at - WINDOW] * (self._rate - len(told))))

    def hold(self, until: float) -> None:
        """Let nothing go before that time (Telegram said so)."""
        self._silent_until = max(self._silent_until, until)

    def delay(self, now: float) -> float | None:
        """Seconds until a slot opens, 0 for now; None if that hangs on calls that are not written yet."""
        while self._stamps and self._stamps[0] + self._busy_for <= now:
            self._stamps.popleft()
        free_at = now
        if self._full:
            if not self._stamps:
                return None
            free_at = self._stamps[0] + self._busy_for
        return max(free_at, self._not_before, self._silent_until) - now

    def take(self, now: float, lead: float = 0.0) -> Slot:
        """Take a slot that opens within `lead` seconds.

        Raises:
            RuntimeError: none does; ask `delay` first.
        """
        delay = self.delay(now)
        if delay is None or delay > lead:
            raise RuntimeError("no slot is free")
        slot = Slot(now + delay, self._stamps.popleft() if self._full else None)
        self._unstamped += 1
        self._not_before = slot.opens + self._gap
        return slot

    def wait(self, slot: Slot, now: float) -> float:
        """Seconds until a call may be written by this slot, 0 for now."""
        return max(slot.opens, self._silent_until, now) - now

    @property
    def _full(self) -> bool:
        return self._unstamped + len(self._stamps) >= self._rate

    def stamp(self, slot: Slot, now: float) -> None:
        """The call has been written, or must be taken for written; the first stamp counts."""
        if not slot.stamped:
            slot.stamped = True
            self._unstamped -= 1
            self._stamps.append(now)

    def give_back(self, slot: Slot) -> None:
        """The call was certainly not written."""
        if not slot.stamped:
            slot.stamped = True
            self._unstamped -= 1
            if slot.follows is not None:
                self._stamps = deque(sorted((slot.follows, *self._stamps)))
