"""Owns how an update is read: what Telegram posted as aiogram's model, who speaks in it, and when that was."""

import re
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiogram import Bot
from aiogram.types import MaybeInaccessibleMessageUnion, Update, User
from pydantic import ValidationError

from shared.errors import Undecodable

_LONG_NUMBER: Final = re.compile(rb"\d{19}")
"""Without it no number is beyond 64 bits, which saves the look at each."""
_INT64: Final = range(-(2**63), 2**63)


def decoded(body: bytes, bot: Bot) -> Update:
    """The update, whose messages answer by this bot; raises Undecodable for what is none by aiogram's model."""
    try:
        fields = msgspec.json.decode(body)
        if _LONG_NUMBER.search(body) and not _fits(fields):
            raise Undecodable("not an update: a number is beyond 64 bits")
        return Update.model_validate(fields, context={"bot": bot})
    except ValidationError as problem:
        # what was wrong and where, without the value: it is a person's
        first = problem.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Undecodable(f"not an update: {place}: {first['msg']}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Undecodable(f"not an update: {problem}") from problem


def who_speaks(update: Update) -> User | None:
    """Whose message or button in their chat with the bot this is; None for groups, channels, bots and other kinds."""
    message: MaybeInaccessibleMessageUnion | None
    user: User | None
    if (query := update.callback_query) is not None:
        message, user = query.message, query.from_user
    else:
        message = update.message or update.edited_message
        user = None if message is None else message.from_user
    private = message is not None and message.chat.type == "private"
    return user if private and user is not None and not user.is_bot else None


def said_at(update: Update) -> int | None:
    """When the person wrote what this update brings, by Telegram's clock, unix seconds; it says that of no button."""
    if (message := update.message) is not None:
        return int(message.date.timestamp())
    return None if update.edited_message is None else update.edited_message.edit_date


def moment(unix_seconds: float) -> datetime | None:
    """A moment; None beyond what a calendar has."""
    try:
        return datetime.fromtimestamp(unix_seconds, UTC)
    except (ValueError, OverflowError, OSError):  # which of them is the platform's choice
        return None


def _fits(fields: object) -> bool:
    """Whether all whole numbers have a place in the database."""
    looked_at = [fields]
    while looked_at:
        one = looked_at.pop()
        if isinstance(one, dict):
            looked_at.extend(one.values())
        elif isinstance(one, list):
            looked_at.extend(one)
        elif isinstance(one, int) and one not in _INT64:
            return False
    return True
