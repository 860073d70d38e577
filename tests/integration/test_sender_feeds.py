"""What the sender takes of its queues: little, none of what is paused, more when chats must rest; the best first."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator

import aio_pika
import pytest

from local.engines import Engines
from shared.contracts import Order, encode
from shared.topology import BULK, INTERACTIVE, SENDER_TURN
from shared.turn import NOTE
from tests.integration.broker_side import LIMIT
from tests.integration.post_side import Post, open_post, reply

_moments = itertools.count(1)


@pytest.fixture(scope="module")
async def post(engines: Engines) -> AsyncIterator[Post]:
    async with open_post(engines, "sender-feeds", redis=13) as opened:
        yield opened


async def order(post: Post, subject: str, *, paused: bool) -> None:
    """Tell the sender, as `fleet pause` and `fleet resume` do."""
    told = Order(subject=subject, state="paused" if paused else "running", given_at=float(next(_moments)))
    message = aio_pika.Message(encode(told), type=NOTE, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await post.channel.default_exchange.publish(message, SENDER_TURN.name)


async def depth(post: Post, queue: str) -> tuple[int, int]:
    """How many messages lie in the queue, in nobody's hand, and how many consumers it has."""
    found = await post.channel.declare_queue(queue, passive=True)
    result = found.declaration_result
    return result.message_count or 0, result.consumer_count or 0


async def until(post: Post, queue: str, *, consumers: int, messages: int | None = None) -> None:
    """Wait until the queue has so many consumers and, if that matters, messages."""
    async with asyncio.timeout(LIMIT):
        while True:
            lie, take = await depth(post, queue)
            if take == consumers and messages in (None, lie):
                return
            await asyncio.sleep(0.05)  # RabbitMQ tells only who asks


async def test_what_is_paused_is_given_back_not_consumed_and_goes_on_when_resumed(post: Post) -> None:
    chats = [post.person() for _ in range(3)]
    await order(post, "bulk", paused=True)
    await until(post, BULK.name, messages=0, consumers=0)
    for chat in chats:
        await post.put(reply(chat, "bulk"), BULK.name)
    await post.put(reply(chats[0], "interactive"))
    await post.until(lambda: post.texts(chats[0]) == ["interactive"])
    await until(post, BULK.name, messages=3, consumers=0)
    await order(post, "bulk", paused=False)
    await post.until(lambda: all("bulk" in post.texts(chat) for chat in chats))
    await until(post, BULK.name, messages=0, consumers=1)


async def test_what_waits_in_memory_goes_back_to_its_queue_when_it_is_paused(post: Post) -> None:
    chat = post.person()
    for number in range(10):
        await post.put(reply(chat, f"{number}"))
    await post.until(lambda: len(post.texts(chat)) == 2)  # the others rest in memory
    await order(post, "interactive", paused=True)
    await until(post, INTERACTIVE.name, consumers=0)
    waiting, _ = await depth(post, INTERACTIVE.name)
    gone = len(post.texts(chat))
    assert waiting + gone == 10
    assert waiting >= 6
    await order(post, "interactive", paused=False)
    await post.until(lambda: post.texts(chat) == [f"{number}" for number in range(10)])


async def test_a_chat_with_more_calls_than_a_window_keeps_nobody_waiting(post: Post) -> None:
    busy, other = post.person(), post.person()
    messages = [reply(busy, f"{number}") for number in range(450)]
    for message in messages:
        await post.put(message)
    await post.put(reply(other, "me too"))
    await post.until(lambda: post.texts(other) == ["me too"])
    assert len(post.texts(busy)) < 40, "or it waited until there was room in the window"
    await order(post, "interactive", paused=True)
    await until(post, INTERACTIVE.name, messages=450 - len(post.texts(busy)), consumers=0)
    queue = await post.channel.get_queue(INTERACTIVE.name)
    await queue.purge()
    await order(post, "interactive", paused=False)
    await until(post, INTERACTIVE.name, messages=0, consumers=1)


async def test_a_reply_that_comes_into_a_standing_load_of_bulk_lets_no_more_than_a_few_calls_pass(post: Post) -> None:
    people = [post.person() for _ in range(90)]
    for number, chat in itertools.product(range(4), people):
        await post.put(reply(chat, f"bulk {number}", key=f"load:{chat}:{number}"), BULK.name)
    ledger = post.telegram.ledger
    before = len(ledger.calls)
    await post.until(lambda: len(ledger.calls) >= before + 60)
    passed = [await _passed_by(post, post.person()) for _ in range(5)]
    assert max(passed) <= 6, "0.2 s at 30 a second"
    assert (await depth(post, BULK.name))[0] > 0, "or the load was over"
    await order(post, "bulk", paused=True)
    await until(post, BULK.name, consumers=0)
    await (await post.channel.get_queue(BULK.name)).purge()
    await order(post, "bulk", paused=False)


async def _passed_by(post: Post, chat: int) -> int:
    """How many calls arrive between a reply's publication and its arrival."""
    published = time.monotonic()
    await post.put(reply(chat, "reply"))
    await post.until(lambda: post.texts(chat) == ["reply"])
    arrived = post.telegram.ledger.calls_to(chat)[0].arrived
    return sum(published < call.arrived < arrived for call in post.telegram.ledger.calls)
