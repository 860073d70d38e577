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
    CallbackQuery,
    ForceReply,
    FSInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    Message,
    MessageEntity,
    ReplyKeyboardMarkup,
    Update,
)

from checkin_worker.attendance import Event
from checkin_worker.incoming import said_at
from checkin_worker.lateness import LATE, STALE
from checkin_worker.outbox import CollectingSession, Outbox, open_outbox
from shared.contracts import FILE_LIMIT, EventRef, File, GeoRequest, OutboundCall, Slot, decode
from shared.sealed import unsealed
from shared.topology import FILES as UPLOADS
from shared.topology import GEO_REQUESTS, INTERACTIVE, REPORTS

UPDATE_ID, USER = 8_412, 5_100_000_007
ASKED_AT = 1_783_317_731.437
EVENT = Event(datetime(2026, 7, 6, 6, 2, 11, tzinfo=UTC), UPDATE_ID, 40.37171, 49.85050)
SLOT = Slot("yer: 40, 49.", 5, 11)
BUTTON = ReplyKeyboardMarkup(
    keyboard=[[KeyboardButton(text="📍", request_location=True)]], resize_keyboard=True, is_persistent=True
)

UNDO = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="↩", callback_data="undo:1:2")]])
CONTENT = b"PK\x03\x04\x00\xff"

Handle = Callable[[Message, Outbox], Awaitable[Any]]


PERSON = {"id": USER, "is_bot": False, "first_name": "Ləman"}
MESSAGE = {
    "message_id": 5,
    "date": 1_783_000_000,
    "chat": {"id": USER, "type": "private"},
    "from": PERSON,
    "text": "x",
}


async def handled(handle: Handle, **properties: Any) -> Outbox:  # noqa: ANN401 - whatever aiogram takes as default
    """What is in the outbox after aiogram has called this handler with a message."""
    routes = Router()
    routes.message.register(handle)
    return await _fed(routes, {"message": MESSAGE}, **properties)


async def pressed(handle: Callable[[CallbackQuery, Outbox], Awaitable[Any]]) -> Outbox:
    """What is in the outbox after aiogram has called this handler with a press of a button."""
    routes = Router()
    routes.callback_query.register(handle)
    query = {"id": "4711", "from": PERSON, "chat_instance": "1", "data": "undo:1:2", "message": MESSAGE}
    return await _fed(routes, {"callback_query": query})


async def _fed(routes: Router, content: dict[str, Any], **properties: Any) -> Outbox:  # noqa: ANN401 - whatever aiogram takes as default
    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.include_router(routes)
    bot = Bot("1:x", session=CollectingSession(), default=DefaultBotProperties(**properties))
    update = Update.model_validate({"update_id": UPDATE_ID, **content}, context={"bot": bot})
    outbox = Outbox(UPDATE_ID, USER, ASKED_AT, said_at(update))
    token = open_outbox.set(outbox)
    try:
        await dispatcher.feed_update(bot, update, outbox=outbox)
    finally:
        open_outbox.reset(token)
    return outbox


def calls(outbox: Outbox) -> list[OutboundCall]:
    """The calls in it, as the sender reads them."""
    queues = (INTERACTIVE.name, UPLOADS.name)
    return [decode(OutboundCall, each.body) for each in unsealed(outbox.sealed()) if each.queue in queues]


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
    "sendVoice": lambda message: message.answer_voice(BufferedInputFile(b"x", "x.ogg")),
    "editMessageReplyMarkup": lambda message: message.edit_reply_markup(reply_markup=None),
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
        asked_at=ASKED_AT,
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


FILES: dict[str, tuple[Callable[[Message], Awaitable[Any]], File]] = {
    "sendDocument": (
        lambda message: message.answer_document(
            BufferedInputFile(CONTENT, "təbel.xlsx"), caption="Mart", reply_markup=UNDO
        ),
        File("document", "təbel.xlsx", CONTENT),
    ),
    "sendPhoto": (
        lambda message: message.answer_photo(BufferedInputFile(CONTENT, "kod.png"), caption="Mart", reply_markup=UNDO),
        File("photo", "kod.png", CONTENT),
    ),
}


