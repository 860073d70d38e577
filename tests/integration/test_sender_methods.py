"""Each method that the sender makes, against a simulated Telegram: buttons answered, keyboards kept, files whole."""

import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from local.engines import Engines
from shared.contracts import FILE_LIMIT, File, OutboundCall, decode
from shared.delivery import REASON
from shared.topology import INTERACTIVE
from simulator.chats import Press
from simulator.ledger import Rule
from simulator.people import Employee
from tests.integration.post_side import DEAD, Post, address, open_post, reply

PNG = b"\x89PNG\r\n\x1a\n"
UNDO = {"inline_keyboard": [[{"text": "Ləğv et", "callback_data": "undo:1:2"}]]}
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
async def post(engines: Engines) -> AsyncIterator[Post]:
    async with open_post(engines, "sender-methods", redis=14) as opened:
        yield opened


def call(method: str, chat: int, key: str = "", file: File | None = None, **params: Any) -> OutboundCall:  # noqa: ANN401 - parameters of the method
    return OutboundCall(
        key=key or f"{chat}:{method}", chat_id=chat, method=method, params=params, created_at=time.time(), file=file
    )


def with_keyboard(one: OutboundCall) -> OutboundCall:
    return msgspec.structs.replace(one, params={**one.params, "reply_markup": UNDO})


async def pressed(post: Post, person: Employee, text: str) -> Press:
    """A button below a message of the bot's, which somebody has pressed."""
    await post.put(with_keyboard(reply(person.id, text)))
    await post.until(lambda: post.texts(person.id)[-1:] == [text])
    post.crowd.press_inline(person, post.telegram.chat(person.id)[-1], "Ləğv et")
    return post.telegram.presses(person.id)[-1]


async def nothing_is_dead(post: Post) -> bool:
    queue = await post.channel.declare_queue(DEAD, passive=True)
    return queue.declaration_result.message_count == 0


async def test_a_pressed_button_is_answered_with_what_the_person_is_to_see(post: Post) -> None:
    person = post.employee()
    press = await pressed(post, person, "Gəldiniz")
    answer = {"callback_query_id": press.query["id"], "text": "Ləğv edildi", "show_alert": True}
    await post.put(call("answerCallbackQuery", person.id, **answer))
    await post.until(lambda: press.answer is not None)
    assert (press.shown, press.alert) == ("Ləğv edildi", True)


async def test_an_answer_to_a_button_and_what_follows_go_in_order(post: Post) -> None:
    person = post.employee()
    press = await pressed(post, person, "Gəldiniz")
    message = post.telegram.chat(person.id)[-1]
    await post.put(call("answerCallbackQuery", person.id, callback_query_id=press.query["id"]))
    edit = call("editMessageText", person.id, message_id=message.message_id, text="Ləğv edildi", chat_id=person.id)
    await post.put(edit)
    await post.until(lambda: message.text == "Ləğv edildi")
    assert press.answer is not None
    assert message.markup is None
    answered = next(
        one for one in post.telegram.ledger.other_calls if one.params.get("callback_query_id") == press.query["id"]
    )
    edited = post.telegram.ledger.calls_to(person.id)[-1]
    assert edited.method == "editMessageText"
    assert answered.arrived < edited.arrived


async def test_an_answer_that_comes_too_late_is_tried_once_and_is_done(post: Post) -> None:
    person = post.employee()
    await post.put(call("answerCallbackQuery", person.id, callback_query_id="4711", text="gec"))
    await post.put(reply(person.id, "after"))
    await post.until(lambda: post.texts(person.id) == ["after"])
    tries = [one for one in post.telegram.ledger.other_calls if one.params.get("callback_query_id") == "4711"]
    assert [(one.status, "query is too old" in one.description) for one in tries] == [(400, True)]
    assert await nothing_is_dead(post)


async def test_an_answer_that_telegram_refuses_for_another_reason_is_a_dead_letter(post: Post) -> None:
    person = post.employee()
    press = await pressed(post, person, "Gəldiniz")
    await post.put(call("answerCallbackQuery", person.id, callback_query_id=press.query["id"], text="ə" * 201))
    letter = await post.dead_letter()
    assert "MESSAGE_TOO_LONG" in str(letter.headers[REASON])
    assert press.answer is None
    assert [violation.rule for violation in post.telegram.ledger.violations] == [Rule.SCHEMA]
    post.telegram.ledger.violations.clear()


