"""Owns /privacy and /forget: what is kept of somebody, and how they have it deleted."""

from datetime import timedelta
from typing import Final

import structlog
from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message, ReplyKeyboardRemove

from checkin_worker.access import Recorded
from checkin_worker.desk import Desk
from checkin_worker.forgetting import forget
from checkin_worker.keyboards import inline
from checkin_worker.throttle import Sparing
from checkin_worker.where import Where

log = structlog.get_logger()

FORGET: Final = "forget"
"""What the data of the buttons begins with: `forget:sure`, `forget:yes` and `forget:no`."""
FORGET_WITHIN: Final = timedelta(minutes=15)
"""From the first warning to the last press: a button that is found again next year deletes nothing."""
CONSENTED: Final = """
SELECT version, accepted_at FROM consents WHERE user_id = $1 ORDER BY version DESC LIMIT 1
"""


def router() -> Router:
    """The handlers of this room; also for those who have not agreed to the newest text, since they may never do."""
    routes = Router(name="privacy")
    routes.message.filter(Recorded())
    routes.callback_query.filter(Recorded())
    routes.message.register(privacy, Command("privacy"), Sparing())
    routes.message.register(warn, Command("forget"), Sparing())
    routes.callback_query.register(warn_again, Where(F.data == f"{FORGET}:sure"))
    routes.callback_query.register(delete, Where(F.data == f"{FORGET}:yes"))
    routes.callback_query.register(keep, Where(F.data == f"{FORGET}:no"))
    return routes


async def privacy(message: Message, desk: Desk) -> None:
    """Say what is kept, how long, and what the person agreed to."""
    async with desk.reader.connection(desk.db) as replica:
        row = await replica.fetchrow(CONSENTED, desk.person.user_id)
    kept = desk.texts.say("privacy", days=desk.settings.location_retention_days)
    if row is None:
        agreed = desk.texts.say("privacy-no-consent")
    else:
        local = row["accepted_at"].astimezone(desk.calendar.zone)
        agreed = desk.texts.say("consent-given", date=local.date(), time=f"{local:%H:%M}")
    await message.answer(f"{kept}\n\n{agreed}")
    desk.outbox.replace_waiting("privacy")


async def warn(message: Message, desk: Desk) -> None:
    """Say what would be deleted, and ask."""
    await message.answer(
        desk.texts.say("forget-warning"),
        reply_markup=inline(
            [(desk.texts.say("button-forget"), f"{FORGET}:sure")], [(desk.texts.say("button-keep"), f"{FORGET}:no")]
        ),
    )


async def warn_again(query: CallbackQuery, desk: Desk) -> None:
    """Ask once more: it cannot be undone."""
    if (shown := await _fresh(query, desk)) is None:
        return
    await query.answer()
    await shown.edit_text(
        desk.texts.say("forget-second-warning"),
        reply_markup=inline(
            [(desk.texts.say("button-keep"), f"{FORGET}:no")], [(desk.texts.say("button-forget-all"), f"{FORGET}:yes")]
        ),
    )


async def delete(query: CallbackQuery, desk: Desk, bot: Bot) -> None:
    """Delete everything that is personal, and say farewell; the location button goes too."""
    if (shown := await _fresh(query, desk)) is None:
        return
    gone = await forget(desk.db, desk.person.user_id, desk.outbox.update_id)
    log.info("person_forgotten", marks=gone.marks, days=gone.days)
    await query.answer()
    await shown.edit_text(desk.texts.say("forgotten"))
    farewell = "\n".join(
        [
            desk.texts.say("forgotten-deleted"),
            desk.texts.say("forgotten-marks", marks=gone.marks),
            desk.texts.say("forgotten-days", days=gone.days),
            desk.texts.say("forgotten-farewell"),
        ]
    )
    await bot.send_message(desk.person.user_id, farewell, reply_markup=ReplyKeyboardRemove(remove_keyboard=True))


async def keep(query: CallbackQuery, desk: Desk) -> None:
    """Leave everything as it is."""
    await query.answer()
    if isinstance(query.message, Message):
        await query.message.edit_text(desk.texts.say("forget-kept"))


async def _fresh(query: CallbackQuery, desk: Desk) -> Message | None:
    """The message below which the button was pressed, unless it is too old to be meant."""
    shown = query.message
    if isinstance(shown, Message) and desk.received_at - shown.date <= FORGET_WITHIN:
        return shown
    await query.answer(desk.texts.say("button-stale"))
    return None
