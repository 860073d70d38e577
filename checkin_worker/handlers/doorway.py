"""Owns the way in: /start, the text that people agree to first, and the one polite line for everybody else."""

from datetime import timedelta
from typing import Final

from aiogram import Bot, F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message, User

from checkin_worker.access import CONSENT_VERSION, Admission, AtLeast, Standing
from checkin_worker.admission import Way, enter, way_in
from checkin_worker.desk import Desk
from checkin_worker.handlers.admissions import pass_on
from checkin_worker.keyboards import inline, location_button
from checkin_worker.throttle import STRANGERS, Limit, Sparing
from checkin_worker.where import Where

CONSENT: Final = "consent"
"""What the data of the buttons begins with: `consent:<version>:<code of the link, or nothing>`, or `consent:no`."""
CONSENTS: Final = Limit("consent", 3, timedelta(minutes=1))


def router() -> Router:
    """The handlers of this room; whoever is not in yet gets no further than here."""
    routes = Router(name="doorway")
    routes.message.register(greet, CommandStart(), AtLeast(Standing.EMPLOYEE), Sparing())
    routes.message.register(start, CommandStart(), ~AtLeast(Standing.EMPLOYEE))
    routes.message.register(outside, ~AtLeast(Standing.EMPLOYEE))
    routes.callback_query.register(agree, Where(F.data.regexp(rf"^{CONSENT}:[0-9]{{1,9}}:[A-Za-z0-9_-]*$")))
    routes.callback_query.register(not_now, Where(F.data == f"{CONSENT}:no"), ~AtLeast(Standing.EMPLOYEE))
    routes.callback_query.register(outside_button, ~AtLeast(Standing.EMPLOYEE))
    return routes


async def greet(message: Message, desk: Desk, bot: Bot) -> None:
    """Greet who is in, and set the location button once for all."""
    del message
    await _greet(bot, desk)


async def start(message: Message, command: CommandObject, desk: Desk, bot: Bot) -> None:
    """Let in who may come in, or who has a link, as soon as they have agreed."""
    code = command.args or ""
    way = await way_in(desk, code)
    if way is not None and Admission.of(desk.settings).consent_required:
        await _ask_consent(bot, desk, code if way.by_link else "")
    elif way is not None and await enter(desk, way, consented=False):
        await _welcome(bot, desk, way, message.from_user)
    else:
        await _turn_to_the_manager(bot, desk)


async def agree(query: CallbackQuery, desk: Desk, bot: Bot) -> None:
    """Let in who has agreed to the text; it stays in the chat, with the moment. A second press does nothing."""
    await query.answer()
    if desk.standing >= Standing.EMPLOYEE or query.data is None:
        return
    _, version, code = query.data.split(":")
    way = await way_in(desk, code)
    if way is not None and int(version) != CONSENT_VERSION:
        await _ask_consent(bot, desk, code if way.by_link else "")
    elif way is not None and await enter(desk, way, consented=True):
        if isinstance(query.message, Message):
            local = desk.received_at.astimezone(desk.calendar.zone)
            given = desk.texts.say("consent-given", date=local.date(), time=f"{local:%H:%M}")
            await query.message.edit_text(f"{_terms(desk)}\n\n{given}")
        await _welcome(bot, desk, way, query.from_user)
    else:
        await _turn_to_the_manager(bot, desk)


async def not_now(query: CallbackQuery, desk: Desk) -> None:
    """Say that nothing was recorded."""
    await query.answer()
    if isinstance(query.message, Message):
        await query.message.edit_text(desk.texts.say("consent-declined"))


async def outside(message: Message, desk: Desk, bot: Bot) -> None:
    """Whatever a guest sends, be it a location, waits until they have agreed; a stranger gets the line."""
    del message
    if desk.standing is Standing.GUEST:
        await _ask_consent(bot, desk, "")
    else:
        await _turn_to_the_manager(bot, desk)


async def outside_button(query: CallbackQuery, desk: Desk, bot: Bot) -> None:
    """Stop the button from spinning; tell a stranger nothing."""
    await query.answer()
    if desk.standing is Standing.GUEST:
        await _ask_consent(bot, desk, "")


async def _welcome(bot: Bot, desk: Desk, way: Way, user: User | None) -> None:
    if way.asks:
        await pass_on(bot, desk, user.username if user else None)
        await bot.send_message(desk.person.user_id, desk.texts.say("request-passed-on"))
    else:
        await _greet(bot, desk)


async def _greet(bot: Bot, desk: Desk) -> None:
    text = desk.texts.say("start", name=desk.person.full_name)
    await bot.send_message(desk.person.user_id, text, reply_markup=location_button(desk.texts))
    desk.outbox.replace_waiting("start")


async def _ask_consent(bot: Bot, desk: Desk, code: str) -> None:
    if not await CONSENTS.allows(desk.db, desk.person.user_id, desk.received_at):
        return
    keyboard = inline(
        [(desk.texts.say("button-agree"), f"{CONSENT}:{CONSENT_VERSION}:{code}")],
        [(desk.texts.say("button-not-now"), f"{CONSENT}:no")],
    )
    await bot.send_message(desk.person.user_id, _terms(desk), reply_markup=keyboard)


async def _turn_to_the_manager(bot: Bot, desk: Desk) -> None:
    """The same line, once a day, to everybody who is not with the company, whoever they are and whatever they send."""
    if await STRANGERS.allows(desk.db, desk.person.user_id, desk.received_at):
        await bot.send_message(desk.person.user_id, desk.texts.say("stranger"))


def _terms(desk: Desk) -> str:
    return desk.texts.say("consent", days=desk.settings.location_retention_days)
