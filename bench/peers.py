"""Owns the peers: a sender as a bot usually has one, a limiter before each call and nothing else.

`python -m bench.peers bucket|drip|none` takes calls from the same queues as ours and makes them through aiogram, first
come, first served. It knows no priority and no merge: an address that comes after its reply was published is an edit.
Everything a peer can do well in a few lines it does: it bounds what is under way, keeps the connections open, and
after a 429 makes no call before the time that Telegram named.
"""

import asyncio
import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import EditMessageText, SendMessage, TelegramMethod
from aiolimiter import AsyncLimiter

from shared.contracts import OutboundCall, decode
from shared.topology import BULK, ENRICHMENT, INTERACTIVE

IN_FLIGHT: Final = 150
"""Calls under way at once, and messages held of each queue: as many as ours may have under way."""

Limiter = contextlib.AbstractAsyncContextManager[None]

LIMITERS: Final[Mapping[str, Callable[[], Limiter]]] = {
    "bucket": lambda: AsyncLimiter(30, 1),
    "drip": lambda: AsyncLimiter(1, 1 / 30),
    "none": contextlib.nullcontext,
}


class _Waiting(NamedTuple):
    """A call that waits; the lowest number is the first that came."""

    number: int
    method: TelegramMethod[Any]
    done: asyncio.Future[Any]


class Peer:
    """Makes the calls that come, in the order of their coming, no faster than the limiter lets it."""

    def __init__(self, bot: Bot, limiter: Limiter) -> None:
        self._bot = bot
        self._limiter = limiter
        self._numbers = itertools.count()
        self._waiting: asyncio.PriorityQueue[_Waiting] = asyncio.PriorityQueue()
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._sent: dict[str, asyncio.Future[int]] = {}
        self._silent_until = 0.0

    async def handle(self, delivery: AbstractIncomingMessage) -> None:
        """Let the call wait for its turn, and ack it when Telegram has done it."""
        number, call = next(self._numbers), decode(OutboundCall, delivery.body)
        target = None if call.target is None else await self._message_id(call.target)
        method = SendMessage(**call.params) if target is None else EditMessageText(message_id=target, **call.params)
        done = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(_Waiting(number, method, done))
        message = await done
        if target is None:
            self._message_id(call.key).set_result(message.message_id)
        await delivery.ack()

    async def run(self) -> None:
        """Start one call after the other, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._places.acquire()
                first = await self._waiting.get()
                async with self._limiter:
                    pass
                while await self._silence():
                    async with self._limiter:
                        pass
                group.create_task(self._call(first))

    async def _call(self, waiting: _Waiting) -> None:
        """Make the call; refused for now, it keeps its place in the order."""
        try:
            waiting.done.set_result(await self._bot(waiting.method))
        except TelegramRetryAfter as flood:
            self._silent_until = max(self._silent_until, asyncio.get_running_loop().time() + flood.retry_after)
            self._waiting.put_nowait(waiting)
        finally:
            self._places.release()

    def _message_id(self, key: str) -> asyncio.Future[int]:
        return self._sent.setdefault(key, asyncio.get_running_loop().create_future())

    async def _silence(self) -> bool:
        """Wait while Telegram wants silence; whether it did."""
        rest = self._silent_until - asyncio.get_running_loop().time()
        if rest > 0:
            await asyncio.sleep(rest)
        return rest > 0


async def first_second(limiter: Limiter, window: float = 1.0) -> int:
    """How many a fresh limiter lets through in its first second."""
    passed = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(window):
            while True:
                async with limiter:
                    passed += 1
    return passed


async def main(limiter: str) -> None:
    """Send until a signal ends the process."""
    session = AiohttpSession(limit=IN_FLIGHT, api=TelegramAPIServer.from_base(os.environ["TELEGRAM_API_URL"]))
    bot = Bot(os.environ["TELEGRAM_BOT_TOKEN"], session=session)
    peer = Peer(bot, LIMITERS[limiter]())
    async with await aio_pika.connect(os.environ["RABBITMQ_URL"]) as connection, connection.channel() as channel:
        await channel.set_qos(prefetch_count=IN_FLIGHT)
        for queue in (INTERACTIVE, ENRICHMENT, BULK):
            await (await channel.get_queue(queue.name)).consume(peer.handle)
        await peer.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
