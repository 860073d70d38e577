"""Owns operators' orders to the sender: given into `sender.turn`, where RabbitMQ keeps them, and seen obeyed or not.

The sender says nothing back, and need not: what it pauses it does not consume, which RabbitMQ knows.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel
from pydantic import SecretStr

from ops.broker import broker, broker_errors
from shared.contracts import CallPriority, Order, encode
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
    """How many messages wait in some queues, and how many consumers take from them."""

    waiting: int
    consumers: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of an order about a priority: how many senders there are, active or not, and its queues."""

    senders: int
    depth: Depth

    def obeys(self, *, paused: bool) -> bool:
        """Whether a sender does so."""
        return self.senders > 0 and (self.depth.consumers == 0) == paused


class OrderDesk:
    """Gives orders, and looks at queues."""

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel

    async def give(self, order: Order) -> None:
        """Return when RabbitMQ keeps the order, whoever is the sender.

        Raises:
            BrokerUnavailable: it may be kept or not; give it again.
        """
        message = Message(encode(order), type=NOTE, message_id=order.subject, delivery_mode=DeliveryMode.PERSISTENT)
        with broker_errors(f"{SENDER_TURN.name}:"):
            await self._channel.default_exchange.publish(message, SENDER_TURN.name, mandatory=True, timeout=TIMEOUT)

    async def depth(self, *queues: WorkQueue) -> Depth:
        """What RabbitMQ says of the queues together, at this moment.

        Raises:
            BrokerUnavailable: it says nothing.
        """
        with broker_errors("looking at the queues:"):
            seen = [
                (await self._channel.declare_queue(queue.name, passive=True, timeout=TIMEOUT)).declaration_result
                for queue in queues
            ]
        return Depth(sum(one.message_count or 0 for one in seen), sum(one.consumer_count or 0 for one in seen))

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
