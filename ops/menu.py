"""Owns `fleet menu`: the commands that Telegram's clients offer, in each of the bot's languages."""

from typing import Final

import shared.lean_aiogram  # noqa: F401 - before anything imports aiogram

# isort: split
from aiogram.types import BotCommand

from ops.webhook import bot
from shared.settings import TelegramSettings
from shared.texts import LANGUAGE, LANGUAGES, texts_in

COMMANDS: Final = (
    "today",
    "me",
    "history",
    "correct",
    "why",
    "language",
    "privacy",
    "mydata",
    "forget",
    "help",
)
"""Everybody's. Managers find theirs in /help: a menu of their own would have to be set for each of them."""


def menu(language: str) -> list[BotCommand]:
    """The commands with what each does, in this language."""
    texts = texts_in(language)
    return [BotCommand(command=name, description=texts.say(f"command-{name}")) for name in COMMANDS]


async def set_menu(settings: TelegramSettings) -> int:
    """Tell Telegram the menus; returns how many."""
    async with bot(settings) as api:
        await api.set_my_commands(menu(LANGUAGE))
        for language in LANGUAGES:
            await api.set_my_commands(menu(language), language_code=language)
    return len(LANGUAGES) + 1
