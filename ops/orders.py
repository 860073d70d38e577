"""Owns operators' orders: given as notes to whoever holds a right, which RabbitMQ keeps, and the sender seen to obey.

The sender says nothing back, and need not: what it pauses it does not consume, which RabbitMQ knows.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import aio_pika
from aio_pika import DeliveryMode
from aio_pika.abc import AbstractChannel
from pydantic import SecretStr

from ops.broker import broker, broker_errors
from shared.broker import heed_cancellation
from shared.contracts import CallPriority, Message, Order, encode
from shared.topology import BULK, ENRICHMENT, FILES, INTERACTIVE, SENDER_TURN, WorkQueue

NOTE: Final = "order"
QUEUES: Final[Mapping[CallPriority, tuple[WorkQueue, ...]]] = MappingProxyType(
    {"interactive": (INTERACTIVE, FILES), "enrichment": (ENRICHMENT,), "bulk": (BULK,)}
)
"""What is consumed of each priority while it is not paused."""
PATIENCE: Final = 5.0
"""Seconds in which a sender obeys, a takeover included."""
GLANCE: Final = 0.25
"""Seconds between two looks."""
TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages wait in some queues, how many consumers take from them, and how many are tried again later."""

    waiting: int
    consumers: int
    later: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of an order about a priority: how many senders there are, active or not, and its queues."""

    senders: int
    depth: Depth

    def obeys(self, *, paused: bool) -> bool:
        """Whether a sender does so."""
        return self.senders > 0 and (self.depth.consumers == 0) == paused


class OrderDesk:
    """Leaves notes, of which orders to the sender are one kind, and looks at queues."""

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel

    async def give(self, order: Order) -> None:
        """Return when RabbitMQ keeps the order, whoever is the sender; as `leave` does."""
        await self.leave(SENDER_TURN, order, order.subject)

    async def leave(self, turn: WorkQueue, message: Message, subject: str) -> None:
        """Return when RabbitMQ keeps the message as a note, for whoever holds the right of that queue.

        Raises:
            BrokerUnavailable: it may be kept or not; leave it again.
        """
        note = aio_pika.Message(encode(message), type=NOTE, message_id=subject, delivery_mode=DeliveryMode.PERSISTENT)
        with broker_errors(f"{turn.name}:"):
            await self._channel.default_exchange.publish(note, turn.name, mandatory=True, timeout=TIMEOUT)

    async def depth(self, *queues: WorkQueue) -> Depth:
        """What RabbitMQ says of the queues together, at this moment.

        Raises:
            BrokerUnavailable: it says nothing.
        """
        with broker_errors("looking at the queues:"):
            seen = [await self._look(queue.name) for queue in queues]
            later = [await self._look(name) for queue in queues for name in queue.retry_names]
        heed_cancellation()  # who looks again and again must hear of a Ctrl-C that came with an answer
        waiting, consumers = sum(count for count, _ in seen), sum(count for _, count in seen)
        return Depth(waiting, consumers, sum(count for count, _ in later))

    async def length(self, name: str) -> int:
        """How many messages a queue holds that nobody has in hand.

        Raises:
            BrokerUnavailable: RabbitMQ says nothing.
        """
        with broker_errors(f"looking at {name}:"):
            return (await self._look(name))[0]

    async def _look(self, name: str) -> tuple[int, int]:
        """The messages and the consumers of one queue."""
        seen = (await self._channel.declare_queue(name, passive=True, timeout=TIMEOUT)).declaration_result
        return seen.message_count or 0, seen.consumer_count or 0

    async def seen(self, priority: CallPriority) -> Seen:
        """What can be known of a priority at this moment."""
        return Seen((await self.depth(SENDER_TURN)).consumers, await self.depth(*QUEUES[priority]))

    async def obeyed(self, priority: CallPriority, *, paused: bool) -> Seen:
        """Look until the sender does as it was told, PATIENCE at most; returns what was seen last."""
        loop = asyncio.get_running_loop()
        until, before = loop.time() + PATIENCE, None
        while True:
            seen = await self.seen(priority)
            # What the sender held comes back one by one: the number counts when it stands still.
            if (seen.obeys(paused=paused) and (seen == before or not paused)) or loop.time() > until:
                return seen
            before = seen
            await asyncio.sleep(GLANCE)


@contextlib.asynccontextmanager
async def order_desk(url: SecretStr) -> AsyncIterator[OrderDesk]:
    """Connect for the block.

    Raises:
        BrokerUnavailable: RabbitMQ cannot be reached, or lets nobody in.
    """
    async with broker(url) as connection:
        with broker_errors("opening a channel:"):
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        yield OrderDesk(channel)