@pytest.mark.parametrize("properties", [{}, {"parse_mode": "HTML", "protect_content": True}], ids=["", "defaults"])
@pytest.mark.parametrize("method", FILES)
async def test_a_file_goes_beside_the_parameters_and_as_it_was(method: str, properties: dict[str, Any]) -> None:
    send, file = FILES[method]

    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        await send(message)

    (call,) = calls(await handled(say, **properties))
    assert (call.method, call.chat_id, call.file) == (method, USER, file)
    keyboard = {"inline_keyboard": [[{"text": "↩", "callback_data": "undo:1:2"}]]}
    assert call.params == {"chat_id": USER, "caption": "Mart", "reply_markup": keyboard}


async def test_a_file_that_telegram_holds_already_is_named_and_not_carried() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        await message.answer_document("file-id-of-telegram")

    (call,) = calls(await handled(say))
    assert call.file is None
    assert call.params == {"chat_id": USER, "document": "file-id-of-telegram"}


async def test_a_file_larger_than_a_message_carries_is_refused_and_leaves_nothing_behind() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        with pytest.raises(ValueError, match="make it smaller"):
            await message.answer_document(BufferedInputFile(bytes(FILE_LIMIT + 1), "big.xlsx"))
        assert calls(outbox) == []
        await message.answer("Fayl çox böyükdür")

    assert [call.key for call in calls(await handled(say))] == ["8412:0"]


async def test_a_file_that_is_not_in_memory_is_refused() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        await message.answer_document(FSInputFile(__file__))

    with pytest.raises(Exception, match="a call cannot carry a FSInputFile"):
        await handled(say)


