"""Owns /invite: a link by which people come in, made by a manager or an admin."""

from datetime import timedelta
from typing import Final, NamedTuple

import structlog
from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from checkin_worker import invites
from checkin_worker.access import AtLeast, Standing
from checkin_worker.desk import Desk
from checkin_worker.invites import Invitation, Seal
from checkin_worker.office_words import same_name
from checkin_worker.oversight import scope
from checkin_worker.throttle import Sparing

log = structlog.get_logger()

USES: Final = range(1, 501)
DAYS: Final = range(1, 91)
DEFAULTS: Final = (1, 7)
"""One person, a week."""


class Wish(NamedTuple):
    """What is asked for: for how many people, for how long, and to which office, if one is named ("" if not)."""

    uses: int
    days: int
    office: str


def router() -> Router:
    """The handlers of this room."""
    routes = Router(name="invitations")
    routes.message.filter(AtLeast(Standing.MANAGER))
    routes.message.register(invite, Command("invite"), Sparing())
    return routes


async def invite(message: Message, command: CommandObject, desk: Desk) -> None:
    """Answer with a link; a manager's leads to an office of theirs, the first one if none is named."""
    bot_name = desk.settings.telegram_bot_username.removeprefix("@")
    if not bot_name:
        await message.answer(desk.texts.say("invite-no-bot-name"))
        return
    wish = wished(command.args or "")
    places = await invites.offices(desk.db, scope(desk))
    place = _place(wish.office, places, at_home=desk.standing < Standing.ADMIN) if wish else None
    if wish is None or (wish.office and place is None):
        await message.answer(desk.texts.say("invite-usage", uses=USES[-1], days=DAYS[-1]))
        return
    expires_at = desk.received_at.replace(microsecond=0) + timedelta(days=wish.days)
    invitation = Invitation(wish.uses, expires_at, place and place[0])
    invite_id = await invites.create(desk.db, desk.person.user_id, invitation)
    code = Seal.of(desk.settings.telegram_bot_token).code(invite_id, expires_at)
    log.info("invite_made", invite_id=invite_id, uses=wish.uses, days=wish.days)
    await message.answer(_letter(desk, invitation, place, f"https://t.me/{bot_name}?start={code}"))


def wished(said: str) -> Wish | None:
    """Read `[uses] [days] [office]`; None if a number is out of bounds."""
    words = said.split()
    numbers: list[int] = []
    while words and len(numbers) < len(DEFAULTS) and words[0].isdecimal() and words[0].isascii():
        numbers.append(int(words.pop(0)))
    uses, days = (*numbers, *DEFAULTS[len(numbers) :])
    wish = Wish(uses, days, " ".join(words))
    return wish if wish.uses in USES and wish.days in DAYS else None


def _place(name: str, places: list[tuple[int, str]], *, at_home: bool) -> tuple[int, str] | None:
    """The office of this name; without one the first for a manager, and none in particular for an admin."""
    if not name:
        return places[0] if at_home and places else None
    return next((place for place in places if same_name(place[1], name)), None)


def _letter(desk: Desk, invitation: Invitation, place: tuple[int, str] | None, link: str) -> str:
    until = invitation.expires_at.astimezone(desk.calendar.zone)
    lines = [
        desk.texts.say("invite-made", uses=invitation.uses),
        *([desk.texts.say("invite-office", office=place[1])] if place else []),
        desk.texts.say("invite-until", date=until.date(), time=f"{until:%H:%M}"),
        "",
        link,
    ]
    return "\n".join(lines)
