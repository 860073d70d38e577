from typing import Any

import pytest

from simulator.botapi.description import METHODS
from simulator.botapi.schema import problems

HER = {"chat_id": "7"}


def of(method: str, parameters: dict[str, Any]) -> list[str]:
    return problems(METHODS[method], parameters)


def keyboard(**button: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a button
    return {"inline_keyboard": [[{"text": "x", **button}]]}


VALID: dict[str, tuple[str, dict[str, Any]]] = {
    "a text in a form": ("sendMessage", {**HER, "text": "salam"}),
    "a text in JSON": ("sendMessage", {"chat_id": 7, "text": "salam", "disable_notification": True}),
    "a text that looks like JSON": ("sendMessage", {**HER, "text": "{[1"}),
    "a channel's name": ("sendMessage", {"chat_id": "@davamiyyet", "text": "salam"}),
    "4096 visible characters": (
        "sendMessage",
        {**HER, "text": f" <b>{'ə' * 4096}</b>\n", "parse_mode": "HTML"},
    ),
    "a button of 64 bytes": ("sendMessage", {**HER, "text": "x", "reply_markup": keyboard(callback_data="ə" * 32)}),
    "a keyboard spelled as JSON": (
        "sendMessage",
        {
            **HER,
            "text": "x",
            "reply_markup": '{"keyboard": [[{"text": "📍", "request_location": true}]], "is_persistent": true}',
        },
    ),
    "a keyboard taken away": ("sendMessage", {**HER, "text": "x", "reply_markup": '{"remove_keyboard": true}'}),
    "an edit": (
        "editMessageText",
        {**HER, "message_id": "5", "text": "x", "link_preview_options": '{"is_disabled": true}'},
    ),
    "an answer": ("answerCallbackQuery", {"callback_query_id": "12", "text": "x" * 200, "show_alert": "true"}),
    "an attached file": ("sendDocument", {**HER, "document": "attach://f", "f": b"a;b", "caption": "Mart"}),
    "a file of its own name": ("sendPhoto", {**HER, "photo": b"png"}),
    "nothing to tell": ("getMe", {}),
}

INVALID: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unknown parameter": ("sendMessage", {**HER, "text": "x", "disable_web_page_preview": "true"}, "disable_web"),
    "no text": ("sendMessage", HER, "text is missing"),
    "an empty text": ("sendMessage", {**HER, "text": "<b> </b>", "parse_mode": "HTML"}, "visible length of 0"),
    "4097 characters": ("sendMessage", {**HER, "text": "ə" * 4097}, "visible length of 4097"),
    "an open tag": ("sendMessage", {**HER, "text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
    "no such mode": ("sendMessage", {**HER, "text": "x", "parse_mode": "html"}, "not among HTML, Markdown"),
    "a chat without a number": ("sendMessage", {"chat_id": "None", "text": "x"}, "chat_id"),
    "yes instead of true": ("sendMessage", {**HER, "text": "x", "disable_notification": "True"}, "not true or false"),
    "half of a JSON": ("sendMessage", {**HER, "text": "x", "reply_markup": "{"}, "reply_markup"),
    "65 bytes of data": (
        "sendMessage",
        {**HER, "text": "x", "reply_markup": keyboard(callback_data="x" * 65)},
        r"reply_markup: inline_keyboard: \[0\] \[0\] callback_data: has a length of 65",
    ),
    "a button that does nothing": ("sendMessage", {**HER, "text": "x", "reply_markup": keyboard()}, "one of"),
    "a button that does two things": (
        "sendMessage",
        {**HER, "text": "x", "reply_markup": keyboard(callback_data="x", url="https://e.az")},
        "callback_data and url exclude each other",
    ),
    "a button's unknown field": (
        "sendMessage",
        {**HER, "text": "x", "reply_markup": keyboard(callback_data="x", color="red")},
        "color is unknown",
    ),
    "a flag as a string within JSON": (
        "sendMessage",
        {**HER, "text": "x", "reply_markup": {"keyboard": [[{"text": "📍", "request_location": "true"}]]}},
        "'true' is not true or false",
    ),
    "a field that has no value": (
        "sendMessage",
        {**HER, "text": "x", "reply_markup": keyboard(callback_data="x", style=None)},
        "None is no string",
    ),
    "what nobody here uses": ("sendMessage", {**HER, "text": "x", "suggested_post_parameters": "{}"}, "not described"),
    "an edit with a reply keyboard": (
        "editMessageText",
        {**HER, "message_id": "5", "text": "x", "reply_markup": '{"inline_keyboard": [], "keyboard": []}'},
        "keyboard is unknown",
    ),
    "an edit of nothing": ("editMessageText", {**HER, "text": "x"}, "inline_message_id, message_id"),
    "201 characters of an answer": ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}, "201"),
    "a caption of 1025": ("sendPhoto", {**HER, "photo": b"png", "caption": "x" * 1025}, "caption has a visible"),
    "an empty file": ("sendPhoto", {**HER, "photo": b""}, "photo"),
    "a file nobody asked for": ("sendMessage", {**HER, "text": "x", "f": b"a;b"}, "f is unknown"),
}


@pytest.mark.parametrize("name", VALID)
def test_what_telegram_s_documentation_allows_is_no_problem(name: str) -> None:
    assert of(*VALID[name]) == []


@pytest.mark.parametrize("name", INVALID)
def test_what_the_documentation_does_not_allow_is_one_problem(name: str) -> None:
    method, parameters, said = INVALID[name]
    (problem,) = of(method, parameters)
    with pytest.raises(ValueError, match=said):
        raise ValueError(problem)