@pytest.mark.parametrize("early", [True, False])
async def test_an_address_keeps_the_replys_keyboard_whether_it_goes_into_it_or_becomes_an_edit(
    post: Post, *, early: bool
) -> None:
    chat = post.person()
    said = with_keyboard(reply(chat, "📍 40.4, 49.8", awaits_enrichment=True))
    late = with_keyboard(address(said, "📍 Bakı"))
    await post.put(said)
    if not early:
        await post.until(lambda: post.texts(chat) == ["📍 40.4, 49.8"])
    await post.put(late)
    await post.until(lambda: post.texts(chat) == ["📍 Bakı"])
    (message,) = post.telegram.chat(chat)
    assert message.markup == UNDO
    assert post.calls(chat) == (["sendMessage"] if early else ["sendMessage", "editMessageText"])


@pytest.mark.parametrize(
    ("method", "file"),
    [
        ("sendDocument", File("document", "təbel-2026-03.xlsx", b"PK\x03\x04\x00\xff\r\n--\r\n")),
        ("sendPhoto", File("photo", "kod.png", PNG + bytes(range(256)))),
    ],
)
async def test_a_file_arrives_with_its_name_caption_and_keyboard(post: Post, method: str, file: File) -> None:
    chat = post.person()
    await post.put(call(method, chat, file=file, chat_id=chat, caption="Mart <b>&</b>", reply_markup=UNDO))
    await post.until(lambda: post.texts(chat) == ["Mart <b>&</b>"])
    (message,) = post.telegram.chat(chat)
    assert (message.file, message.markup) == (file.content, UNDO)
    if method == "sendDocument":
        assert message.raw["document"]["file_name"] == "təbel-2026-03.xlsx"


async def test_three_mebibytes_arrive_whole_count_once_and_the_cap_is_kept_around_them(post: Post) -> None:
    chat, others = post.person(), [post.person() for _ in range(45)]
    content = b"PK\x03\x04" + bytes(range(256)) * (3 * MEBIBYTE // 256)
    before = len(post.telegram.ledger.calls)
    for number, other in enumerate(others):
        await post.put(reply(other, "salam"))
        if number == len(others) // 2:
            await post.put(call("sendDocument", chat, file=File("document", "a.xlsx", content), chat_id=chat))
    await post.until(lambda: all(post.texts(other) for other in others) and len(post.telegram.chat(chat)) == 1)
    assert post.telegram.chat(chat)[0].file == content
    assert len(post.telegram.ledger.calls) - before == len(others) + 1
    arrivals = sorted(one.arrived for one in post.telegram.ledger.calls[before:])
    assert all(later - first >= 1.0 for first, later in zip(arrivals, arrivals[30:], strict=False))


async def test_the_largest_file_that_a_message_carries_goes_through_the_broker(post: Post) -> None:
    chat = post.person()
    await post.put(call("sendDocument", chat, file=File("document", "a.bin", bytes(FILE_LIMIT)), chat_id=chat))
    await post.until(lambda: bool(post.telegram.chat(chat)))
    file = post.telegram.chat(chat)[0].file
    assert file is not None
    assert len(file) == FILE_LIMIT


@pytest.mark.parametrize("fault", ["server_error_next", "reset_before_next"])
async def test_a_file_survives_a_call_that_failed(post: Post, fault: str) -> None:
    chat = post.person()
    setattr(post.telegram.faults, fault, 1)
    content = PNG + bytes(300_000)
    await post.put(call("sendPhoto", chat, file=File("photo", "kod.png", content), chat_id=chat))
    await post.until(lambda: bool(post.telegram.chat(chat)))
    assert post.calls(chat) == ["sendPhoto"] * 2
    assert post.telegram.chat(chat)[0].file == content


async def test_a_file_that_telegram_refuses_is_a_dead_letter_with_the_file_in_it(post: Post) -> None:
    chat = post.person()
    await post.put(call("sendPhoto", chat, file=File("photo", "x.png", b"no picture"), chat_id=chat))
    letter = await post.dead_letter()
    assert "IMAGE_PROCESS_FAILED" in str(letter.headers[REASON])
    assert decode(OutboundCall, letter.body).file == File("photo", "x.png", b"no picture")
    assert letter.routing_key == DEAD != INTERACTIVE.name
