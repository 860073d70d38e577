"""Owns /language: which of the four languages the bot speaks with somebody."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from checkin_worker.access import AtLeast, Standing
from checkin_worker.desk import Desk
from checkin_worker.keyboards import inline, location_button
from checkin_worker.throttle import Sparing
from checkin_worker.where import Where
from shared.texts import LANGUAGES, texts_in

LANGUAGE: Final = "lang"
"""What the data of the buttons begins with: `lang:<language>`."""


def router() -> Router:
    """The handlers of this room."""
    routes = Router(name="language")
    routes.message.filter(AtLeast(Standing.EMPLOYEE))
    routes.callback_query.filter(AtLeast(Standing.EMPLOYEE))
    routes.message.register(ask, Command("language"), Sparing())
    routes.callback_query.register(choose, Where(F.data.in_({f"{LANGUAGE}:{language}" for language in LANGUAGES})))
    return routes


async def ask(message: Message, desk: Desk) -> None:
    """Show the languages, each by its own name."""
    rows = [[(desk.texts.say(f"language-{language}"), f"{LANGUAGE}:{language}")] for language in LANGUAGES]
    await message.answer(desk.texts.say("choose-language"), reply_markup=inline(*rows))
    desk.outbox.replace_waiting(LANGUAGE)


async def choose(query: CallbackQuery, desk: Desk) -> None:
    """Speak the language from this answer on; the location button comes again, in its words."""
    language = (query.data or "").removeprefix(f"{LANGUAGE}:")
    await desk.people.speak(desk.person, language)
    desk.outbox.speak(desk.person.user_id, language)
    texts = texts_in(language)
    await query.answer()
    if query.bot is not None:
        said = texts.say("language-chosen")
        await query.bot.send_message(desk.person.user_id, said, reply_markup=location_button(texts))
