"""Owns publishing very many messages: hundreds on their way to the broker at a time, each counted when it is confirmed.

`shared.publisher` publishes each message for whoever made it, with headers and a bound of its own; for 50,000 reminders
this one has one bound for many.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from aio_pika import DeliveryMode
from aiormq import spec
from aiormq.channel import Channel
from pydantic import SecretStr

from ops.broker import HINT, broker, broker_errors
from shared.broker import BROKER_ERRORS, below
from shared.contracts import Message, OutboundCall, encode
from shared.errors import BrokerUnavailable

Keyed = tuple[str, Message]
"""A message and its key, which it is known by in the queue."""

IN_FLIGHT: Final = 200
"""Messages; what these are together is what uvloop writes at once (64 KiB): more of them make it slower."""
CONFIRM_TIMEOUT: Final = 30.0
"""Seconds that all messages of one call may take."""


class BulkPublisher:
    """Publishes messages to one queue."""

    def __init__(self, channel: Channel, queue: str) -> None:
        self._channel = channel
        self._queue = queue

    async def publish(self, calls: Sequence[OutboundCall]) -> None:
        """Publish calls, each under the key that it has; as `publish_keyed` does."""
        await self.publish_keyed([(call.key, call) for call in calls])

    async def publish_keyed(self, messages: Sequence[Keyed]) -> None:
        """Return when the broker holds all of them safely.

        Raises:
            BrokerUnavailable: some may be in the queue, and some not; publish all of them again.
        """
        confirmed: list[str] = []
        waiting = iter(messages)
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT), asyncio.TaskGroup() as group:
                for _ in range(min(IN_FLIGHT, len(messages))):
                    group.create_task(self._publish(waiting, confirmed))
        except BROKER_ERRORS as late:
            raise BrokerUnavailable(f"{self._queue}: {late!r}") from late
        except ExceptionGroup as problems:  # not `except*`: Python 3.11.2 wraps what is raised within it
            if problems.split(BROKER_ERRORS)[1] is not None:
                raise
            raise BrokerUnavailable(f"{self._queue}: {problems.exceptions[0]!r}") from problems
        if len(confirmed) < len(messages):  # aio-pika cancels who waits on a connection that died
            raise BrokerUnavailable(f"{self._queue}: the connection died")

    async def _publish(self, waiting: Iterator[Keyed], confirmed: list[str]) -> None:
        for key, message in waiting:
            properties = spec.Basic.Properties(delivery_mode=DeliveryMode.PERSISTENT, message_id=key)
            await self._channel.basic_publish(
                encode(message), routing_key=self._queue, properties=properties, mandatory=True, wait=False
            )
            confirmed.append(key)


@contextlib.asynccontextmanager
async def bulk_publisher(url: SecretStr, queue: str) -> AsyncIterator[BulkPublisher]:
    """Connect for the block; the queues exist in it.

    Raises:
        BrokerUnavailable: RabbitMQ cannot be reached, or lets nobody in.
    """
    async with broker(url) as connection:
        with broker_errors(HINT):
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            wire = await below(channel)
        yield BulkPublisher(wire, queue)
