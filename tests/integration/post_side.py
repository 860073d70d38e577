"""A sender without its process: calls go in as the other services publish them, and Telegram is simulated."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from pydantic import SecretStr

from local.engines import Engines
from sender.app import sender
from sender.settings import SenderSettings
from shared.contracts import OutboundCall, Receipt, Receipts, decode, encode
from shared.lifecycle import Life
from shared.topology import ENRICHMENT, FILES, INTERACTIVE, RECEIPTS
from simulator.crowd import Crowd
from simulator.people import Employee
from simulator.server import Simulator
from tests.integration.broker_side import LIMIT, linked

DEAD = INTERACTIVE.dead


@dataclass
class Post:
    """A running sender, RabbitMQ (at `url`) before it, Telegram behind it; each test takes people nobody wrote to."""

    telegram: Simulator
    crowd: Crowd
    channel: AbstractChannel
    url: str
    receipts: dict[str, Receipt] = field(default_factory=dict)
    strangers: Iterator[Employee] = field(init=False)

    def __post_init__(self) -> None:
        self.strangers = iter(self.crowd.employees)

    def employee(self) -> Employee:
        """Somebody whom no other test uses."""
        return next(self.strangers)

    def person(self) -> int:
        """Their chat."""
        return self.employee().id

    async def put(self, call: OutboundCall, queue: str | None = None) -> None:
        """Publish a call as the other services do."""
        name = queue or (ENRICHMENT.name if call.target else FILES.name if call.file else INTERACTIVE.name)
        await self.channel.default_exchange.publish(aio_pika.Message(encode(call), message_id=call.key), name)

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait for something to be so at Telegram's end."""
        await self.telegram.until(predicate, LIMIT)

    def texts(self, chat: int) -> list[str]:
        """What the person reads."""
        return [message.text for message in self.telegram.chat(chat) if message.from_bot]

    def calls(self, chat: int) -> list[str]:
        """The methods called for the person, in order of arrival."""
        return [call.method for call in self.telegram.ledger.calls_to(chat)]

    async def receipt(self, call: OutboundCall) -> Receipt:
        """Wait until it is told what became of the call."""
        told = await self.channel.get_queue(RECEIPTS.name)
        async with told.iterator(timeout=LIMIT) as arriving:
            while call.key not in self.receipts:
                message = await anext(arriving)
                await message.ack()
                self.receipts |= {receipt.key: receipt for receipt in decode(Receipts, message.body).receipts}
        return self.receipts[call.key]

    async def dead_letter(self) -> AbstractIncomingMessage:
        """Wait for the next dead letter."""
        dead = await self.channel.get_queue(DEAD)
        async with dead.iterator(timeout=LIMIT) as arriving:
            message = await anext(arriving)
            await message.ack()
            return message


def reply(chat: int, text: str, key: str | None = None, **traits: Any) -> OutboundCall:  # noqa: ANN401 - fields of the call
    params = {"chat_id": chat, "text": text}
    key = key or f"{chat}:{text}"
    return OutboundCall(key=key, chat_id=chat, method="sendMessage", params=params, created_at=time.time(), **traits)


def address(of: OutboundCall, text: str) -> OutboundCall:
    return OutboundCall(
        key=f"{of.key}:address",
        chat_id=of.chat_id,
        method="editMessageText",
        params={"chat_id": of.chat_id, "text": text},
        created_at=time.time(),
        target=of.key,
    )


@contextlib.asynccontextmanager
async def open_post(engines: Engines, vhost: str, redis: int, people: int = 160) -> AsyncIterator[Post]:
    """One sender for a module, since it takes a lease and a window before it sends."""
    url = await engines.rabbitmq.create_vhost(vhost)
    redis_url = await engines.redis.flushed(redis)
    async with Simulator() as telegram, contextlib.AsyncExitStack() as stack:
        settings = SenderSettings(
            rabbitmq_url=SecretStr(url),
            redis_url=SecretStr(redis_url),
            telegram_bot_token=SecretStr(telegram.token),
            telegram_api_url=telegram.url,
        )
        async with linked(url):  # declares the queues
            pass
        await stack.enter_async_context(sender(settings, Life()))
        connection = await stack.enter_async_context(await aio_pika.connect(url))
        channel = connection.channel()
        await channel.initialize()
        opened = Post(telegram, Crowd(telegram, employees=people), channel, url)
        await opened.put(reply(chat := opened.person(), "ready"))
        await opened.until(lambda: opened.texts(chat) == ["ready"])
        yield opened
        assert telegram.ledger.violations == [], telegram.ledger.violations
    await engines.rabbitmq.delete_vhost(vhost)
