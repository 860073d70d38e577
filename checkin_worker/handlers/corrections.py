"""Owns corrections: asked for in words or with the button below a check-in, decided by a manager's button."""

from datetime import UTC, date, datetime
from typing import Final

import structlog
from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from checkin_worker import corrections, oversight
from checkin_worker.access import AtLeast, Standing
from checkin_worker.correction_words import OLDEST, Problem, Wish, example, read
from checkin_worker.corrections import CORRECT, Lately, Shown
from checkin_worker.desk import Desk
from checkin_worker.entry_number import numbered
from checkin_worker.keyboards import inline
from checkin_worker.people import Person
from checkin_worker.replies import CORRECT_LEFT
from checkin_worker.throttle import REQUESTS, Sparing
from checkin_worker.where import Where
from shared.texts import texts_in

log = structlog.get_logger()

_YES: Final = "yes"
_FORGOTTEN: Final = 5
"""Forgotten check-outs for which there is a button at once, the last ones."""


def router() -> Router:
    """The handlers of this room."""
    routes = Router(name="corrections")
    routes.message.filter(AtLeast(Standing.EMPLOYEE))
    routes.callback_query.filter(AtLeast(Standing.EMPLOYEE))
    routes.message.register(correct, Command("correct", ignore_mention=True), Sparing())
    routes.callback_query.register(left, Where(F.data.regexp(rf"^{CORRECT_LEFT}:\d{{4}}-\d\d-\d\d:\d{{1,10}}$")))
    decision = Where(F.data.regexp(rf"^{CORRECT}:(yes|no):\d{{1,18}}$"))
    routes.callback_query.register(decided, decision, AtLeast(Standing.MANAGER))
    return routes


async def correct(message: Message, command: CommandObject, desk: Desk, bot: Bot) -> None:
    """Understand what is wanted and pass it on; or say how to write it, with an example that would be taken."""
    asked_at = message.date.astimezone(UTC)  # what lies after it has not happened, however late it came to our door
    found = read(command.args, desk.calendar, asked_at) if command.args else Problem("correct-how")
    if isinstance(found, Problem):
        async with desk.reader.connection(desk.db) as replica:
            today = desk.calendar.workday(asked_at)
            lately = await corrections.lately(replica, desk.person.user_id, desk.calendar, today)
        fits = example(lately.own, desk.calendar, asked_at)
        lines = [desk.texts.say(found.said)]
        lines += [desk.texts.say("correct-example", command=f"/correct {fits}")] if fits else []
        await message.answer("\n".join(lines), reply_markup=_forgotten(lately, desk))
        return
    await message.answer(await _pass_on(found, asked_at, desk, bot))


async def left(query: CallbackQuery, desk: Desk, bot: Bot) -> None:
    """Ask for the check-out that was forgotten, at the moment that the button proposes."""
    if query.data is None:
        return
    _, day, seconds = query.data.split(":")
    workday, gone = _day(day, desk), datetime.fromtimestamp(int(seconds), UTC)
    sessions = (await desk.book.page(workday)).day.sessions if workday else ()
    if (
        workday is None
        or not sessions
        or sessions[-1].end is not None
        or not sessions[-1].start.at < gone <= desk.received_at
    ):
        await query.answer(desk.texts.say("button-stale"))
        return
    wish = Wish(workday, sessions[0].start.at, gone, desk.texts.say("correct-forgot"))
    if await corrections.waits(desk, wish):
        await query.answer(desk.texts.say("correct-waits"), show_alert=True)
        return
    said = await _pass_on(wish, desk.received_at.replace(microsecond=0), desk, bot)
    await query.answer(said[:200], show_alert=True)


