"""Owns a walk through a dead queue: oldest first, each message once, and what is not settled stays, in its order.

A quorum queue hands out what came back before everything else, and in the order in which it came back. So a walk
takes everything that the queue holds, keeps it unacked, and gives it back in the order in which it was handed out; one
that is interrupted takes the rest too before it gives back. Messages are taken a window at a time: once a consumer
holds as many as it may, it takes no more, and the next one begins. Only the bytes of those in the window are in memory.

What is not promised, as RabbitMQ 3.10 was seen to do it: when a walk is killed, what it held comes behind what an
earlier walk gave back and this one has not reached, and of more than 32 windows each is in order, but they are not
among themselves. A message may be held for half an hour (RabbitMQ's `consumer_timeout`), then the walk fails.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Final, Self

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

from ops.broker import broker_errors
from shared.broker import BROKER_ERRORS, below

WINDOW: Final = 20
"""Messages whose bytes are in memory: of files these are 160 MiB."""
GLANCE: Final = 0.5
"""Seconds without a message after which it is asked whether there are any."""
TIMEOUT: Final = 5.0
BACK: Final = 2.0
"""Seconds in which what is given back can be seen to be there."""


class Walk:
    """A walk over as many messages as the queue held when it began: those that come meanwhile are left alone.

    Attributes:
        total: how many these were.
        taken: how many of them it has passed.
    """

    def __init__(self, channel: AbstractChannel, name: str, window: int) -> None:
        self._channel = channel
        self._name = name
        self._window = window
        self._came: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self._tags = (f"walk-{number:06}" for number in itertools.count())
        self._tag: str | None = None
        self._source: AbstractQueue | None = None
        self._last: AbstractIncomingMessage | None = None
        self._lasts: list[AbstractIncomingMessage] = []
        self._held = 0  # by the consumer that is at work
        self._kept = 0
        self.total = 0
        self.taken = 0

    async def begin(self) -> None:
        """Count, and begin to take."""
        self.total = await self._waiting()
        if self.total:
            await self._channel.set_qos(prefetch_count=self._window, timeout=TIMEOUT)
            self._source = await self._channel.get_queue(self._name, ensure=False)
            await self._consume(self._source)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AbstractIncomingMessage:
        message = await self._next()
        if message is None:
            raise StopAsyncIteration
        return message

    async def settle(self, message: AbstractIncomingMessage) -> None:
        """Take the message, which must be the last that came, out of the queue."""
        await message.ack()
        self._held -= 1
        self._kept -= 1

    async def give_back(self) -> None:
        """Give everything back that is not settled, in its order; return when it is there."""
        while await self._next() is not None:
            pass
        if self._source is None or self._tag is None:
            return
        await self._source.cancel(self._tag, timeout=TIMEOUT)
        for last in self._lasts:
            await last.nack(multiple=True, requeue=True)
        await (await below(self._channel)).basic_nack(0, multiple=True, requeue=True)  # 0: all that is left
        with contextlib.suppress(TimeoutError):  # others may take them
            async with asyncio.timeout(BACK):
                while await self._waiting() < self._kept:  # noqa: ASYNC110 - the broker's doing is no event of ours
                    await asyncio.sleep(0.01)

    async def _next(self) -> AbstractIncomingMessage | None:
        """The next message; None when all are passed, or somebody else has taken them."""
        if self.taken >= self.total or self._source is None:
            return None
        if self._held == self._window and self._last is not None:
            await self._source.cancel(self._tag or "", timeout=TIMEOUT)
            self._lasts.append(self._last)
            await self._consume(self._source)
        message = await self._come()
        if message is not None:
            self._last = message
            self.taken += 1
            self._held += 1
            self._kept += 1
        return message

    async def _come(self) -> AbstractIncomingMessage | None:
        empty = 0
        while self._came.empty() and empty < 2:  # noqa: PLR2004 - the first time one may be on its way
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GLANCE):
                    return await self._came.get()
            empty = 0 if await self._waiting() else empty + 1
        return None if self._came.empty() else self._came.get_nowait()

    async def _consume(self, source: AbstractQueue) -> None:
        self._held = 0
        self._tag = await source.consume(self._came.put, consumer_tag=next(self._tags), timeout=TIMEOUT)

    async def _waiting(self) -> int:
        seen = await self._channel.declare_queue(self._name, passive=True, timeout=TIMEOUT)
        return seen.declaration_result.message_count or 0


@contextlib.asynccontextmanager
async def walk(connection: AbstractConnection, queue: str, most: int | None = None) -> AsyncIterator[Walk]:
    """Walk through a dead queue in the block, with so many messages in the window at most.

    What the block has not settled is back in the queue after it.

    Raises:
        BrokerUnavailable: RabbitMQ went away; it gives back by itself.
    """
    with broker_errors(f"{queue}:"):
        async with connection.channel(publisher_confirms=False) as channel:
            one = Walk(channel, queue, min(WINDOW, most or WINDOW))
            try:
                await one.begin()
                yield one
            finally:
                # A task of its own: this one may be asked to end, and the order is worth a moment.
                await asyncio.create_task(_give_back(one))


async def _give_back(one: Walk) -> None:
    with contextlib.suppress(*BROKER_ERRORS, asyncio.CancelledError):  # then the broker gives back by itself
        await one.give_back()
