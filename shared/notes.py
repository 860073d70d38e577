"""Owns notes: messages that whoever holds a right keeps, and that pass on with it.

A note lies unacked in the holder's hand, so the broker stores it, and hands it to the next when the holder is gone.
RabbitMQ takes a delivery back that waits for half an hour, and the channel with it; therefore a note is given back
every RENEWAL seconds, which brings it again at once.
"""

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol

from aio_pika.abc import AbstractIncomingMessage

RENEWAL: Final = 600.0


class Notes(Protocol):
    """What a holder does with its notes."""

    def keep(self, tag: int, body: bytes) -> Collection[int]:
        """A note came; returns the tags of those not needed any more, perhaps of this one, in the order to ack them."""

    def clear(self) -> None:
        """The right is gone, or in doubt: forget all; what is still ours comes again."""


@dataclass(slots=True)
class _InHand:
    body: bytes
    message: AbstractIncomingMessage | None
    """None while it is on its way back to us."""
    since: float


class Hand:
    """The notes in hand. Each has a tag of its own, which outlives the delivery; the same body is the same note."""

    def __init__(self, notes: Notes | None) -> None:
        self._notes = notes
        self._tags = itertools.count(1)
        self._held: dict[int, _InHand] = {}
        self._by_body: dict[bytes, int] = {}

    async def take(self, message: AbstractIncomingMessage, now: float) -> None:
        """Keep a note, and ack what it makes needless; without anybody to keep it, it is acked itself."""
        if self._notes is None:
            await message.ack()
            return
        tag = self._by_body.get(message.body)
        if tag is not None:
            note = self._held[tag]
            before, note.message, note.since = note.message, message, now
            if before is not None:
                await before.ack()
            return
        tag = next(self._tags)
        self._held[tag] = _InHand(message.body, message, now)
        self._by_body[message.body] = tag
        over = [self._pop(done) for done in self._notes.keep(tag, message.body)]
        for done in over:
            if done is not None:
                await done.ack()

    async def renew(self, now: float) -> None:
        """Give back what has been in hand for long; it comes again."""
        for note in list(self._held.values()):
            if note.message is not None and note.since + RENEWAL <= now:
                message, note.message = note.message, None
                await message.reject(requeue=True)

    async def give_back(self) -> None:
        """Another may have held the right: keep nothing that does not come again."""
        held = list(self._held.values())
        self.drop()
        for note in held:
            if note.message is not None:
                await note.message.reject(requeue=True)

    def drop(self) -> None:
        """The channel is gone, and with it everything in hand."""
        self._held.clear()
        self._by_body.clear()
        if self._notes is not None:
            self._notes.clear()

    def _pop(self, tag: int) -> AbstractIncomingMessage | None:
        note = self._held.pop(tag, None)
        if note is None:
            return None
        del self._by_body[note.body]
        return note.message
