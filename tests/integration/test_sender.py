"""The sender against a simulated Telegram that is as strict as the real one: outcomes, merges, duplicates."""

import itertools
from collections.abc import AsyncIterator

import aio_pika
import pytest

from local.engines import Engines
from shared.contracts import OutboundCall, encode
from shared.delivery import REASON
from shared.topology import BULK, INTERACTIVE
from tests.integration.post_side import Post, address, open_post, reply


@pytest.fixture(scope="module")
async def post(engines: Engines) -> AsyncIterator[Post]:
    async with open_post(engines, "sender", redis=14) as opened:
        yield opened


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


async def test_after_a_429_the_chat_is_silent_and_after_another_chats_everybody_is(post: Post) -> None:
    one, two, other = post.person(), post.person(), post.person()
    post.telegram.faults.flood_chats |= {one: 1, two: 1}
    post.telegram.faults.flood_retry_after = 2
    await post.put(reply(one, "flood"))
    await post.until(lambda: len(post.calls(one)) == 1)
    await post.put(reply(other, "not silent"))
    await post.until(lambda: post.texts(other) == ["not silent"])
    assert post.texts(one) == []
    await post.put(reply(two, "flood"))
    await post.until(lambda: len(post.calls(two)) == 1)
    await post.put(reply(other, "after"))
    await post.until(lambda: len(post.texts(other)) == 2 and post.texts(one) == post.texts(two) == ["flood"])
    first, again = (call.arrived for call in post.telegram.ledger.calls_to(one))
    assert again - first >= 2.0
    last = post.telegram.ledger.calls_to(two)[0].arrived
    assert min(call.arrived for call in post.telegram.ledger.calls if call.arrived > last) - last >= 2.0


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


async def test_a_reminder_whose_answer_never_came_is_never_given_twice(post: Post) -> None:
    chat = post.person()
    post.telegram.faults.reset_after_next = 1
    reminder = reply(chat, "remind", if_unknown="leave")
    await post.put(reminder, BULK.name)
    assert (await post.receipt(reminder)).outcome == "unknown"
    await post.put(reminder, BULK.name)  # published again, by whoever
    await post.put(reply(chat, "after"))
    await post.until(lambda: post.texts(chat) == ["remind", "after"])


async def test_a_person_who_blocked_the_bot_is_tried_once_and_told_to_be_unreachable(post: Post) -> None:
    chat, stranger = post.person(), 5_999_999_999
    post.telegram.faults.blocked.add(chat)
    for one, words in ((chat, "blocked by the user"), (stranger, "chat not found")):
        call = reply(one, "unreachable")
        await post.put(call)
        receipt = await post.receipt(call)
        assert receipt.outcome == "unreachable"
        assert words in receipt.reason
        assert post.calls(one) == ["sendMessage"]


async def test_a_receipt_says_what_was_sent_to_whom_and_which_message_it_became(post: Post) -> None:
    chat = post.person()
    call = reply(chat, "hello")
    await post.put(call)
    receipt = await post.receipt(call)
    assert (receipt.chat_id, receipt.what, receipt.outcome, receipt.priority) == (chat, "hello", "sent", "interactive")
    assert receipt.message_id == post.telegram.chat(chat)[-1].message_id
    assert receipt.created_at <= receipt.settled_at


async def test_of_three_answers_to_double_taps_that_wait_one_goes_out(post: Post) -> None:
    chat = post.person()
    await post.put(reply(chat, "before"))
    await post.put(reply(chat, "before too"))
    taps = [reply(chat, f"tap {n}", topic="tap") for n in range(3)]
    for tap in taps:
        await post.put(tap)
    assert [(await post.receipt(tap)).outcome for tap in taps] == ["superseded", "superseded", "sent"]
    assert post.texts(chat) == ["before", "before too", "tap 2"]


async def test_a_group_that_moved_is_followed(post: Post) -> None:
    old, new = -4242, -1004242
    post.telegram.chats.add({"id": old, "type": "group", "title": "HR"})
    post.telegram.chats.migrate(old, new)
    call = reply(old, "hello group")
    await post.put(call)
    await post.until(lambda: post.texts(new) == ["hello group"])


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
