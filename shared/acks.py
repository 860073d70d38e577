"""Owns the acks of one channel: those of the same moment go as one, as far as nothing before them is still in hand.

RabbitMQ numbers what it hands out over a channel from 1 on, and an ack may stand for all up to a number. An ack each
costs a frame here and there, and the broker a command of the queue's log.
"""

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from shared.broker import BROKER_ERRORS, CLOSE_TIMEOUT

if TYPE_CHECKING:
    from aiormq.channel import Channel


class Acks:
    """What is in hand of a channel, and what of it is to be acked. Each number is taken once and settled once.

    Args:
        wire: the channel.
    """

    def __init__(self, wire: "Channel") -> None:
        self.wire = wire
        # Not a dict, whose first is found slowly where many before it have gone.
        self._in_hand: OrderedDict[int, None] = OrderedDict()
        self._last = 0
        self._orderly = True
        self._due: list[int] = []
        self._lost = False
        self._writing: asyncio.Task[None] | None = None

    def taken(self, tag: int) -> None:
        """A message is in hand; they come in the order of their numbers, as aiormq begins their tasks in that order."""
        self._orderly = self._orderly and tag == self._last + 1  # else one is missing, and is not to be acked
        self._last = tag
        self._in_hand[tag] = None

    def ack(self, tag: int) -> bool:
        """Ack a message in a moment, as others that are done by then; whether the channel is still open."""
        self._in_hand.pop(tag)
        if self._lost or self.wire.is_closed:
            return False
        self._due.append(tag)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="write acks")
        return True

    def given_back(self, tag: int) -> None:
        """A message was rejected: no ack is due."""
        self._in_hand.pop(tag)

    async def written(self) -> None:
        """Return when what is due is on its way, or will not be."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=CLOSE_TIMEOUT)

    def give_up(self) -> None:
        """The connection is lost, and what is due is handed out again; its writer may be gone that this waits for."""
        self._lost = True
        if self._writing is not None:
            self._writing.cancel()

    async def _write(self) -> None:
        try:
            while self._due:
                due, self._due = self._due, []
                first = next(iter(self._in_hand), self._last + 1) if self._orderly else 0
                if together := [tag for tag in due if tag < first]:
                    await self.wire.basic_ack(max(together), multiple=True, wait=False)  # the socket has time
                for tag in due:
                    if tag >= first:
                        await self.wire.basic_ack(tag, wait=False)
        except BROKER_ERRORS:
            self._lost = True
