"""The updates that wait for the bot, in lanes: within a lane the next waits for the one before."""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from simulator.chats import MESSAGE_KINDS, Chats

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.changes import Changes

Lane = tuple[str, int]

DAY = 24 * 3600.0
LIVES = {"callback_query": 150.0, "inline_query": 30.0}
"""Seconds for which an update waits before Telegram forgets it; a day for all others."""
KINDS = (
    *("message", "edited_message", "channel_post", "edited_channel_post", "inline_query", "chosen_inline_result"),
    *("callback_query", "shipping_query", "pre_checkout_query", "poll", "poll_answer", "my_chat_member", "chat_member"),
    *("chat_join_request", "chat_boost", "removed_chat_boost", "message_reaction", "message_reaction_count"),
    *("business_connection", "business_message", "edited_business_message", "deleted_business_messages"),
    *("purchased_paid_media", "managed_bot", "guest_message"),
)
"""All kinds of update, in the order in which Telegram tells them."""
UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""What a bot gets only when it names it in allowed_updates."""


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """One update as it waits."""

    update_id: int
    kind: str
    lane: Lane
    payload: dict[str, Any]
    expires: float

    @property
    def chat_id(self) -> int:
        """The chat of a message, the person of anything else."""
        return self.lane[1]

    def body(self) -> bytes:
        """The JSON that the webhook gets."""
        return orjson.dumps(self.payload)


class Updates:
    """Everything that was sent and is not confirmed yet."""

    def __init__(
        self, chats: Chats, changes: Changes, *, clock: Callable[[], float] = time.time, seed: int = 0
    ) -> None:
        self.lanes: dict[Lane, deque[Update]] = {}
        self.allowed: frozenset[str] = frozenset()
        """The kinds that are wanted; empty means what Telegram gives by default."""
        self.listener: Callable[[Lane], None] | None = None
        """Told of each lane that has got an update."""
        self.clock = clock
        self._waiting: dict[int, Update] = {}
        self._chats = chats
        self._changes = changes
        self._random = random.Random(seed)  # noqa: S311 - no secret: repeatable ids
        self._next_id = 0
        self.restart_ids()

    def allow(self, kinds: list[str]) -> None:
        """Hand over these kinds from now on. Telegram passes over names that it does not know, and their case."""
        named = frozenset(kind.lower() for kind in kinds) & frozenset(KINDS)
        self.allowed = frozenset() if named == frozenset(KINDS) - UNASKED else named

    @property
    def pending(self) -> int:
        """How many updates wait."""
        return len(self._waiting)

    def restart_ids(self, first: int | None = None) -> None:
        """Go on from a random id, as Telegram does after a week without updates; or from this one."""
        self._next_id = self._random.randrange(10_000_000, 900_000_000) if first is None else first

    def send(self, update: dict[str, Any]) -> int:
        """Hand over an update without its id; its chat is known from now on. Returns the id.

        A message without number or date gets the next number of its chat, and now.
        """
        update_id = self._next_id
        self._next_id += 1
        now = self.clock()
        kind = next(name for name in update if name != "update_id")
        if kind in MESSAGE_KINDS:
            update[kind].setdefault("date", int(now))
        self._chats.receive(update, now)
        if kind in self.allowed or (not self.allowed and kind not in UNASKED):
            payload = {"update_id": update_id, **update}
            self._enter(Update(update_id, kind, _lane(kind, update[kind]), payload, now + LIVES.get(kind, DAY)))
        return update_id

    def confirm(self, update: Update) -> None:
        """Forget an update that was taken, or that is too old."""
        if self._waiting.pop(update.update_id, None) is None:
            return
        lane = self.lanes[update.lane]
        lane.remove(update)
        if not lane:
            del self.lanes[update.lane]
        self._changes.tell()

    def confirm_before(self, offset: int) -> None:
        """Forget all updates before `offset`; a negative one counts from the end of the queue."""
        ids = sorted(self._waiting)
        if offset < 0:
            offset = ids[max(offset, -len(ids))] if ids else 0
        for update_id in ids:
            if update_id < offset:
                self.confirm(self._waiting[update_id])

    def batch(self, limit: int) -> list[dict[str, Any]]:
        """The oldest updates, none of them too old."""
        self.forget_expired()
        return [update.payload for update, _ in zip(self._waiting.values(), range(limit), strict=False)]

    def forget_expired(self) -> None:
        """Forget what nobody fetched in time."""
        now = self.clock()
        for update in [update for update in self._waiting.values() if update.expires <= now]:
            self.confirm(update)

    def drop(self) -> None:
        """Forget everything that waits."""
        self.lanes.clear()
        self._waiting.clear()
        self._changes.tell()

    def _enter(self, update: Update) -> None:
        self._waiting[update.update_id] = update
        self.lanes.setdefault(update.lane, deque()).append(update)
        if self.listener is not None:
            self.listener(update.lane)
        self._changes.tell()


def _lane(kind: str, content: dict[str, Any]) -> Lane:
    if kind in MESSAGE_KINDS:
        return "chat", int(content["chat"]["id"])
    return kind, int(content.get("from", {}).get("id", 0))
