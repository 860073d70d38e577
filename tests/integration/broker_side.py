"""RabbitMQ as tests see it: a link that is up, a queue of a test's own, and what a queue holds."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from pydantic import SecretStr

from shared.broker import Attachment, Link
from shared.topology import WorkQueue, _declare

LIMIT = 15.0
"""Seconds after which what a test waits for has not happened."""
_numbers = itertools.count(1)


class Attached:
    """An attachment that tells when its link is up; it must be the link's last."""

    def __init__(self) -> None:
        self.up = asyncio.Event()
        self.times = 0

    async def attach(self, _connection: AbstractConnection, _link: Link) -> None:
        self.times += 1
        self.up.set()

    async def detach(self) -> None:
        self.up.clear()


@contextlib.asynccontextmanager
async def linked(url: str, *attachments: Attachment) -> AsyncIterator[Attached]:
    """Keep a link while the block runs; the block begins when it is up."""
    attached = Attached()
    task = asyncio.create_task(Link(SecretStr(url), "test", [*attachments, attached]).run())
    try:
        async with asyncio.timeout(LIMIT):
            await attached.up.wait()
        yield attached
    finally:
        task.cancel()
        await asyncio.wait([task])


async def own_queue(url: str, **traits: Any) -> WorkQueue:  # noqa: ANN401 - whatever WorkQueue takes
    """A work queue that no other test uses, with its retry and dead queues, declared by the product's own code."""
    number = next(_numbers)
    queue = WorkQueue(f"work-{number}", dead=f"dead-{number}", **traits)
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.declare_queue(queue.dead, durable=True, arguments={"x-queue-type": "quorum"})
        await _declare(channel, queue)
    return queue


async def put(url: str, queue: str, body: bytes, **traits: Any) -> None:  # noqa: ANN401 - whatever Message takes
    """Put a message into a queue, as somebody else's process would."""
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.default_exchange.publish(aio_pika.Message(body, **traits), queue)


async def held(url: str, queue: str) -> list[AbstractIncomingMessage]:
    """Take out everything that waits in a queue."""
    messages = []
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        source = await channel.get_queue(queue, ensure=False)
        while (message := await source.get(no_ack=True, fail=False)) is not None:
            messages.append(message)
    return messages


async def comes(url: str, queue: str, limit: float = LIMIT) -> AbstractIncomingMessage:
    """Wait for a message in a queue and take it out."""
    arrived: asyncio.Future[AbstractIncomingMessage] = asyncio.get_running_loop().create_future()

    async def take(message: AbstractIncomingMessage) -> None:
        if not arrived.done():
            await message.ack()
            arrived.set_result(message)

    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.set_qos(prefetch_count=1)
        await (await channel.get_queue(queue, ensure=False)).consume(take)
        async with asyncio.timeout(limit):
            return await arrived


async def until(true: Callable[[], Awaitable[bool]], limit: float = LIMIT) -> None:
    """Wait for what a stranger's process does, of which it tells nobody: ask again and again."""
    async with asyncio.timeout(limit):
        while not await true():  # noqa: ASYNC110 - a stranger's doing is no event
            await asyncio.sleep(0.02)
