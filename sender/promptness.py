"""Owns whether a reply came as soon as its place in the queue allows.

Its place is how many interactive calls went out from its update's arrival at our door on, itself included. The cap lets
one go every `pace` seconds, so it may take its place times that, and half a second. Addresses and bulk explain nothing:
a reply that waited for them is late. So is one that waited for a chat's or Telegram's silence.

What a sender before this one let go is not known here, nor what is longer ago than is remembered: of a reply that was
asked for before that, only the time since counts. How long nobody sent is for `sender_active` to tell.

Times are unix seconds, for the update's arrival was told by another machine.
"""

from bisect import bisect_left
from collections import deque
from typing import Final

from sender.items import Item, Priority
from sender.metrics import LATE_REPLIES

ALLOWANCE: Final = 0.5
"""Seconds that a reply may take beside its place."""
REMEMBERED: Final = 20_000
"""Calls: eleven minutes at the cap."""


class Promptness:
    """Remembers when interactive calls went out. `pace`: seconds of the cap that a call takes."""

    def __init__(self, pace: float) -> None:
        self._pace = pace
        self._gone: deque[float] = deque(maxlen=REMEMBERED)
        self._known_from = 0.0

    def restart(self, now: float) -> None:
        """The right to send came to this process: others sent until now."""
        self._gone.clear()
        self._known_from = now

    def goes(self, item: Item, now: float) -> None:
        """A call goes out."""
        if item.priority is not Priority.INTERACTIVE:
            return
        if len(self._gone) == REMEMBERED:
            self._known_from = self._gone[0]
        self._gone.append(now)

    def told(self, item: Item, now: float) -> None:
        """Telegram has answered a call: count it if it was a reply and late."""
        LATE_REPLIES.inc(self.late(item, now))

    def late(self, item: Item, now: float) -> bool:
        """Whether a reply that is answered now came later than its place explains.

        A file is none: it is made first, which takes as long as it takes.
        """
        call = item.call
        if call.asked_at is None or call.file is not None or item.priority is not Priority.INTERACTIVE:
            return False
        since = max(call.asked_at, self._known_from)
        place = len(self._gone) - bisect_left(self._gone, since)
        return now - since > ALLOWANCE + place * self._pace
