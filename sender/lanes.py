"""Owns what waits for each chat and in which order, by key and by topic.

Within a chat the better priority goes first, and within a priority what was made first; one call at a time is under
way, so that a call that must be repeated is still before the next. Of the calls of one topic that wait, only the newest
stays, in the place of the oldest.

Pure: time is an argument, seconds on one monotonic clock.
"""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

import msgspec

from sender.chats import ChatLimit, ChatLimits
from sender.items import Item


@dataclass(slots=True)
class Lane:
    """One chat: what waits, best first; the call under way; how much more the chat takes."""

    limit: ChatLimit
    waiting: list[Item] = field(default_factory=list)
    under_way: Item | None = None
    silent_until: float = 0.0

    @property
    def first(self) -> Item | None:
        """The next call, if none is under way."""
        return self.waiting[0] if self.waiting and self.under_way is None else None

    def free_at(self, item: Item) -> float:
        """When the chat takes this call."""
        return max(self.silent_until, item.not_before, 0.0 if item.restless else self.limit.free_at)

    def idle_until(self) -> float | None:
        """When the lane can be forgotten; None while there is anything in it."""
        return None if self.waiting or self.under_way else max(self.limit.rested_at, self.silent_until)

    def put(self, item: Item) -> None:
        """Have it wait in its place."""
        bisect.insort(self.waiting, item, key=attrgetter("place"))


class Lanes:
    """The lanes of all chats that something waits for, or that had something a moment ago."""

    def __init__(self) -> None:
        self.limits = ChatLimits()
        self._items: dict[str, Item] = {}
        self._topics: dict[tuple[int, str], Item] = {}
        self._lanes: dict[int, Lane] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(tuple(self._items.values()))

    def get(self, key: str) -> Item | None:
        """The call of this key, waiting or under way."""
        return self._items.get(key)

    def lane(self, chat_id: int) -> Lane | None:
        """The lane of a chat."""
        return self._lanes.get(chat_id)

    def forget(self, chat_id: int) -> None:
        """Drop an idle lane."""
        del self._lanes[chat_id]

    def silence(self, chat_id: int, now: float, seconds: float) -> None:
        """Leave a chat alone for so many seconds, whether anything waits for it or not."""
        lane = self._lanes.setdefault(chat_id, Lane(self.limits.of(chat_id, now)))
        lane.silent_until = max(lane.silent_until, now + seconds)

    def waits(self, item: Item) -> bool:
        """Whether the call is here and not under way."""
        return self._items.get(item.call.key) is item and self._lanes[item.call.chat_id].under_way is not item

    def add(self, item: Item) -> None:
        """Put a new call into its chat's lane."""
        self._count += 1
        item.place = (item.priority, item.call.created_at, self._count)
        self._items[item.call.key] = item
        self._queue(item, item.arrived)

    def start(self, lane: Lane) -> Item:
        """Take the lane's first call: it is under way."""
        item = lane.waiting.pop(0)
        self._leave_topic(item)
        lane.under_way = item
        return item

    def end(self, item: Item, now: float, *, arrived: bool) -> None:
        """The call under way is over."""
        self._items.pop(item.call.key, None)
        self._stop(item, now, arrived=arrived)

    def put_back(self, item: Item, now: float, pause: float, *, arrived: bool) -> None:
        """The call under way must be tried again, not before so many seconds; a better one of its chat may go."""
        self._stop(item, now, arrived=arrived)
        item.not_before = now + pause
        self._queue(item, now)
        if item.call.topic is not None:
            self._topics.setdefault((item.call.chat_id, item.call.topic), item)

    def remove(self, item: Item) -> None:
        """Forget a call that waits."""
        self._items.pop(item.call.key, None)
        self._leave_topic(item)
        self._lanes[item.call.chat_id].waiting.remove(item)

    def move(self, item: Item, chat_id: int, now: float) -> None:
        """The chat of the call under way has another number now: what waits for it goes there."""
        old = self._lanes.pop(item.call.chat_id)
        for moved in (item, *old.waiting):
            self._leave_topic(moved)
            params = {**moved.call.params, "chat_id": chat_id}
            moved.call = msgspec.structs.replace(moved.call, chat_id=chat_id, params=params)
            self._queue(moved, now)

    def newer(self, item: Item) -> Item | None:
        """The newer call of the same topic that waits while this one is under way, if there is one."""
        other = None if item.call.topic is None else self._topics.get((item.call.chat_id, item.call.topic))
        return other if other is not None and other.call.created_at >= item.call.created_at else None

    def fold(self, item: Item) -> Item | None:
        """Keep of two calls of a topic the newer one, in the place of the older, which is returned."""
        if item.call.topic is None:
            return None
        other = self._topics.setdefault((item.call.chat_id, item.call.topic), item)
        if other is item:
            return None
        older, newer = sorted((item, other), key=lambda one: one.call.created_at)
        lane = self._lanes[item.call.chat_id]
        for one in (older, newer):
            lane.waiting.remove(one)
        newer.place = min(older.place, newer.place)
        lane.put(newer)
        newer.arrived = min(older.arrived, newer.arrived)
        newer.instead_of += [older, *older.instead_of]
        del self._items[older.call.key]
        self._topics[item.call.chat_id, item.call.topic] = newer
        return older

    def _stop(self, item: Item, now: float, *, arrived: bool) -> Lane:
        lane = self._lanes[item.call.chat_id]
        lane.under_way = None
        if arrived and not item.restless:
            lane.limit.spend(now)
        return lane

    def _queue(self, item: Item, now: float) -> None:
        lane = self._lanes.get(item.call.chat_id)
        if lane is None:
            lane = self._lanes[item.call.chat_id] = Lane(self.limits.of(item.call.chat_id, now))
        lane.put(item)

    def _leave_topic(self, item: Item) -> None:
        key = (item.call.chat_id, item.call.topic or "")
        if self._topics.get(key) is item:
            del self._topics[key]
