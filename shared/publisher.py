"""Owns publishing: a message counts as published when the broker has confirmed it, and not before.

A nack or a late confirm says that the channel may be stuck (a publish that falls into a leader election leaves the
channel nacking until the dead node returns), so the channel is thrown away and the next publish opens a fresh one.
A late confirm does not mean that the message is not in the queue: its fate is unknown, and every reader of ours is
proof against seeing it twice.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

from aio_pika import DeliveryMode
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import PublishError
from aiormq import spec

from shared import tracing
from shared.broker import BROKER_ERRORS, CLOSE_TIMEOUT, Link, asked_to_end, below, closed_by_name
from shared.contracts import TRACEPARENT
from shared.errors import BrokerUnavailable

CONFIRM_TIMEOUT: Final = 2.0
"""Seconds a confirm may take; the ingress promises Telegram an answer within them."""
ANSWER_TIMEOUT: Final = 1.0
"""Seconds in which readiness wants to know whether the broker takes messages."""
NOWHERE: Final = "no queue has this name"


Headers = Mapping[str, str | int]
"""Small values that travel beside a message's bytes. No floats: pamqp sends them in 32 bits, a minute off."""


class Publisher:
    """Publishes over one link; safe to use from many tasks at once."""

    def __init__(self) -> None:
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._opening = asyncio.Lock()
        self._retired: set[asyncio.Task[None]] = set()
        self._asking: asyncio.Task[bool] | None = None

    async def attach(self, connection: AbstractConnection, link: Link) -> None:
        """Publish over this connection from now on."""
        del link  # a channel of ours that is lost is replaced, the connection can stay
        self._connection = connection
        await self._fresh_channel()

    async def detach(self) -> None:
        """Refuse to publish until attached again."""
        self._connection = self._channel = None

    async def publish(
        self,
        queue: str,
        body: bytes,
        *,
        key: str,
        headers: Headers | None = None,
        expires: float | None = None,
    ) -> None:
        """Return when the broker holds the message safely.

        Args:
            queue: name of a queue that exists.
            body: the bytes.
            key: names the message, for people and for returned messages.
            headers: small values that travel beside the body.
            expires: seconds after which the queue gives the message up (to its dead-letter target).

        Raises:
            BrokerUnavailable: not connected, refused (queue full), returned (no such queue), or not confirmed
                within CONFIRM_TIMEOUT; the message may be in the queue all the same.
        """
        facts = {**tracing.about(queue, key, len(body)), "messaging.operation.type": "send"}
        with tracing.step(f"send {queue}", tracing.of(headers or {}), "producer", facts) as step:
            properties = spec.Basic.Properties(
                message_id=key,
                headers={**(headers or {}), TRACEPARENT: step.traceparent} if step.traceparent else dict(headers or {}),
                delivery_mode=DeliveryMode.PERSISTENT,
                expiration=None if expires is None else str(round(expires * 1e3)),  # milliseconds
            )
            await self._hand_over(queue, body, properties)

    async def _hand_over(self, queue: str, body: bytes, properties: spec.Basic.Properties) -> None:
        """By the channel below aio-pika's, which does not write one message at a time: many go in one packet."""
        channel: AbstractChannel | None = None
        try:
            with closed_by_name():
                async with asyncio.timeout(CONFIRM_TIMEOUT):
                    channel = await self._fresh_channel()
                    wire = await below(channel)
                    # The confirm is waited for, not until the socket has the bytes: that would hold up all others.
                    await wire.basic_publish(body, routing_key=queue, mandatory=True, properties=properties, wait=False)
        except PublishError as problem:  # returned: the channel is as good as before
            raise BrokerUnavailable(f"{queue}: no queue has this name") from problem
        except BROKER_ERRORS as problem:
            self._retire(channel)
            raise BrokerUnavailable(f"{queue}: {problem!r}") from problem
        except asyncio.CancelledError as problem:
            self._retire(channel)
            if asked_to_end():
                raise
            # aio-pika reports a connection that died of missed heartbeats as a cancellation
            raise BrokerUnavailable(f"{queue}: the connection died") from problem

    async def answers(self) -> bool:
        """Whether the broker takes messages at this moment.

        In a memory or disk alarm it takes none, though the connection is open, new ones are accepted and queues can be
        declared. So it is asked by a message for a queue that does not exist, which it gives back.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="broker answers")
        await asyncio.wait([self._asking], timeout=ANSWER_TIMEOUT)
        return self._asking.done() and self._asking.result()

    async def _ask(self) -> bool:
        try:
            await self.publish(NOWHERE, b"", key="")
        except BrokerUnavailable as problem:
            return isinstance(problem.__cause__, PublishError)
        return False

    async def _fresh_channel(self) -> AbstractChannel:
        async with self._opening:
            if self._connection is None:
                raise BrokerUnavailable("not connected to RabbitMQ")
            if self._channel is None or self._channel.is_closed:
                channel = self._connection.channel(publisher_confirms=True, on_return_raises=True)
                await channel.initialize()
                self._channel = channel
            return self._channel

    def _retire(self, channel: AbstractChannel | None) -> None:
        """Use the channel no more; close it when the confirms that others still wait for are due."""
        if channel is None or channel is not self._channel:
            return
        self._channel = None
        task = asyncio.create_task(_close_later(channel), name="retire-channel")
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)


async def _close_later(channel: AbstractChannel) -> None:
    await asyncio.sleep(CONFIRM_TIMEOUT)
    with contextlib.suppress(*BROKER_ERRORS, asyncio.CancelledError):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await channel.close()
