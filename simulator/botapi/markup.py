"""Reply markup: its plain form, and the rules of keyboards that Telegram checks and a type cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from simulator.botapi.errors import BadRequestError

if TYPE_CHECKING:
    from aiogram.types import TelegramObject

    from simulator.chats import Chat

MAX_CALLBACK_DATA = 64
MAX_BUTTONS = 100
MAX_IN_A_ROW = 8
"""Of an inline keyboard. Of a longer row Telegram shows the beginning; here it is refused, so that it is noticed."""
MAX_LENGTH = 10_240
"""Bytes of the whole markup, as JSON."""
SCHEMES = frozenset({"http", "https", "tg", "ton", "tonsite"})


def read_markup(markup: TelegramObject | None, chat: Chat) -> dict[str, Any] | None:
    """The markup as an object of the Bot API; None for none and for an inline keyboard without buttons."""
    if markup is None:
        return None
    plain = markup.model_dump(mode="json", exclude_none=True)
    rows = plain.get("inline_keyboard", [])
    if sum(map(len, rows)) > MAX_BUTTONS or len(orjson.dumps(plain)) > MAX_LENGTH:
        raise BadRequestError("reply markup is too long")
    for row in rows:
        if len(row) > MAX_IN_A_ROW:
            raise BadRequestError(f"the simulator takes at most {MAX_IN_A_ROW} inline buttons in a row")
        for button in row:
            _check_inline(button)
    for row in plain.get("keyboard", []):
        for button in row:
            if chat.id < 0 and button.get("request_location"):
                raise BadRequestError("location can be requested in private chats only")
    return None if "inline_keyboard" in plain and not any(rows) else plain


def _check_inline(button: dict[str, Any]) -> None:
    if len(button) < 2:  # noqa: PLR2004 - its text, and what it does
        raise BadRequestError("text buttons are unallowed in the inline keyboard")
    if len(button.get("callback_data", "-").encode()) not in range(1, MAX_CALLBACK_DATA + 1):
        raise BadRequestError("BUTTON_DATA_INVALID")
    if (url := button.get("url")) is not None and not _is_link(url):
        raise BadRequestError(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in SCHEMES and (parts.scheme not in ("http", "https") or "." in host.strip("."))
