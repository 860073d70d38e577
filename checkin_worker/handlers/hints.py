"""Owns what is said to whatever has no meaning of its own: how to check in, and now and then only."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from checkin_worker.access import AtLeast, Standing
from checkin_worker.desk import Desk
from checkin_worker.keyboards import location_button
from checkin_worker.throttle import HINTS
from shared.texts import LANGUAGES, texts_in


def router() -> Router:
    """The handlers of this room; the last ones asked."""
    routes = Router(name="hints")
    routes.message.register(anything_else, AtLeast(Standing.EMPLOYEE))
    routes.callback_query.register(stale_button, AtLeast(Standing.EMPLOYEE))
    return routes


async def anything_else(message: Message, desk: Desk) -> None:
    """Say how to check in; the button comes with it, should it be gone.

    A desktop sends the button's label as text: it cannot send a location.
    """
    label = message.text in {texts_in(language).say("button-location") for language in LANGUAGES}
    if await HINTS.allows(desk.db, desk.person.user_id, desk.received_at):
        text = desk.texts.say("use-your-phone" if label else "hint")
        await message.answer(text, reply_markup=location_button(desk.texts))


async def stale_button(query: CallbackQuery, desk: Desk) -> None:
    """Answer a button that means nothing any more, so that it stops spinning."""
    await query.answer(desk.texts.say("button-stale"))
