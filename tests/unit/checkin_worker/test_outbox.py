import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiogram import Bot, Dispatcher, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.methods import SendMessage
from aiogram.types import (
    BufferedInputFile,
    ForceReply,
    KeyboardButton,
    LinkPreviewOptions,
    Message,
    MessageEntity,
    ReplyKeyboardMarkup,
    Update,
)

from checkin_worker.attendance import Event
from checkin_worker.outbox import CollectingSession, Outbox, open_outbox, unsealed
from shared.contracts import EventRef, GeoRequest, OutboundCall, Slot, decode
from shared.topology import GEO_REQUESTS, INTERACTIVE

UPDATE_ID, USER = 8_412, 5_100_000_007
EVENT = Event(datetime(2026, 7, 6, 6, 2, 11, tzinfo=UTC), UPDATE_ID, 40.37171, 49.85050)
SLOT = Slot("yer: 40, 49.", 5, 11)
BUTTON = ReplyKeyboardMarkup(
    keyboard=[[KeyboardButton(text="📍", request_location=True)]], resize_keyboard=True, is_persistent=True
)

Handle = Callable[[Message, Outbox], Awaitable[Any]]


async def handled(handle: Handle, **properties: Any) -> Outbox:  # noqa: ANN401 - whatever aiogram takes as default
    """What is in the outbox after aiogram has called this handler with a message."""
    routes = Router()
    routes.message.register(handle)
    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.include_router(routes)
    bot = Bot("1:x", session=CollectingSession(), default=DefaultBotProperties(**properties))
    person = {"id": USER, "is_bot": False, "first_name": "Ləman"}
    message = {
        "message_id": 5,
        "date": 1_783_000_000,
        "chat": {"id": USER, "type": "private"},
        "from": person,
        "text": "x",
    }
    update = Update.model_validate({"update_id": UPDATE_ID, "message": message}, context={"bot": bot})
    outbox = Outbox(UPDATE_ID, USER)
    token = open_outbox.set(outbox)
    try:
        await dispatcher.feed_update(bot, update, outbox=outbox)
    finally:
        open_outbox.reset(token)
    return outbox


def calls(outbox: Outbox) -> list[OutboundCall]:
    """The calls in it, as the sender reads them."""
    return [
        decode(OutboundCall, bytes(each.body)) for each in unsealed(outbox.sealed()) if each.queue == INTERACTIVE.name
    ]


async def test_an_answer_calls_nobody_and_waits_in_the_outbox() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        answer: object = await message.answer("Salam")
        assert answer is None
        assert len(outbox.sealed()) > 2

    began = time.time()
    (call,) = calls(await handled(say))
    assert (call.method, call.chat_id, call.params) == ("sendMessage", USER, {"chat_id": USER, "text": "Salam"})
    assert (call.target, call.awaits_enrichment) == (None, False)
    assert began <= call.created_at <= time.time()


async def test_keys_name_the_update_and_count_its_calls() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        for text in "abc":
            await message.answer(text)

    said = calls(await handled(say))
    assert [(call.key, call.params["text"]) for call in said] == [("8412:0", "a"), ("8412:1", "b"), ("8412:2", "c")]


async def test_a_handler_that_says_nothing_leaves_the_outbox_empty() -> None:
    async def silent(message: Message, outbox: Outbox) -> None:
        """Say nothing."""

    assert unsealed((await handled(silent)).sealed()) == []


REFUSED: dict[str, Callable[[Message], Awaitable[Any]]] = {
    "sendPhoto": lambda message: message.answer_photo(BufferedInputFile(b"x", "x.png")),
    "editMessageText": lambda message: message.edit_text("x"),
    "deleteMessage": lambda message: message.delete(),
    "setWebhook": lambda message: _bot(message).set_webhook("https://example.az"),
    "sendChatAction": lambda message: _bot(message).send_chat_action(USER, "typing"),
}


def _bot(message: Message) -> Bot:
    assert message.bot is not None
    return message.bot


