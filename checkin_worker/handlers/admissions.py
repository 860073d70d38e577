"""Owns requests to be let in: passed on to the admins with two buttons, and decided by the first who presses one."""

from typing import Final

import structlog
from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from checkin_worker import oversight
from checkin_worker.access import AtLeast, Standing
from checkin_worker.admission import Asker, decide
from checkin_worker.desk import Desk
from checkin_worker.keyboards import inline, location_button
from checkin_worker.where import Where
from shared.texts import Texts, texts_in

log = structlog.get_logger()

ADMIT: Final = "admit"
"""What the data of the buttons begins with: `admit:yes:<user_id>` or `admit:no:<user_id>`."""
_LONGEST: Final = 4096
"""Characters of a message."""


def router() -> Router:
    """The handlers of this room."""
    routes = Router(name="admissions")
    routes.callback_query.filter(AtLeast(Standing.ADMIN))
    routes.callback_query.register(decided, Where(F.data.regexp(rf"^{ADMIT}:(yes|no):[0-9]{{1,18}}$")))
    return routes


def buttons(texts: Texts, user_id: int) -> list[tuple[str, str]]:
    """The row of buttons that decides about this person."""
    return [
        (texts.say("button-admit"), f"{ADMIT}:yes:{user_id}"),
        (texts.say("button-turn-away"), f"{ADMIT}:no:{user_id}"),
    ]


async def pass_on(bot: Bot, desk: Desk, username: str | None) -> None:
    """Ask all admins about whoever is at the desk, each in their own language."""
    person = desk.person
    account = f"@{username}, {person.user_id}" if username else str(person.user_id)
    admins = await oversight.overseers(desk.db, person.user_id, desk.settings.admin_ids)
    for admin in admins:
        texts = texts_in(admin.language)
        desk.outbox.speak(admin.user_id, admin.language)
        text = texts.say("request", name=person.full_name, account=account)
        await bot.send_message(admin.user_id, text, reply_markup=inline(buttons(texts, person.user_id)))
    await oversight.told(desk, "admission asked", admins)
    log.info("admission_asked", admins=len(admins))


async def decided(query: CallbackQuery, desk: Desk, bot: Bot) -> None:
    """Let the asker in or turn them away, and tell them; whoever decides second is told so."""
    if query.data is None:
        return
    _, verdict, number = query.data.split(":")
    user_id, admit = int(number), verdict == "yes"
    asker = await decide(desk, user_id, admit=admit)
    if asker is None:
        said = desk.texts.say("request-decided-already")
        await query.answer(said, show_alert=True)
    else:
        await oversight.note(desk, "admit" if admit else "turn_away", [user_id])
        await _tell(bot, asker, desk, admit=admit)
        said = desk.texts.say("request-admitted" if admit else "request-turned-away", name=asker.name)
        await query.answer()
        log.info("admission_decided", admitted=admit)
    if isinstance(query.message, Message):
        await _strike_out(query.message, user_id, said)


async def _tell(bot: Bot, asker: Asker, desk: Desk, *, admit: bool) -> None:
    if asker.chat_id is None:
        return
    desk.outbox.speak(asker.chat_id, asker.language)
    texts = texts_in(asker.language)
    if admit:
        await bot.send_message(asker.chat_id, texts.say("admitted"), reply_markup=location_button(texts))
    else:
        await bot.send_message(asker.chat_id, texts.say("turned-away"))


async def _strike_out(shown: Message, user_id: int, said: str) -> None:
    """Put the decision below the request and take its buttons away; a list keeps the buttons of other requests."""
    text = "\n\n".join(filter(None, (shown.text, said)))
    rows = shown.reply_markup.inline_keyboard if shown.reply_markup else []
    others = [left for row in rows if (left := [button for button in row if not _decides(button, user_id)])]
    keyboard = InlineKeyboardMarkup(inline_keyboard=others) if others else None
    await shown.edit_text(text if len(text) <= _LONGEST else said, reply_markup=keyboard)


def _decides(button: InlineKeyboardButton, user_id: int) -> bool:
    return button.callback_data in (f"{ADMIT}:yes:{user_id}", f"{ADMIT}:no:{user_id}")
