"""Owns the reasoning about a right that one process has at a time: what a process knows of it, and since when.

The broker feeds one of all that queue up. A process learns that it is the active one by being fed, so each publishes
a *knock* into the queue every KNOCK seconds. A knock that its author published while it was active is a *sign*, and
the active process always has one unacked in its hand: its own, or until that is back, those that it found. A process
that was frozen believes on waking that it still has the right. Therefore

- a holder's lease ends LEASE seconds after it *published* the latest sign of its own that came back to it;
- who becomes active, or finds another's sign, or let its lease run out, begins anew: it does nothing for LEASE, and
  only what it publishes from then on counts.

Claim: two processes never hold at once. Of any two that hold, let B be fed later than A was fed its last sign. Since
then a sign has been in a hand at every moment, and what was in a hand goes to the next before anything else. So when
B was fed next it found a sign that is not its own, began anew, and does nothing for LEASE; A had published its last
sign before that, so A's lease ends first. It needs clocks of one rate (not clocks that agree) which count the time
that a machine is suspended; a broker that hands out first what it took back, in the step in which it makes another
active; a holder that asks `held` right before it acts: what is paused between the question and the act escapes it.

A holder that leaves on purpose says so in a *will*. B need not wait LEASE if all the signs that it found are that
holder's, and one of its own has come back, by when it had found all there were. For whoever held between the two had
a sign of its own in its hand, and B would have found that one or a later one. A will that is late, or repeated, or of
another time meets other signs, or none, and B waits.
"""

import math
from typing import Final

import msgspec

KNOCK: Final = 0.5
LEASE: Final = 1.5
"""Seconds. The lease outlives a broker that is slow for a second, and a takeover is complete well within three."""


class Knock(msgspec.Struct, frozen=True):
    """The `number`-th knock of one attachment; `at` by its author's clock, `sign`: the author was active."""

    by: str
    number: int
    at: float
    sign: bool


class Will(msgspec.Struct, frozen=True):
    """`by` held, and does not any more, for good; `estate` is what it leaves to the next."""

    by: str
    estate: bytes


class Lease:
    """What one attachment knows. Times are seconds of one clock; a `tag` names a delivery of the caller's.

    Attributes:
        epoch: differs from before when another may have held meanwhile.
        inheritance: when the will came by which this epoch began, and the estate; None if it began by waiting.
    """

    def __init__(self, me: str, now: float, epoch: int = 0) -> None:
        self.me = me
        self.epoch = epoch
        self.inheritance: tuple[float, bytes] | None = None
        self._asked_at = now
        self._since: float | None = None
        self._begins = math.inf
        self._until = 0.0
        self._number = 0
        self._first_to_count = 1
        self._hand: int | None = None
        self._found: set[str] = set()
        self._others: list[int] = []
        self._wills: dict[str, tuple[float, Will]] = {}

    @property
    def active(self) -> bool:
        """Whether the broker feeds us, as far as is known."""
        return self._since is not None

    @property
    def counted(self) -> bool:
        """Whether a sign of this epoch has come back: all that others left has been seen."""
        return self._until > 0.0

    @property
    def eager(self) -> bool:
        """Whether the next knock is worth publishing at once, since none that is on its way can count."""
        return self.active and self._number < self._first_to_count

    def held(self, now: float) -> bool:
        """Whether we may act at this moment."""
        return self._begins <= now < self._until

    def held_for(self, now: float) -> float:
        """Seconds since we began to hold; 0 while we do not."""
        return now - self._begins if self.held(now) else 0.0

    def begins_in(self, now: float) -> float | None:
        """Seconds until we may begin if nothing happens; None while that is nothing to wait for."""
        return self._begins - now if self._begins > now and self.active else None

    def settled(self, now: float) -> bool:
        """Whether it is clear what we are: we hold, or had the time to learn that another does."""
        return self.held(now) if self.active else now >= self._asked_at + LEASE

    def knock(self, now: float) -> Knock:
        """Make the next knock; publish it at once."""
        self._number += 1
        return Knock(self.me, self._number, now, sign=self._live(now))

    def fed(self, now: float) -> None:
        """Something came, of whatever kind: the broker feeds us."""
        if not self._live(now):
            self._forget()
            self._anew(now)

    def knocked(self, knock: Knock, tag: int, now: float) -> list[int]:
        """A knock came; returns the deliveries to ack now."""
        self.fed(now)
        if not knock.sign:
            return [tag]
        if knock.by != self.me:
            if self._begins <= now:
                self._forget()  # those whom we waited for are over; before that, each must be borne in mind
            self._found.add(knock.by)
            self._others.append(tag)
            self._anew(now)
            return []
        over = [] if self._hand is None else [self._hand]
        self._hand = tag
        if knock.number >= self._first_to_count:
            over += self._others
            self._others = []
            self._until = max(self._until, knock.at + LEASE)
            self._begin_at_once(now)
        return over

    def bequeathed(self, will: Will, received_at: float, now: float) -> None:
        """A will came; `received_at` is only handed on."""
        self.fed(now)
        self._wills[will.by] = (received_at, will)
        self._begin_at_once(now)

    def leave(self, now: float) -> bool:
        """Give the right up for good; returns whether we held it, and may bequeath it."""
        held = self.held(now)
        self._since, self._begins, self._until = None, math.inf, 0.0
        return held

    def _live(self, now: float) -> bool:
        """Whether we are active and no lease of ours has run out since."""
        return self._since is not None and now < max(self._since + LEASE, self._until)

    def _anew(self, now: float) -> None:
        self.epoch += 1
        self.inheritance = None
        self._since, self._begins, self._until = now, now + LEASE, 0.0
        self._first_to_count = self._number + 1

    def _forget(self) -> None:
        self._found.clear()
        self._wills.clear()

    def _begin_at_once(self, now: float) -> None:
        """Begin without the wait, if the will of the one whose signs we found is here, and all has been found."""
        if not now < min(self._begins, self._until) or len(self._found) != 1:
            return
        [holder] = self._found
        if holder in self._wills:
            received_at, will = self._wills[holder]
            self._begins = now
            self.inheritance = (received_at, will.estate)