async def decided(query: CallbackQuery, desk: Desk, bot: Bot) -> None:
    """Approve or reject; the first decision holds, and whoever comes second is told whose it was."""
    if query.data is None:
        return
    _, verdict, number = query.data.split(":")
    request = await corrections.state(desk.db, int(number))
    if request is None or not await oversight.sees(desk, request.user_id):
        await query.answer(desk.texts.say("correct-gone"), show_alert=True)
        return
    person = await desk.people.by_id(request.user_id)
    approving = verdict == _YES
    if person is not None and await _decide(int(number), person, desk, approving=approving):
        said = desk.texts.say("correct-approved" if approving else "correct-rejected", name=desk.person.full_name)
        await oversight.note(desk, f"correction {verdict}", [person.user_id])
        await _tell(bot, person, desk, request.number, approving=approving)
        log.info("correction_decided", approved=approving)
        await query.answer()
    else:
        said = await _decided_by(int(number), desk)
        await query.answer(said, show_alert=True)
    if isinstance(query.message, Message):
        await query.message.edit_text(f"{query.message.text or ''}\n\n{said}"[-4096:].strip())


async def _decide(correction_id: int, person: Person, desk: Desk, *, approving: bool) -> bool:
    if approving:
        return await corrections.approve(desk, correction_id, person) is not None
    return await corrections.reject(desk, correction_id) is not None


async def _decided_by(correction_id: int, desk: Desk) -> str:
    now = await corrections.state(desk.db, correction_id)
    if now is None:
        return desk.texts.say("correct-gone")
    return desk.texts.say(f"correct-{now.state}", name=now.by or "?")


async def _tell(bot: Bot, person: Person, desk: Desk, number: str, *, approving: bool) -> None:
    texts = texts_in(person.language)
    desk.outbox.speak(person.user_id, person.language)
    said = texts.say("correct-yours-approved" if approving else "correct-yours-rejected", name=desk.person.full_name)
    await bot.send_message(person.user_id, numbered(said, number, texts))


async def _pass_on(wish: Wish, asked_at: datetime, desk: Desk, bot: Bot) -> str:
    """Ask everybody who may decide, each in their own language; return what is said to whoever asked."""
    overseers = await oversight.overseers(desk.db, desk.person.user_id, desk.settings.admin_ids)
    if not overseers:
        return desk.texts.say("correct-nobody")
    if not await REQUESTS.allows(desk.db, desk.person.user_id, desk.received_at):
        return desk.texts.say("correct-enough")
    asked = await corrections.ask(desk, wish, asked_at)
    sessions = (await desk.book.page(wish.workday)).day.sessions
    spans = [(session.start.at, session.end.at if session.end else None) for session in sessions]
    shown = Shown(asked.number, desk.person.full_name, wish, spans, desk.calendar.zone)
    for overseer in overseers:
        texts = texts_in(overseer.language)
        desk.outbox.speak(overseer.user_id, overseer.language)
        keyboard = inline(corrections.buttons(texts, asked.correction_id))
        await bot.send_message(overseer.user_id, shown.told(texts), reply_markup=keyboard)
    await oversight.told(desk, "correction asked", overseers)
    log.info("correction_asked", overseers=len(overseers), replaced=asked.replaced)
    said = desk.texts.say("correct-sent-again" if asked.replaced else "correct-sent")
    return numbered(said, asked.number, desk.texts)


def _forgotten(lately: Lately, desk: Desk) -> InlineKeyboardMarkup | None:
    """A button for each check-out that was forgotten, as there was one below the check-in after it."""
    rows = []
    for day in lately.forgotten[:_FORGOTTEN]:
        if day.proposal is not None:
            clock = f"{day.proposal.astimezone(desk.calendar.zone):%H:%M}"
            label = desk.texts.say("correct-left", date=day.workday, time=clock)
            rows.append([(label, f"{CORRECT_LEFT}:{day.workday}:{int(day.proposal.timestamp())}")])
    return inline(*rows) if rows else None


def _day(text: str, desk: Desk) -> date | None:
    """The day of a button's data, which a client can make up; None unless it may be corrected."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    today = desk.calendar.workday(desk.received_at)
    return day if today - OLDEST <= day <= today else None
