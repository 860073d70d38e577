"""Owns a process's connections to RabbitMQ: each is opened, watched and opened again by a `Link`.

aio-pika's robust connection restores consumers but not the deliveries in a process's hands, and an ack that
outlives its channel belongs to nothing. So a link knows epochs instead: everything that lives on a connection is
attached to it and detached when it, or any channel of it, is lost; the broker then hands out again what was unacked.
A process publishes and consumes over two links, since RabbitMQ stops reading a connection whose publishes it
cannot take (memory or disk alarm), and acks must go on meanwhile.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol, cast

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelPreconditionFailed
from pydantic import SecretStr

from shared import topology

if TYPE_CHECKING:
    from aiormq.channel import Channel

log = structlog.get_logger()

HEARTBEAT: Final = 10
"""Seconds; RabbitMQ drops a peer that was silent for two of them, we drop the broker after about three."""
CONNECT_TIMEOUT: Final = 5.0
ATTACH_TIMEOUT: Final = 20.0
CLOSE_TIMEOUT: Final = 2.0
PAUSES: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts to connect, the last for ever; each is jittered."""

BROKER_ERRORS: Final = (*CONNECTION_EXCEPTIONS, TimeoutError, ChannelPreconditionFailed)
"""What aio-pika raises when the broker is away, refuses, or closes a channel."""


class Attachment(Protocol):
    """Something that lives on a connection."""

    async def attach(self, connection: AbstractConnection, link: "Link") -> None:
        """Start on a fresh connection whose queues exist."""

    async def detach(self) -> None:
        """Forget the connection: it is lost, or about to be closed."""


def asked_to_end() -> bool:
    """Whether this task was cancelled; aio-pika also raises CancelledError for a dead connection, unasked."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def heed_cancellation() -> None:
    """End the task if it was asked to; for loops without end, after what they wait for of aio-pika.

    aio-pika waits with asyncio.wait_for, which before Python 3.12 forgets a cancellation that comes in the same step of
    the event loop as the answer (python/cpython#86296): of 1,500 tasks cancelled as they began to consume 79 went on.

    Raises:
        asyncio.CancelledError: it was.
    """
    if asked_to_end():
        raise asyncio.CancelledError


@contextlib.contextmanager
def closed_by_name() -> Iterator[None]:
    """Give a name to what aiormq raises for a call that is under way while we close its connection: a bare Exception.

    Raises:
        ConnectionError: it was such a call.
    """
    try:
        yield
    except Exception as problem:
        if type(problem) is Exception:
            raise ConnectionError("the connection was closed meanwhile") from problem
        raise


@contextlib.contextmanager
def broker_may_be_gone() -> Iterator[None]:
    """Let go of what is raised as the connection is lost: all that lives on it is attached anew.

    aio-pika's CancelledError for a dead connection too, which would end the task that waits. As with `suppress` the
    rest of the block is left out.

    Raises:
        asyncio.CancelledError: the task was asked to end.
    """
    try:
        with closed_by_name():
            yield
    except BROKER_ERRORS:
        pass
    except asyncio.CancelledError:
        if asked_to_end():
            raise


async def below(channel: AbstractChannel) -> "Channel":
    """The channel of aiormq under aio-pika's, which makes an object of each message and writes one at a time."""
    return cast("Channel", await channel.get_underlay_channel())  # there is no other kind


class Link:
    """One connection to RabbitMQ, made again whenever it is lost.

    Args:
        url: where.
        name: for people who look at the broker.
        attachments: what lives on it.
        heartbeat: seconds; the broker gives a process up that is silent for two of them.
    """

    def __init__(
        self, url: SecretStr, name: str, attachments: Sequence[Attachment], heartbeat: int = HEARTBEAT
    ) -> None:
        self._url = url.get_secret_value()
        self._name = name
        self._attachments = attachments
        self._heartbeat = heartbeat
        self._lost = asyncio.Event()
        self._up = asyncio.Event()

    async def answers(self) -> bool:
        """Whether the connection is open and everything is attached to it."""
        return self._up.is_set() and not self._lost.is_set()

    def lose(self, reason: object = None) -> None:
        """Give the connection up and begin a new one; called when a channel on it is lost."""
        if not self._lost.is_set():
            log.warning("broker_link_lost", link=self._name, reason=str(reason))
            self._lost.set()

    async def watch(self, channel: AbstractChannel) -> None:
        """Lose the connection with this channel or a consumer on it: half a connection helps nobody."""
        channel.close_callbacks.add(lambda _channel, reason: self.lose(reason))
        wire = await below(channel)
        wire.on_consumer_cancel_callbacks.add(lambda _frame: self.lose("the broker cancelled a consumer"))

    async def run(self) -> None:
        """Keep the connection for ever; ends only by cancellation, and then detaches and closes in order."""
        attempt = 0
        while True:
            try:
                async with self._connected() as connection:
                    attempt = 0
                    await self._live(connection)
            except BROKER_ERRORS as problem:
                log.warning("broker_unreachable", link=self._name, error=repr(problem), attempt=attempt)
            except asyncio.CancelledError:
                if asked_to_end():
                    raise
                log.warning("broker_unreachable", link=self._name, error="connection died", attempt=attempt)
            heed_cancellation()
            pause = PAUSES[min(attempt, len(PAUSES) - 1)]
            attempt += 1
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter needs no secrecy

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[AbstractConnection]:
        connection = await aio_pika.connect(
            self._url,
            timeout=CONNECT_TIMEOUT,
            heartbeat=self._heartbeat,
            client_properties={"connection_name": self._name},
        )
        self._lost = asyncio.Event()
        connection.close_callbacks.add(lambda _connection, reason: self.lose(reason))
        try:
            yield connection
        finally:
            connection.close_callbacks.clear()
            self._lost.set()
            with contextlib.suppress(*BROKER_ERRORS):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await connection.close()

    async def _live(self, connection: AbstractConnection) -> None:
        try:
            async with asyncio.timeout(ATTACH_TIMEOUT):
                await topology.declare(connection)
                for attachment in self._attachments:
                    await attachment.attach(connection, self)
            heed_cancellation()
            self._up.set()
            log.info("broker_link_up", link=self._name)
            await self._lost.wait()
        finally:
            self._up.clear()
            for attachment in reversed(self._attachments):
                await attachment.detach()
