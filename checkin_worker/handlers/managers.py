"""Owns what managers look at: /now, the roll, with buttons that turn its pages; and /help, for everybody."""

import re
from typing import Final

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from checkin_worker import oversight, roll
from checkin_worker.access import AtLeast, Standing
from checkin_worker.desk import Desk
from checkin_worker.pages import Leaf, turn_to
from checkin_worker.rollcall import NOW, WHOM, RollCall
from checkin_worker.throttle import Sparing
from checkin_worker.where import Where

_LEAF: Final = re.compile(rf"^{NOW}:({'|'.join(WHOM)}):(\d{{1,5}})$")


def router() -> Router:
    """The handlers of this room."""
    routes = Router(name="managers")
    routes.message.register(assist, Command("help"), AtLeast(Standing.EMPLOYEE), Sparing())
    routes.message.register(now, Command(NOW), AtLeast(Standing.MANAGER), Sparing())
    routes.callback_query.register(turn, Where(F.data.regexp(_LEAF).as_("leaf")), AtLeast(Standing.MANAGER))
    return routes


async def assist(message: Message, desk: Desk) -> None:
    """List the commands that this person may use."""
    least = {"employee": Standing.EMPLOYEE, "manager": Standing.MANAGER, "admin": Standing.ADMIN}
    parts = [desk.texts.say(f"help-{who}") for who, standing in least.items() if desk.standing >= standing]
    await message.answer("\n\n".join(parts))
    desk.outbox.replace_waiting("help")


async def now(message: Message, desk: Desk) -> None:
    """Show the first page of everybody."""
    text, keyboard = await _view(desk, WHOM[0], 0)
    await message.answer(text, reply_markup=keyboard)
    desk.outbox.replace_waiting(NOW)


async def turn(query: CallbackQuery, leaf: re.Match[str], desk: Desk) -> None:
    """Show another page, other people, or the same ones anew, in the same message."""
    await turn_to(lambda: _view(desk, leaf[1], int(leaf[2])), query, desk)


async def _view(desk: Desk, whom: str, page: int) -> Leaf:
    asked = roll.Asked(oversight.scope(desk), desk.received_at, whom, page)
    async with desk.reader.connection(desk.db) as replica:
        found = await roll.read(replica, asked, desk.settings)
    await oversight.note(desk, NOW, [line.user_id for line in found.lines])
    call = RollCall(desk.texts, desk.calendar.zone)
    return call.text(found), call.buttons(found)
