"""The Bot API as aiogram's own client and plain HTTP see it."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyMarkupUnion,
)

from simulator.botapi.flood import FloodLimits
from simulator.crowd import Crowd
from simulator.people import Employee
from simulator.server import Simulator, SimulatorConfig

BUTTON = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Düzəliş", callback_data="fix")]])
KEYBOARD = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="📍", request_location=True)]])
PNG = b"\x89PNG\r\n\x1a\n and so on"
UNLIMITED = FloodLimits(overall=10_000, chat_burst=10_000)


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorConfig(limits=UNLIMITED)) as simulator:
        yield simulator


@pytest.fixture(scope="module")
async def session() -> AsyncIterator[AiohttpSession]:
    async with AiohttpSession() as kept:
        yield kept


@pytest.fixture
def bot(telegram: Simulator, session: AiohttpSession) -> Bot:
    session.api = TelegramAPIServer.from_base(telegram.url)
    return Bot(telegram.token, session=session)


@pytest.fixture
def person(telegram: Simulator) -> Employee:
    return Crowd(telegram, employees=1).employees[0]


async def raw_call(telegram: Simulator, method: str, **request: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401 - whatever aiohttp takes
    async with aiohttp.ClientSession() as http, http.post(f"{telegram.url}/bot42:TEST/{method}", **request) as answer:
        return answer.status, await answer.json()


async def test_the_bot_knows_itself(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.is_bot) == (42, True)
    assert await bot.set_my_commands([BotCommand(command="start", description="Başla")])


async def test_a_wrong_token_is_refused(telegram: Simulator, session: AiohttpSession) -> None:
    session.api = TelegramAPIServer.from_base(telegram.url)
    with pytest.raises(TelegramUnauthorizedError, match="Unauthorized"):
        await Bot("42:WRONG", session=session).get_me()


async def test_an_unknown_method_is_not_found(telegram: Simulator) -> None:
    assert await raw_call(telegram, "sendLove") == (
        404,
        {"ok": False, "error_code": 404, "description": "Not Found: method not found"},
    )


async def test_a_sent_message_comes_back_as_it_reads(bot: Bot, person: Employee, telegram: Simulator) -> None:
    first = await bot.send_message(
        person.id, " <b>Salam</b>, Şəbnəm & Ülvi \n", parse_mode=ParseMode.HTML, reply_markup=BUTTON
    )
    second = await bot.send_message(person.id, "yenə")
    assert first.text == "Salam, Şəbnəm & Ülvi"
    assert first.html_text == "<b>Salam</b>, Şəbnəm &amp; Ülvi"
    assert first.reply_markup is not None
    assert first.reply_markup.model_dump() == BUTTON.model_dump()
    assert first.from_user is not None
    assert first.from_user.is_bot
    assert first.chat.id == person.id
    assert second.message_id > first.message_id
    assert [message.text for message in telegram.chat(person.id)] == [first.text, "yenə"]


async def test_a_reply_names_the_message_it_answers(bot: Bot, person: Employee) -> None:
    first = await bot.send_message(person.id, "bir")
    second = await bot.send_message(person.id, "iki", reply_to_message_id=first.message_id)
    assert second.reply_to_message is not None
    assert second.reply_to_message.text == "bir"
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(person.id, "üç", reply_to_message_id=999)


async def test_only_people_who_were_here_have_a_chat(bot: Bot) -> None:
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(1, "salam")


async def test_who_blocked_the_bot_is_forbidden(bot: Bot, person: Employee, telegram: Simulator) -> None:
    telegram.faults.blocked.add(person.id)
    with pytest.raises(TelegramForbiddenError, match="Forbidden: bot was blocked by the user"):
        await bot.send_message(person.id, "salam")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "message text is empty"), ("  \n", "message text is empty"), ("ə" * 4097, "message is too long")],
)
async def test_text_has_1_to_4096_characters(bot: Bot, person: Employee, text: str, reason: str) -> None:
    with pytest.raises(TelegramBadRequest, match=reason):
        await bot.send_message(person.id, text)


async def test_text_of_4096_characters_after_entities_is_sent(bot: Bot, person: Employee) -> None:
    sent = await bot.send_message(person.id, f"<b>{'ə' * 4096}</b>", parse_mode=ParseMode.HTML)
    assert len(sent.text or "") == 4096


async def test_callback_data_longer_than_64_bytes_is_refused(bot: Bot, person: Employee) -> None:
    button = InlineKeyboardButton(text="x", callback_data="ə" * 33)
    with pytest.raises(TelegramBadRequest, match="BUTTON_DATA_INVALID"):
        await bot.send_message(person.id, "x", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))


async def test_an_edit_is_what_the_person_sees(bot: Bot, person: Employee, telegram: Simulator) -> None:
    sent = await bot.send_message(person.id, "📍 40.37, 49.85")
    edited = await sent.edit_text("📍 Bakı", reply_markup=BUTTON)
    assert isinstance(edited, Message)
    assert edited.edit_date is not None
    seen = telegram.chat(person.id)[-1]
    assert (seen.text, seen.edited, seen.markup) == ("📍 Bakı", True, BUTTON.model_dump(exclude_none=True))


@pytest.mark.parametrize("markup", [KEYBOARD, ForceReply(), ReplyKeyboardRemove()])
async def test_an_edit_of_a_message_with_reply_keyboard_is_refused(
    bot: Bot, person: Employee, markup: ReplyMarkupUnion
) -> None:
    sent = await bot.send_message(person.id, "salam", reply_markup=markup)
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await sent.edit_text("sağ ol")


async def test_an_edit_that_changes_nothing_is_refused(bot: Bot, person: Employee) -> None:
    sent = await bot.send_message(person.id, "salam", reply_markup=BUTTON)
    with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message content"):
        await sent.edit_text("salam", reply_markup=BUTTON)
    await sent.edit_text("salam")


async def test_an_edit_of_no_message_is_refused(bot: Bot, person: Employee) -> None:
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("salam", chat_id=person.id, message_id=99)


async def test_an_edit_takes_an_inline_keyboard_only(bot: Bot, person: Employee, telegram: Simulator) -> None:
    sent = await bot.send_message(person.id, "salam")
    params = {
        "chat_id": person.id,
        "message_id": sent.message_id,
        "text": "sağ ol",
        "reply_markup": KEYBOARD.model_dump_json(exclude_none=True),
    }
    status, answer = await raw_call(telegram, "editMessageText", data=params)
    assert (status, answer["description"]) == (400, "Bad Request: inline keyboard expected")


async def test_a_person_s_own_message_cannot_be_edited(bot: Bot, telegram: Simulator) -> None:
    crowd = Crowd(telegram, employees=1)
    crowd.press_start(crowd.employees[0])
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("salam", chat_id=crowd.employees[0].id, message_id=1)


async def test_files_arrive_with_their_names_and_captions(bot: Bot, person: Employee, telegram: Simulator) -> None:
    document = await bot.send_document(person.id, BufferedInputFile(b"a;b", "tabel.csv"), caption="Mart")
    photo = await bot.send_photo(person.id, BufferedInputFile(PNG, "x.png"), reply_markup=BUTTON)
    assert document.document is not None
    assert (document.document.file_name, document.document.file_size) == ("tabel.csv", 3)
    assert document.document.mime_type == "text/csv"
    assert photo.photo
    assert photo.photo[0].file_size == len(PNG)
    seen = telegram.chat(person.id)
    assert [(message.text, message.file) for message in seen] == [("Mart", b"a;b"), ("", PNG)]
    assert seen[1].inline
    assert telegram.ledger.calls[0].params["document"].startswith("attach://")
    with pytest.raises(TelegramBadRequest, match="caption is too long"):
        await bot.send_document(person.id, BufferedInputFile(b"a", "a"), caption="ə" * 1025)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "file must be non-empty"), (b"GIF89a", "IMAGE_PROCESS_FAILED"), (b"x", "IMAGE_PROC")]
)
async def test_only_a_png_or_a_jpeg_is_a_photo(
    bot: Bot, person: Employee, telegram: Simulator, content: bytes, reason: str
) -> None:
    with pytest.raises(TelegramBadRequest, match=reason):
        await bot.send_photo(person.id, BufferedInputFile(content, "x.png"))
    assert telegram.chat(person.id) == []
    assert (await bot.send_photo(person.id, BufferedInputFile(b"\xff\xd8\xff\xe0", "x.jpg"))).photo


async def test_a_photo_has_at_most_ten_mebibytes_and_a_document_fifty(bot: Bot, person: Employee) -> None:
    ten = 10 * 1024 * 1024
    with pytest.raises(TelegramBadRequest, match="file is too big for a photo"):
        await bot.send_photo(person.id, BufferedInputFile(PNG.ljust(ten + 1), "x.png"))
    sent = await bot.send_document(person.id, BufferedInputFile(bytes(5 * ten), "x"))
    assert sent.document is not None
    assert sent.document.file_size == 5 * ten
    with pytest.raises(TelegramEntityTooLarge, match="Request Entity Too Large"):
        await bot.send_document(person.id, BufferedInputFile(bytes(5 * ten + 1), "x"))


async def test_a_file_is_uploaded_and_not_named(bot: Bot, person: Employee) -> None:
    for send in (bot.send_document, bot.send_photo):
        with pytest.raises(TelegramBadRequest, match="wrong remote file identifier"):
            await send(person.id, "some-file-id")


async def test_a_photo_and_a_document_have_no_text_to_edit(bot: Bot, person: Employee) -> None:
    sent = await bot.send_document(person.id, BufferedInputFile(b"a", "a"))
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await bot.edit_message_text("salam", chat_id=person.id, message_id=sent.message_id)


async def test_a_callback_query_is_answered_and_only_one_that_was_asked(bot: Bot, telegram: Simulator) -> None:
    crowd = Crowd(telegram, employees=1)
    (employee,) = crowd.employees
    await bot.send_message(employee.id, "salam", reply_markup=BUTTON)
    crowd.press_inline(employee, telegram.chat(employee.id)[-1], "fix")
    (update,) = await bot.get_updates()
    assert update.callback_query is not None
    assert isinstance(update.callback_query.message, Message)
    assert update.callback_query.message.reply_markup is not None
    assert update.callback_query.message.reply_markup.model_dump() == BUTTON.model_dump()
    assert await bot.answer_callback_query(update.callback_query.id, text="oldu", show_alert=True)
    (press,) = telegram.presses(employee.id)
    assert (press.shown, press.alert) == ("oldu", True)
    with pytest.raises(TelegramBadRequest, match="query is too old and response timeout expired or query ID"):
        await bot.answer_callback_query("1")


async def test_answers_to_buttons_count_against_no_limit(bot: Bot, telegram: Simulator) -> None:
    crowd = Crowd(telegram, employees=1)
    await bot.send_message(crowd.employees[0].id, "salam", reply_markup=BUTTON)
    crowd.press_inline(crowd.employees[0], telegram.chat(crowd.employees[0].id)[-1], "fix")
    (press,) = telegram.presses(crowd.employees[0].id)
    assert await bot.answer_callback_query(press.query["id"])
    assert [call.method for call in telegram.ledger.calls] == ["sendMessage"]
    assert (press.answer, press.shown, press.alert) == ({"callback_query_id": press.query["id"]}, "", False)


def keyboard(*rows: int, **what: str) -> InlineKeyboardMarkup:
    """Rows of so many buttons."""
    does = what or {"callback_data": "x"}
    return InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text="x", **does) for _ in range(count)] for count in rows]  # type: ignore[arg-type]  # mypy takes `does` for any field
    )


MARKUPS = {
    "nine in a row": (keyboard(9), "at most 8 inline buttons in a row"),
    "a hundred and one buttons": (keyboard(*[8] * 12, 5), "reply markup is too long"),
    "more than ten kilobytes": (
        keyboard(*[8] * 12, callback_data="x" * 64, url="https://e.az/" + "y" * 50),
        "too long",
    ),
    "a button that does nothing": (
        InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="x")]]),
        "text buttons are unallowed in the inline keyboard",
    ),
    "no data": (keyboard(1, callback_data=""), "BUTTON_DATA_INVALID"),
    "65 bytes of data": (keyboard(1, callback_data="x" * 65), "BUTTON_DATA_INVALID"),
    "a link without a name": (keyboard(1, url="https://localhost"), "Wrong HTTP URL"),
    "a link of no kind": (keyboard(1, url="javascript:alert(1)"), "Wrong HTTP URL"),
    "no link": (keyboard(1, url="https://[x"), "Wrong HTTP URL"),
}


@pytest.mark.parametrize("name", MARKUPS)
async def test_a_keyboard_that_telegram_does_not_take_is_refused(
    bot: Bot, person: Employee, telegram: Simulator, name: str
) -> None:
    markup, reason = MARKUPS[name]
    with pytest.raises(TelegramBadRequest, match=reason):
        await bot.send_message(person.id, "x", reply_markup=markup)
    sent = await bot.send_message(person.id, "salam")
    with pytest.raises(TelegramBadRequest, match=reason):
        await sent.edit_text("sağ ol", reply_markup=markup)
    assert [(message.text, message.markup) for message in telegram.chat(person.id)] == [("salam", None)]


@pytest.mark.parametrize(
    "markup",
    [
        keyboard(8, 8),
        keyboard(*[8] * 12, 4),
        keyboard(1, callback_data="ə" * 32),
        keyboard(1, url="https://example.az/x?y=z"),
        keyboard(1, url="tg://user?id=7"),
        keyboard(1, url="example.az"),
    ],
)
async def test_a_keyboard_at_the_limits_is_shown(
    bot: Bot, person: Employee, telegram: Simulator, markup: InlineKeyboardMarkup
) -> None:
    await bot.send_message(person.id, "x", reply_markup=markup)
    assert telegram.chat(person.id)[-1].markup == markup.model_dump(exclude_none=True)


@pytest.mark.parametrize("markup", [None, InlineKeyboardMarkup(inline_keyboard=[]), keyboard(0)])
async def test_an_edit_without_a_keyboard_takes_it_away(
    bot: Bot, person: Employee, telegram: Simulator, markup: InlineKeyboardMarkup | None
) -> None:
    sent = await bot.send_message(person.id, "salam", reply_markup=BUTTON)
    edited = await sent.edit_text("salam", reply_markup=markup)
    assert isinstance(edited, Message)
    assert edited.reply_markup is None
    seen = telegram.chat(person.id)[-1]
    assert (seen.markup, seen.edits, "reply_markup" in seen.raw) == (None, 1, False)
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await sent.edit_text("salam")
    await sent.edit_text("salam", reply_markup=BUTTON)
    assert telegram.chat(person.id)[-1].inline


@pytest.mark.parametrize("method", ["sendMessage", "SENDMESSAGE", "sendmessage"])
async def test_parameters_are_taken_from_query_form_multipart_and_json(
    telegram: Simulator, person: Employee, method: str
) -> None:
    params = {"chat_id": str(person.id), "text": "{salam}", "unknown": "ignored"}
    with aiohttp.MultipartWriter("form-data") as parts:
        for name, value in params.items():
            parts.append(value).set_content_disposition("form-data", name=name)
    json_params = {**params, "chat_id": person.id, "reply_markup": BUTTON.model_dump(exclude_none=True)}
    requests: list[dict[str, Any]] = [{"params": params}, {"data": params}, {"data": parts}, {"json": json_params}]
    for request in requests:
        status, answer = await raw_call(telegram, method, **request)
        assert (status, answer["result"]["text"]) == (200, "{salam}")


async def test_a_get_is_as_good_as_a_post(telegram: Simulator) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{telegram.url}/bot{telegram.token}/getMe") as answer:
        assert (await answer.json())["ok"] is True


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"text": "x"}, "Bad Request: chat_id is empty"),
        ({"chat_id": "@nobody", "text": "x"}, "Bad Request: chat not found"),
        ({"chat_id": "5101000000"}, "Bad Request: message text is empty"),
        (
            {"chat_id": "5101000000", "text": "x", "reply_markup": "{"},
            "Bad Request: can't parse reply markup JSON object",
        ),
        ({"chat_id": "5101000000", "text": "x", "parse_mode": "BB"}, "Bad Request: unsupported parse_mode"),
        ({"chat_id": "5101000000", "text": "<b>x", "parse_mode": "HTML"}, "Bad Request: can't parse entities"),
    ],
)
async def test_a_wrong_parameter_is_a_bad_request_in_telegram_s_words(
    telegram: Simulator, params: dict[str, str], description: str
) -> None:
    Crowd(telegram, employees=1)
    status, answer = await raw_call(telegram, "sendMessage", data=params)
    assert (status, answer["error_code"]) == (400, 400)
    assert answer["description"].startswith(description)