async def test_an_answer_to_a_button_goes_in_the_lane_of_the_person_who_pressed() -> None:
    async def answer(query: CallbackQuery, outbox: Outbox) -> None:
        del outbox
        await query.answer("Ləğv edildi", show_alert=True)
        assert isinstance(query.message, Message)
        await query.message.edit_text("Ləğv edildi", reply_markup=UNDO)

    answered, edited = calls(await pressed(answer))
    assert (answered.method, answered.chat_id) == ("answerCallbackQuery", USER)
    assert answered.params == {"callback_query_id": "4711", "text": "Ləğv edildi", "show_alert": True}
    assert (edited.method, edited.chat_id) == ("editMessageText", USER)
    assert (edited.params["chat_id"], edited.params["message_id"]) == (USER, 5)
    assert edited.params["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "undo:1:2"


async def test_a_message_to_somebody_else_goes_in_their_lane() -> None:
    async def tell(message: Message, outbox: Outbox) -> None:
        del outbox
        await message.answer("Göndərildi")
        await _bot(message).send_message(USER + 7, "Sorğu var", reply_markup=UNDO)
        await _bot(message).send_document(USER + 14, BufferedInputFile(CONTENT, "x"))

    said = calls(await handled(tell))
    assert [(call.key, call.chat_id, call.params["chat_id"]) for call in said] == [
        ("8412:0", USER, USER),
        ("8412:1", USER + 7, USER + 7),
        ("8412:2", USER + 14, USER + 14),
    ]


async def test_an_address_that_is_wanted_takes_the_replys_buttons_with_it() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        await message.answer(SLOT.text, reply_markup=UNDO)
        outbox.want_address(SLOT, EVENT, "az")

    request, reply = unsealed((await handled(say)).sealed())
    slot = decode(GeoRequest, bytes(request.body)).slot
    assert slot is not None
    assert slot.reply_markup == decode(OutboundCall, bytes(reply.body)).params["reply_markup"]
    assert (slot.text, slot.start, slot.end) == (SLOT.text, SLOT.start, SLOT.end)


async def test_an_address_that_is_wanted_takes_no_reply_keyboard_with_it_since_an_edit_has_none() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        await message.answer(SLOT.text, reply_markup=BUTTON)
        outbox.want_address(SLOT, EVENT, "az")

    request, _ = unsealed((await handled(say)).sealed())
    slot = decode(GeoRequest, bytes(request.body)).slot
    assert slot is not None
    assert slot.reply_markup is None


async def test_a_message_for_another_service_goes_out_last_into_the_queue_that_was_named() -> None:
    wanted = GeoRequest(
        reply_key="8412:0",
        chat_id=USER,
        slot=SLOT,
        event=EventRef(USER, 1, UPDATE_ID),
        latitude=40.0,
        longitude=49.0,
        language="az",
    )

    async def say(message: Message, outbox: Outbox) -> None:
        outbox.request(REPORTS.name, "8412:report", wanted)
        await message.answer(SLOT.text)
        outbox.want_address(SLOT, EVENT, "az")

    sealed = unsealed((await handled(say)).sealed())
    assert [each.queue for each in sealed] == [GEO_REQUESTS.name, INTERACTIVE.name, REPORTS.name]
    assert sealed[-1].key == "8412:report"
    assert decode(GeoRequest, bytes(sealed[-1].body)) == wanted


async def test_every_call_carries_when_the_update_came_to_our_door() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        await message.answer("Salam")
        await _bot(message).send_message(USER + 7, "Sorğu var")

    assert [call.asked_at for call in calls(await handled(say))] == [ASKED_AT] * 2


async def test_every_call_carries_when_what_it_answers_was_written_if_telegram_tells() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        await message.answer("Salam")

    async def answer(query: CallbackQuery, outbox: Outbox) -> None:
        del outbox
        await query.answer()

    assert [call.said_at for call in calls(await handled(say))] == [MESSAGE["date"]]
    assert [call.said_at for call in calls(await pressed(answer))] == [None]


def test_a_position_of_a_live_location_was_written_when_it_was_edited() -> None:
    edited = {"update_id": UPDATE_ID, "edited_message": {**MESSAGE, "edit_date": 1_783_317_600}}
    assert said_at(Update.model_validate(edited)) == 1_783_317_600


async def test_of_the_answers_of_a_topic_the_newest_may_go_out_alone() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        await message.answer("başqa")
        await message.answer("bu gün")
        outbox.replace_waiting("today")

    assert [call.topic for call in calls(await handled(say))] == [None, "sendMessage:today"]


async def test_of_the_edits_of_one_message_the_newest_goes_out_alone_and_no_new_message_instead_of_them() -> None:
    async def turn(query: CallbackQuery, outbox: Outbox) -> None:
        assert isinstance(query.message, Message)
        await query.message.edit_text("səhifə 2")
        await query.message.answer("yeni")
        outbox.replace_waiting("5")

    edited, new = calls(await pressed(turn))
    assert (edited.topic, new.topic) == ("editMessageText:5", "sendMessage:5")


async def test_a_message_that_is_late_says_so_in_its_readers_language() -> None:
    async def tell(message: Message, outbox: Outbox) -> None:
        outbox.speak(USER, "tr")
        outbox.speak(USER + 7, "en")
        await message.answer("Gönderildi")
        await _bot(message).send_photo(USER + 7, BufferedInputFile(CONTENT, "x.png"), caption="A request")
        await _bot(message).send_message(USER + 14, "Sorğu var")

    said = calls(await handled(tell))
    assert [call.late_after for call in said] == [LATE] * 3
    notes = ["⏱ Bu mesaj gecikti.", "⏱ This message was delayed.", "⏱ Bu mesaj gecikib."]
    assert [call.late_note for call in said] == notes


async def test_a_late_answer_to_a_button_is_not_given_and_an_edit_is_never_late() -> None:
    async def turn(query: CallbackQuery, outbox: Outbox) -> None:
        del outbox
        assert isinstance(query.message, Message)
        await query.answer("Ləğv edildi")
        await query.message.edit_text("Ləğv edildi")

    answer, edit = calls(await pressed(turn))
    assert (answer.late_after, answer.late_note) == (STALE, None)
    assert (edit.late_after, edit.late_note) == (None, None)


async def test_what_nobody_knows_to_have_arrived_is_said_again() -> None:
    async def say(message: Message, outbox: Outbox) -> None:
        del outbox
        await message.answer("Salam")

    assert [call.if_unknown for call in calls(await handled(say))] == ["repeat"]
