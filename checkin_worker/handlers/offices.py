"""Owns /office: the offices that one sees, and what an admin changes about them; a new one's place is a location.

Only admins change offices, and who works or decides there: a manager who could would choose whom they see.
"""

import re
from collections.abc import Sequence
from datetime import UTC
from typing import Final

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from checkin_worker import offices, oversight
from checkin_worker.access import AtLeast, Standing
from checkin_worker.desk import Desk
from checkin_worker.handlers.office_changes import change
from checkin_worker.handlers.taps import refusal
from checkin_worker.keyboards import inline
from checkin_worker.office_list import OFFICE, listed, spot
from checkin_worker.office_words import ADD, Refused, draft, same_name
from checkin_worker.offices import Draft
from checkin_worker.pages import Leaf, turn_to
from checkin_worker.throttle import Sparing
from checkin_worker.where import Where

_REMOVE: Final = re.compile(rf"^{OFFICE}:remove:(\d{{1,18}})$")
_LIST: Final = re.compile(rf"^{OFFICE}:list:(\d{{1,3}})$")


def router() -> Router:
    """The handlers of this room; it stands before that of the taps, whose location it may take."""
    routes = Router(name="offices")
    admin = AtLeast(Standing.ADMIN)
    routes.message.register(office, Command(OFFICE), AtLeast(Standing.MANAGER), Sparing())
    routes.message.register(place, Where(F.location), admin, awaited)
    routes.callback_query.register(leaf, Where(F.data.regexp(_LIST).as_("leaf")), AtLeast(Standing.MANAGER))
    routes.callback_query.register(cancel, Where(F.data == f"{OFFICE}:cancel"), admin)
    routes.callback_query.register(keep, Where(F.data == f"{OFFICE}:keep"), admin)
    routes.callback_query.register(remove, Where(F.data.regexp(_REMOVE).as_("asked")), admin)
    return routes


async def office(message: Message, command: CommandObject, desk: Desk) -> None:
    """List the offices, or do to one what the words say."""
    words = (command.args or "").split()
    if not words:
        text, keyboard = await _page(desk, 0)
        await message.answer(text, reply_markup=keyboard)
        desk.outbox.replace_waiting(OFFICE)
        return
    if desk.standing < Standing.ADMIN:
        await message.answer(desk.texts.say("office-admins-only"))
        return
    try:
        if words[0].lower() == ADD:
            await _ask_for_place(message, words[1:], desk)
        else:
            await change(message, words, desk)
    except Refused as refused:
        await message.answer(desk.texts.say(refused.message_id, **refused.values))


async def awaited(message: Message, desk: Desk) -> bool | dict[str, Draft]:
    """Whether this location is the place of an office that was asked for: `wanted`."""
    wanted = await offices.awaited(desk.db, desk.person.user_id, message.date.astimezone(UTC))
    return False if wanted is None else {"wanted": wanted}


async def place(message: Message, wanted: Draft, desk: Desk) -> None:
    """Open the office there; the location is not recorded as attendance, and the answer says so."""
    point = message.location
    if point is None:
        return
    if refusal(message, point, live_only=False) == "refused-nowhere":
        await message.answer(desk.texts.say("refused-nowhere"))
        return
    await desk.db.execute(offices.SETTLE, desk.person.user_id)
    name, north, east = wanted.name, point.latitude, point.longitude
    opened = await desk.db.fetchval(offices.OPEN, name, north, east, wanted.radius_m, wanted.timezone)
    if opened is None:  # somebody else was faster
        await message.answer(desk.texts.say("office-name-taken", name=name))
        return
    values = {"name": name, "radius": str(wanted.radius_m), "zone": wanted.timezone}
    await message.answer(desk.texts.say("office-opened", place=spot(north, east), **values))


async def leaf(query: CallbackQuery, leaf: re.Match[str], desk: Desk) -> None:
    """Show another page of the list."""
    await turn_to(lambda: _page(desk, int(leaf[1])), query, desk)


async def cancel(query: CallbackQuery, desk: Desk) -> None:
    """Ask for no place any more: the next location is a check-in again."""
    name = await desk.db.fetchval(offices.SETTLE, desk.person.user_id)
    if name is None:
        await query.answer(desk.texts.say("office-nothing-asked"), show_alert=True)
        return
    await _replace(query, desk.texts.say("office-cancelled", name=name))


async def keep(query: CallbackQuery, desk: Desk) -> None:
    """Remove no office."""
    await _replace(query, desk.texts.say("office-stays"))


async def remove(query: CallbackQuery, asked: re.Match[str], desk: Desk) -> None:
    """Remove the office, if nobody works there."""
    name = await offices.remove(desk.db, int(asked[1]), desk.received_at)
    if name is None:
        await query.answer(desk.texts.say("office-not-removed"), show_alert=True)
        return
    await _replace(query, desk.texts.say("office-removed", name=name))


async def _page(desk: Desk, page: int) -> Leaf:
    async with desk.reader.connection(desk.db) as replica:
        seen = await offices.kept(replica, oversight.scope(desk))
    return listed(seen, page, desk.texts)


async def _replace(query: CallbackQuery, text: str) -> None:
    """Let the message with the buttons say how it ended."""
    await query.answer()
    if isinstance(query.message, Message):
        await query.message.edit_text(text)


async def _ask_for_place(message: Message, words: Sequence[str], desk: Desk) -> None:
    wanted = draft(words, desk.settings.timezone)
    if any(same_name(each.name, wanted.name) for each in await offices.kept(desk.db, None)):
        raise Refused("office-name-taken", name=wanted.name)
    values = (wanted.name, wanted.radius_m, wanted.timezone, message.date.astimezone(UTC))
    await desk.db.execute(offices.AWAIT, desk.person.user_id, *values)
    keyboard = inline([(desk.texts.say("office-button-cancel"), f"{OFFICE}:cancel")])
    minutes = int(offices.ANSWER_WITHIN.total_seconds()) // 60
    await message.answer(desk.texts.say("office-where", name=wanted.name, minutes=minutes), reply_markup=keyboard)
