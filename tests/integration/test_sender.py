"""The sender against a simulated Telegram that is as strict as the real one: outcomes, merges, duplicates."""

import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from pydantic import SecretStr

from local.engines import Engines
from sender.app import sender
from sender.settings import SenderSettings
from shared.consume import REASON
from shared.contracts import OutboundCall, encode
from shared.lifecycle import Life
from shared.topology import ENRICHMENT, INTERACTIVE
from simulator.crowd import Crowd
from simulator.server import Simulator
from tests.integration.broker_side import LIMIT, linked

DEAD = INTERACTIVE.dead
_chats = itertools.count()


@dataclass
class Post:
    """A running sender, the broker before it and Telegram behind it; each test takes people nobody wrote to."""

    telegram: Simulator
    crowd: Crowd
    channel: AbstractChannel

    def person(self) -> int:
        """The chat of somebody whom no other test uses."""
        return self.crowd.employees[next(_chats)].id

    async def put(self, call: OutboundCall, queue: str | None = None) -> None:
        """Publish a call as the other services do."""
        name = queue or (ENRICHMENT.name if call.target else INTERACTIVE.name)
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


@pytest.fixture(scope="module")
async def post(engines: Engines) -> AsyncIterator[Post]:
    """One sender for the module, since it takes a lease and a window before it sends."""
    url = await engines.rabbitmq.create_vhost("sender")
    redis_url = await engines.redis.flushed(14)
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
        opened = Post(telegram, Crowd(telegram, employees=60), channel)
        await opened.put(reply(chat := opened.person(), "ready"))
        await opened.until(lambda: opened.texts(chat) == ["ready"])
        yield opened
    await engines.rabbitmq.delete_vhost("sender")


async def test_an_address_for_a_reply_that_still_waits_goes_into_it(post: Post) -> None:
    chat = post.person()
    call = reply(chat, "📍 40.4, 49.8", awaits_enrichment=True)
    await post.put(call)
    await post.put(address(call, "📍 Bakı"))
    await post.until(lambda: post.texts(chat) == ["📍 Bakı"])
    assert post.calls(chat) == ["sendMessage"]


async def test_an_address_that_comes_before_its_reply_goes_into_it(post: Post) -> None:
    chat = post.person()
    call = reply(chat, "📍 40.4, 49.8", awaits_enrichment=True)
    await post.put(address(call, "📍 Bakı"))
    await post.put(call)
    await post.until(lambda: len(post.texts(chat)) == 1)
    await post.until(lambda: post.texts(chat) == ["📍 Bakı"])
    assert post.calls(chat) == ["sendMessage"]


async def test_an_address_for_a_reply_that_is_gone_becomes_one_edit(post: Post) -> None:
    chat = post.person()
    call = reply(chat, "📍 40.4, 49.8", awaits_enrichment=True)
    await post.put(call)
    await post.until(lambda: post.texts(chat) == ["📍 40.4, 49.8"])
    await post.put(address(call, "📍 Bakı"))
    await post.put(address(call, "📍 Bakı"))
    await post.until(lambda: post.texts(chat) == ["📍 Bakı"])
    other = post.person()
    await post.put(reply(other, "after"))
    await post.until(lambda: post.texts(other) == ["after"])
    assert post.calls(chat) == ["sendMessage", "editMessageText"]


async def test_a_call_published_three_times_is_made_once(post: Post) -> None:
    chat, other = post.person(), post.person()
    call = reply(chat, "once")
    for _ in range(2):
        await post.put(call)
    await post.until(lambda: post.texts(chat) == ["once"])
    await post.put(call)
    await post.put(reply(other, "after"))
    await post.until(lambda: post.texts(other) == ["after"])
    assert post.calls(chat) == ["sendMessage"]


async def test_calls_of_one_chat_arrive_in_order_and_none_is_refused(post: Post) -> None:
    chat = post.person()
    for text in ("one", "two", "three"):
        await post.put(reply(chat, text))
    await post.until(lambda: post.texts(chat) == ["one", "two", "three"])
    arrivals = [call.arrived for call in post.telegram.ledger.calls_to(chat)]
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(arrivals))


async def test_after_a_429_nothing_arrives_before_the_time_that_telegram_named(post: Post) -> None:
    chat, other = post.person(), post.person()
    post.telegram.faults.flood_chats[chat] = 1
    post.telegram.faults.flood_retry_after = 2
    await post.put(reply(chat, "flood"))
    await post.until(lambda: len(post.calls(chat)) == 1)
    await post.put(reply(other, "other"))
    await post.until(lambda: post.texts(chat) == ["flood"] and post.texts(other) == ["other"])
    refused = post.telegram.ledger.calls_to(chat)[0].arrived
    later = [call.arrived for call in post.telegram.ledger.calls if call.arrived > refused]
    assert min(later) - refused >= 2.0


@pytest.mark.parametrize("fault", ["server_error_next", "reset_before_next"])
async def test_a_call_that_telegram_failed_is_tried_again(post: Post, fault: str) -> None:
    chat = post.person()
    setattr(post.telegram.faults, fault, 1)
    await post.put(reply(chat, "again"))
    await post.until(lambda: post.texts(chat) == ["again"])
    assert post.calls(chat) == ["sendMessage"] * 2


async def test_a_reply_whose_answer_never_came_is_repeated_rather_than_lost(post: Post) -> None:
    chat = post.person()
    post.telegram.faults.reset_after_next = 1
    await post.put(reply(chat, "unknown"))
    await post.until(lambda: post.texts(chat) == ["unknown", "unknown"])


async def test_a_person_who_blocked_the_bot_is_tried_once_and_the_call_is_a_dead_letter(post: Post) -> None:
    chat = post.person()
    post.telegram.faults.blocked.add(chat)
    await post.put(reply(chat, "blocked"))
    message = await post.dead_letter()
    assert "blocked by the user" in str(message.headers[REASON])
    assert post.calls(chat) == ["sendMessage"]


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b'{"v": 99, "key": "k"}',
        encode(OutboundCall(key="k:1", chat_id=1, method="banChatMember", params={}, created_at=0)),
        encode(OutboundCall(key="k:2", chat_id=1, method="sendMessage", params={"chat_id": 1}, created_at=0)),
    ],
    ids=["garbage", "unknown version", "method that is not ours", "parameter missing"],
)
async def test_what_cannot_be_sent_is_a_dead_letter_with_its_reason(post: Post, body: bytes) -> None:
    await post.channel.default_exchange.publish(aio_pika.Message(body), INTERACTIVE.name)
    message = await post.dead_letter()
    assert message.body == body
    assert message.headers[REASON]
