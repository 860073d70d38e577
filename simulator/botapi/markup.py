"""Reply markup: its plain form, and the rules of keyboards that Telegram checks and a type cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.botapi.errors import BadRequestError

if TYPE_CHECKING:
    from aiogram.types import TelegramObject

    from simulator.chats import Chat

MAX_CALLBACK_DATA = 64


def read_markup(markup: TelegramObject | None, chat: Chat) -> dict[str, Any] | None:
    """The markup as an object of the Bot API; None for none and for an inline keyboard without buttons."""
    if markup is None:
        return None
    plain = markup.model_dump(mode="json", exclude_none=True)
    for row in plain.get("inline_keyboard", []):
        for button in row:
            _check_inline(button)
    for row in plain.get("keyboard", []):
        for button in row:
            if chat.id < 0 and button.get("request_location"):
                raise BadRequestError("location can be requested in private chats only")
    return None if plain.get("inline_keyboard") == [] else plain


def _check_inline(button: dict[str, Any]) -> None:
    if len(button) < 2:  # noqa: PLR2004 - its text, and what it does
        raise BadRequestError("text buttons are unallowed in the inline keyboard")
    if len(button.get("callback_data", "-").encode()) not in range(1, MAX_CALLBACK_DATA + 1):
        raise BadRequestError("BUTTON_DATA_INVALID")
