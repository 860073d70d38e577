"""Owns the turning of pages: another page in the message whose button was pressed, or why it does not come."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from checkin_worker.throttle import ANSWERS

if TYPE_CHECKING:
    from checkin_worker.desk import Desk

Leaf = tuple[str, InlineKeyboardMarkup | None]
"""A page's text, and the buttons to the others."""


async def turn_to(page: Callable[[], Awaitable[Leaf]], query: CallbackQuery, desk: "Desk") -> None:
    """Show the page, which is looked up once it is certain to be shown."""
    if not isinstance(query.message, Message):  # too old to be edited
        await query.answer(desk.texts.say("button-stale"))
        return
    if not await ANSWERS.allows(desk.db, desk.person.user_id, desk.received_at):
        await query.answer(desk.texts.say("page-wait"))
        return
    text, keyboard = await page()
    await query.answer()
    await query.message.edit_text(text, reply_markup=keyboard)
