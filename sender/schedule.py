"""Owns which call goes next: the rank decides between chats, `sender.lanes` has the order within one.

Ranks, best first:
0. replies that are complete, and those that have waited PATIENCE_LIMIT for their address;
1. replies whose address has not come within their patience;
2. enrichments (edits of what has gone out);
3. bulk.

A reply's address is usually a few milliseconds behind it. Waiting for it makes one call out of two, so a reply waits
PATIENCE in quiet times, and up to PATIENCE_BUSY in a rush, when the cap is what everybody waits for: the calls that are
complete go first, and nothing is lost. It is a rush while the last RUSH arrivals came faster than the cap lets them go,
or more wait than the cap takes in a second; when it is over, whoever has waited PATIENCE goes.

Nobody starves: each of the ranks 2 and 3 gets every call after SHARE that passed it over. Nobody is blocked by many:
these ranks go SPREAD of the mean interval after the call before, so that the free slots of the cap lie evenly in time,
and a reply that comes into a queue of them waits for one, not for a heap.

Pure: time is an argument, seconds on one monotonic clock.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from typing import Final

from sender.items import Item, Priority
from sender.lanes import Lane, Lanes
from shared.contracts import OutboundCall

PATIENCE: Final = 0.1
PATIENCE_BUSY: Final = 2.0
PATIENCE_LIMIT: Final = 10.0
RUSH: Final = 10
SHARE: Final = 29
SPREAD: Final = 0.9
_LESSER: Final = (2, 3)
"""The ranks that are not of replies."""


class Schedule:
    """Calls that wait or are under way, and which of them goes next.

    Args:
        rate: calls a second that the cap allows.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._lanes = Lanes()
        self._latest: deque[float] = deque(maxlen=RUSH)
        self._ranked: list[list[tuple[float, int, int]]] = [[], [], [], []]
        self._timers: list[tuple[float, int]] = []
        self._passed_over = [0, 0, 0, 0]
        self._lesser_at = 0.0
        self._count = 0

    def __len__(self) -> int:
        return len(self._lanes)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._lanes)

    def restart(self, now: float) -> None:
        """What other processes sent before this moment is not known."""
        self._lanes.limits.restart(now)

    def silence(self, chat_id: int, now: float, seconds: float) -> None:
        """Leave this chat alone for so many seconds."""
        self._lanes.silence(chat_id, now, seconds)
        self._rank(chat_id, now)

    def get(self, key: str) -> Item | None:
        """The call of this key, waiting or under way."""
        return self._lanes.get(key)

    def waits(self, item: Item) -> bool:
        """Whether the call is here and not under way."""
        return self._lanes.waits(item)

    def add(self, item: Item) -> None:
        """Put the call into its chat's lane; it goes once it is made `ready`."""
        self._latest.append(item.arrived)
        self._lanes.add(item)

    def ready(self, item: Item, now: float) -> Item | None:
        """Let the call go when its turn comes.

        Returns:
            The call that will not go, if another of its topic waits: the older of the two.
        """
        item.ready = True
        superseded = self._lanes.fold(item)
        self._rank(item.call.chat_id, now)
        return superseded

    def merge(self, item: Item, change: OutboundCall, now: float) -> None:
        """Take a later change of the call's text into it; of several the one that was made last holds."""
        item.amend(change)
        self._rank(item.call.chat_id, now)

    def next(self, now: float) -> Item | None:
        """The best call that may go now, from here on under way; None if none may."""
        while self._timers and self._timers[0][0] <= now:
            self._rank(heapq.heappop(self._timers)[1], now)
        for rank in self._order(now):
            if (lane := self._best(rank, now)) is not None:
                self._account(rank, now)
                return self._lanes.start(lane)
        return None

    @property
    def all_rest(self) -> bool:
        """Whether `next` found nothing because the chats of all that waits must rest."""
        return not any(self._ranked)

    def wake_at(self) -> float | None:
        """When `next` may say something else than it just did, if nothing is added; None for never."""
        times = [self._timers[0][0]] if self._timers else []
        if any(self._ranked[rank] for rank in _LESSER):
            times.append(self._lesser_at)
        return min(times, default=None)

    def done(self, item: Item, now: float, *, arrived: bool = True) -> None:
        """The call under way is over; `arrived`: whether Telegram may have counted it."""
        self._lanes.end(item, now, arrived=arrived)
        if not arrived:
            self._lesser_at = min(self._lesser_at, now)
        self._rank(item.call.chat_id, now)

    def again(self, item: Item, now: float, pause: float, *, arrived: bool = True) -> None:
        """The call under way must be tried again after so many seconds, still the first of its priority in its chat.

        Args:
            item: the call.
            now: this moment.
            pause: seconds for which it and what follows it rest; what is better does not.
            arrived: whether Telegram may have counted it.
        """
        self._lanes.put_back(item, now, pause, arrived=arrived)
        self._rank(item.call.chat_id, now)

    def remove(self, item: Item, now: float) -> None:
        """Forget a call that waits."""
        self._lanes.remove(item)
        self._rank(item.call.chat_id, now)

    def move(self, item: Item, chat_id: int, now: float) -> None:
        """The chat of the call under way has another number now: it and what waits for it goes there."""
        self._lanes.move(item, chat_id, now)
        self._rank(chat_id, now)

    def newer(self, item: Item) -> Item | None:
        """The newer call of the same topic that waits while this one is under way, if there is one."""
        return self._lanes.newer(item)

    def _order(self, now: float) -> list[int]:
        """The ranks to look at now, in order."""
        lesser = _LESSER if now >= self._lesser_at else ()
        starved = [rank for rank in lesser if self._passed_over[rank] >= SHARE]
        return [*starved, 0, 1, *(rank for rank in lesser if rank not in starved)]

    def _account(self, chosen: int, now: float) -> None:
        self._lesser_at = now + SPREAD / self._rate
        self._passed_over[chosen] = 0
        for rank in _LESSER:
            if rank > chosen and self._ranked[rank]:
                self._passed_over[rank] += 1

    def _best(self, rank: int, now: float) -> Lane | None:
        """The lane whose first call is the best of that rank; entries that hold no longer are dropped on the way."""
        ranked = self._ranked[rank]
        while ranked:
            chat = heapq.heappop(ranked)[-1]
            if (lane := self._lanes.lane(chat)) is None:
                continue
            actual, later = self._rank_of(lane, now)
            if actual == rank:
                return lane
            if actual is None and later is not None:  # in a rush it waits longer than in quiet times
                heapq.heappush(self._timers, (later, chat))
        return None

    def _rank(self, chat: int, now: float) -> None:
        """Bring the lane where it now belongs: among the ranked, under the timers, or nowhere."""
        if (lane := self._lanes.lane(chat)) is None:
            return
        rank, later = self._rank_of(lane, now)
        if rank is not None and lane.first is not None:
            self._count += 1
            heapq.heappush(self._ranked[rank], (lane.first.arrived, self._count, chat))
        if (idle_until := lane.idle_until()) is not None:
            later = idle_until
            if idle_until <= now:
                self._lanes.forget(chat)
                return
        if later is not None:
            heapq.heappush(self._timers, (later, chat))

    def _calm_at(self, now: float) -> float:
        """The earliest moment at which it can be no rush, if nothing more arrives; not after `now` if it is none."""
        drained = now + (len(self._lanes) - self._rate) / self._rate
        return max(drained, self._latest[0] + RUSH / self._rate) if len(self._latest) == RUSH else drained

    def _rank_of(self, lane: Lane, now: float) -> tuple[int | None, float | None]:
        """The rank of the lane's first call, if it may go now; and when that should be looked at again."""
        item = lane.first
        if item is None or not item.ready:
            return None, None
        if now < (free_at := lane.free_at(item)):
            return None, free_at
        if item.priority is not Priority.INTERACTIVE:
            return 1 + item.priority, None
        if item.complete or now >= item.arrived + PATIENCE_LIMIT:
            return 0, None
        waits_until = max(item.arrived + PATIENCE, min(item.arrived + PATIENCE_BUSY, self._calm_at(now)))
        if now < waits_until:
            return None, waits_until
        return 1, item.arrived + PATIENCE_LIMIT