@pytest.mark.parametrize("method", REFUSED)
async def test_a_method_that_is_not_collected_is_refused_by_its_name(method: str) -> None:
    async def call(message: Message, outbox: Outbox) -> None:
        del outbox
        await REFUSED[method](message)

    with pytest.raises(TypeError, match=f"^{method} cannot be called"):
        await handled(call)


async def test_files_are_not_fetched() -> None:
    session = CollectingSession()
    with pytest.raises(TypeError):
        async for _ in session.stream_content("https://example.az/x"):
            pass
    await session.close()


@pytest.mark.parametrize(
    ("username", "known_as"), [("checkin_bot", "checkin_bot"), ("@checkin_bot", "checkin_bot"), ("", None)]
)
async def test_who_the_bot_is_can_be_told_without_a_call(username: str, known_as: str | None) -> None:
    assert (await Bot("1:x", session=CollectingSession(username)).me()).username == known_as


async def test_a_call_outside_of_an_update_is_an_error() -> None:
    bot = Bot("1:x", session=CollectingSession())
    with pytest.raises(LookupError):
        await bot.send_message(USER, "x")


SAID: dict[str, Callable[[Message], Awaitable[Any]]] = {
    "plain": lambda message: message.answer("Salam"),
    "with a keyboard": lambda message: message.answer("Salam", reply_markup=BUTTON),
    "as a reply": lambda message: message.reply("Salam", reply_markup=ForceReply(force_reply=True)),
    "with entities": lambda message: message.answer(
        "Salam", entities=[MessageEntity(type="bold", offset=0, length=5)], disable_notification=True
    ),
}


@pytest.mark.parametrize("properties", [{}, {"parse_mode": "HTML", "protect_content": True}], ids=["", "defaults"])
@pytest.mark.parametrize("kind", SAID)
async def test_what_is_collected_is_a_valid_call_and_plain_json(kind: str, properties: dict[str, Any]) -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        await SAID[kind](message)

    (call,) = calls(await handled(say, **properties))
    valid = SendMessage.model_validate(call.params)
    assert (valid.chat_id, valid.text) == (USER, "Salam")
    assert b"Default" not in msgspec.json.encode(call.params)
    assert None not in call.params.values()


async def test_a_keyboard_goes_through_unchanged() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        await message.answer("Salam", reply_markup=BUTTON)

    (call,) = calls(await handled(say))
    assert call.params["reply_markup"] == {
        "keyboard": [[{"text": "📍", "request_location": True}]],
        "resize_keyboard": True,
        "is_persistent": True,
    }


async def test_options_with_defaults_of_their_own_go_through_without_them() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        await message.answer("https://example.az", link_preview_options=LinkPreviewOptions(is_disabled=True))

    (call,) = calls(await handled(say))
    assert call.params["link_preview_options"] == {"is_disabled": True}


async def test_an_address_is_wanted_for_the_last_call_and_asked_for_before_all_calls() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        await message.answer("Salam")
        await message.answer(SLOT.text)
        outbox.want_address(SLOT, EVENT, "az")

    request, first, second = unsealed((await handled(say)).sealed())
    assert (request.queue, request.key) == (GEO_REQUESTS.name, "8412:1")
    assert decode(GeoRequest, bytes(request.body)) == GeoRequest(
        reply_key="8412:1",
        chat_id=USER,
        slot=SLOT,
        event=EventRef(USER, 1_783_317_731, UPDATE_ID),
        latitude=40.37171,
        longitude=49.85050,
        language="az",
    )
    assert [each.queue for each in (first, second)] == [INTERACTIVE.name] * 2
    waits = [decode(OutboundCall, bytes(each.body)).awaits_enrichment for each in (first, second)]
    assert waits == [False, True]


async def test_sealing_keeps_every_letter_and_can_be_done_again() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        await message.answer('Gəlişiniz 📍 «qeydə» \u0000 "alındı" \\ </script>')

    outbox = await handled(say)
    assert outbox.sealed() == outbox.sealed()
    assert calls(outbox)[0].params["text"] == 'Gəlişiniz 📍 «qeydə» \u0000 "alındı" \\ </script>'
