"""Owns what an admin does to one office: look at it, change its radius, its people or its managers, or remove it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from aiogram.types import Message

from checkin_worker import offices, oversight
from checkin_worker.desk import Desk
from checkin_worker.keyboards import inline
from checkin_worker.office_list import OFFICE, described
from checkin_worker.office_words import Refused, metres, named, people
from checkin_worker.offices import Kept


async def change(message: Message, words: Sequence[str], desk: Desk) -> None:
    """Do what the words say: `NAME`, and a verb with what it needs.

    Raises:
        Refused: there is no such office or verb, or it does not go.
    """
    office, rest = named(await offices.kept(desk.db, oversight.scope(desk)), words)
    verb = _VERBS.get(rest[0].lower() if rest else "")
    if verb is None:
        raise Refused("office-usage")
    await verb(message, office, rest[1:], desk)


async def _show(message: Message, office: Kept, _words: Sequence[str], desk: Desk) -> None:
    await oversight.note(desk, OFFICE, office.managers)
    await message.answer(described(office, desk.texts))


async def _resize(message: Message, office: Kept, words: Sequence[str], desk: Desk) -> None:
    radius = metres(words)
    await desk.db.execute(offices.RESIZE, office.office_id, radius)
    await message.answer(desk.texts.say("office-resized", name=office.name, radius=str(radius)))


async def _offer_removal(message: Message, office: Kept, _words: Sequence[str], desk: Desk) -> None:
    yes = (desk.texts.say("office-button-remove"), f"{OFFICE}:remove:{office.office_id}")
    no = (desk.texts.say("office-button-keep"), f"{OFFICE}:keep")
    if await desk.db.fetchval(offices.WORKS, office.office_id):
        raise Refused("office-not-empty", name=office.name)
    await message.answer(desk.texts.say("office-remove", name=office.name), reply_markup=inline([yes], [no]))


async def _assign(message: Message, office: Kept, words: Sequence[str], desk: Desk) -> None:
    joining, leaving = await _known(words, desk)
    await desk.db.execute(offices.ASSIGN, office.office_id, joining)
    left = await desk.db.fetch(offices.UNASSIGN, office.office_id, leaving)
    await oversight.note(desk, "office people", [*joining, *(row["user_id"] for row in left)])
    await _tell(message, office, desk)


async def _appoint(message: Message, office: Kept, words: Sequence[str], desk: Desk) -> None:
    joining, leaving = await _known(words, desk)
    await desk.db.execute(offices.APPOINT, office.office_id, joining)
    await desk.db.execute(offices.PROMOTE, joining)
    left = await desk.db.fetch(offices.DISMISS, office.office_id, leaving)
    await oversight.note(desk, "office managers", [*joining, *(row["user_id"] for row in left)])
    await _tell(message, office, desk)


_VERBS: Final[Mapping[str, Callable[[Message, Kept, Sequence[str], Desk], Awaitable[None]]]] = {
    "": _show,
    "radius": _resize,
    "remove": _offer_removal,
    "people": _assign,
    "manager": _appoint,
}


async def _known(words: Sequence[str], desk: Desk) -> tuple[list[int], list[int]]:
    """Whom to add and whom to remove; those who are added are with the company."""
    joining, leaving = people(words)
    known = {row["user_id"] for row in await desk.db.fetch(offices.KNOWN, joining)}
    if unknown := [str(user_id) for user_id in joining if user_id not in known]:
        raise Refused("office-people-unknown", ids=", ".join(unknown))
    return joining, leaving


async def _tell(message: Message, office: Kept, desk: Desk) -> None:
    """Show the office as it is now."""
    changed = next(each for each in await offices.kept(desk.db, None) if each.office_id == office.office_id)
    await oversight.note(desk, OFFICE, changed.managers)
    await message.answer(desk.texts.say("office-changed") + "\n\n" + described(changed, desk.texts))
