"""Owns which call goes next: in order within a chat, one a second in a chat, the rank deciding between chats.

Ranks, best first:
0. replies that are complete, and those that have waited PATIENCE_LIMIT for their address;
1. replies whose address has not come within their patience;
2. enrichments (edits of what has gone out);
3. bulk.

A reply's address is usually a few milliseconds behind it. Waiting for it makes one call out of two, so a reply waits
PATIENCE in quiet times, and PATIENCE_BUSY in a rush, when the cap is what everybody waits for: the calls that are
complete go first, and nothing is lost. It is a rush while the last RUSH arrivals fit into a second, or more wait than
the cap takes in one.

Pure: time is an argument, seconds on one monotonic clock.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import msgspec

from shared.contracts import OutboundCall

CHAT_INTERVAL: Final = 1.05
"""Seconds between calls to one chat: Telegram takes about one a second."""
RESTLESS: Final = frozenset({"answerCallbackQuery"})
"""Methods that bring no message: after them a chat need not rest."""
PATIENCE: Final = 0.1
PATIENCE_BUSY: Final = 2.0
PATIENCE_LIMIT: Final = 10.0
RUSH: Final = 10


class Priority(IntEnum):
    """Where a call came from, best first."""

    INTERACTIVE = 0
    ENRICHMENT = 1
    BULK = 2


@dataclass(slots=True, eq=False)
class Item:
    """A call in memory.

    Attributes:
        call: what to call.
        priority: where it came from.
        arrived: when.
        ready: whether it is known that it has not gone out before.
        tries: how often it has failed.
        wanted_by: how many deliveries wait for its end.
        sent_before: it turned out that it had gone out already.
    """

    call: OutboundCall
    priority: Priority
    arrived: float
    ready: bool = False
    tries: int = 0
    wanted_by: int = 0
    sent_before: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing more is expected to be merged into it."""
        return not self.call.awaits_enrichment


@dataclass(slots=True)
class _Lane:
    """One chat: its calls in order; the first may be under way."""

    items: deque[Item] = field(default_factory=deque)
    under_way: bool = False
    free_at: float = 0.0


class Schedule:
    """Calls that wait or are under way, by key and by chat.

    Args:
        rate: calls a second that the cap allows.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._latest: deque[float] = deque(maxlen=RUSH)
        self._items: dict[str, Item] = {}
        self._lanes: dict[int, _Lane] = {}
        self._ranked: list[tuple[int, float, int, int]] = []
        self._timers: list[tuple[float, int]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: str) -> Item | None:
        """The call of this key, waiting or under way."""
        return self._items.get(key)

    def waits(self, item: Item) -> bool:
        """Whether the call is here and not under way."""
        lane = self._lanes.get(item.call.chat_id)
        return lane is not None and item in lane.items and not (lane.under_way and lane.items[0] is item)

    def add(self, item: Item) -> None:
        """Put the call at the end of its chat's lane; it goes once it is made `ready`."""
        self._items[item.call.key] = item
        self._latest.append(item.arrived)
        self._lanes.setdefault(item.call.chat_id, _Lane()).items.append(item)

    def ready(self, item: Item, now: float) -> None:
        """Let the call go when its turn comes."""
        item.ready = True
        self._rank(item.call.chat_id, now)

    def merge(self, item: Item, change: OutboundCall, now: float) -> None:
        """Take a later change of the call's text into it."""
        params = {**item.call.params, "text": change.params["text"]}
        item.call = msgspec.structs.replace(item.call, params=params, awaits_enrichment=False)
        self._rank(item.call.chat_id, now)

    def next(self, now: float) -> Item | None:
        """The best call that may go now, from here on under way; None if none may."""
        while self._timers and self._timers[0][0] <= now:
            self._rank(heapq.heappop(self._timers)[1], now)
        while self._ranked:
            rank, _, _, chat = heapq.heappop(self._ranked)
            lane = self._lanes.get(chat)
            if lane is None:
                continue
            actual, later = self._rank_of(lane, now)
            if actual != rank:  # ranked anew when it changed, or in a rush it waits longer than in quiet times
                if actual is None and later is not None:
                    heapq.heappush(self._timers, (later, chat))
                continue
            lane.under_way = True
            return lane.items[0]
        return None

    def wake_at(self) -> float | None:
        """When `next` may say something else than it just did, if nothing is added; None for never."""
        return self._timers[0][0] if self._timers else None

    def done(self, item: Item, now: float) -> None:
        """The call under way is over; its chat rests for CHAT_INTERVAL if that brought a message."""
        self._forget(item)
        self._rest(item.call.chat_id, now, 0 if item.call.method in RESTLESS else CHAT_INTERVAL)

    def again(self, item: Item, now: float, pause: float) -> None:
        """The call under way must be tried again after so many seconds, still first in its chat."""
        self._rest(item.call.chat_id, now, pause)

    def remove(self, item: Item, now: float) -> None:
        """Forget a call that waits."""
        self._forget(item)
        self._rank(item.call.chat_id, now)

    def _forget(self, item: Item) -> None:
        if self._items.get(item.call.key) is item:
            del self._items[item.call.key]
        lane = self._lanes.get(item.call.chat_id)
        if lane is not None and item in lane.items:
            if lane.items[0] is item:
                lane.under_way = False
            lane.items.remove(item)

    def _rest(self, chat: int, now: float, pause: float) -> None:
        lane = self._lanes[chat]
        lane.under_way = False
        lane.free_at = now + pause
        self._rank(chat, now)

    def _rank(self, chat: int, now: float) -> None:
        """Bring the lane where it now belongs: among the ranked, under the timers, or nowhere."""
        lane = self._lanes.get(chat)
        if lane is None:
            return
        rank, later = self._rank_of(lane, now)
        if rank is not None:
            self._count += 1
            heapq.heappush(self._ranked, (rank, lane.items[0].arrived, self._count, chat))
        if later is not None:
            heapq.heappush(self._timers, (later, chat))
        if not lane.items and not lane.under_way and later is None:
            del self._lanes[chat]

    def _rush(self, now: float) -> bool:
        return len(self._items) > self._rate or (len(self._latest) == RUSH and now - self._latest[0] < 1.0)

    def _rank_of(self, lane: _Lane, now: float) -> tuple[int | None, float | None]:
        """The rank of the lane's first call, if it may go now; and when that should be looked at again."""
        if now < lane.free_at:
            return None, lane.free_at
        if lane.under_way or not lane.items or not lane.items[0].ready:
            return None, None
        item = lane.items[0]
        if item.priority is not Priority.INTERACTIVE:
            return 1 + item.priority, None
        if item.complete or now >= item.arrived + PATIENCE_LIMIT:
            return 0, None
        patience = PATIENCE_BUSY if self._rush(now) else PATIENCE
        if now < item.arrived + patience:
            return None, item.arrived + patience
        return 1, item.arrived + PATIENCE_LIMIT
