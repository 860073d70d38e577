"""Owns what people ask about their own time: /today, /me with its picture, /history with its pages, and /why."""

import re
from datetime import date, timedelta
from typing import Final

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import BufferedInputFile, CallbackQuery, Message

from checkin_worker import why
from checkin_worker.access import AtLeast, Standing
from checkin_worker.book import Rules
from checkin_worker.chart import picture
from checkin_worker.desk import Desk
from checkin_worker.keyboards import inline
from checkin_worker.mytime import DAY, Span, read
from checkin_worker.mytime_words import MyTime
from checkin_worker.pages import Leaf, turn_to
from checkin_worker.reports.month import Month, Plan
from checkin_worker.throttle import Sparing
from checkin_worker.where import Where
from checkin_worker.why_words import Why

HISTORY: Final = "hist"
"""What the data of the buttons begins with: `hist:<days between today and the page's last day>`."""
PAGE: Final = 14
"""Days on a page of /history."""
_LEAF: Final = re.compile(rf"^{HISTORY}:(\d{{1,4}})$")


def router() -> Router:
    """The handlers of this room."""
    routes = Router(name="mytime")
    routes.message.filter(AtLeast(Standing.EMPLOYEE))
    routes.callback_query.filter(AtLeast(Standing.EMPLOYEE))
    for name, handler in (("today", today), ("me", me), ("history", history), ("why", explain)):
        routes.message.register(handler, Command(name), Sparing())
    routes.callback_query.register(turn, Where(F.data.regexp(_LEAF).as_("leaf")))
    return routes


async def today(message: Message, desk: Desk) -> None:
    """Show the working day so far."""
    day = _workday(desk)
    span = await _span(desk, day, day)
    await message.answer(_words(desk).today(span, day))
    desk.outbox.replace_waiting("today")


async def me(message: Message, desk: Desk) -> None:
    """Show the month: a picture, and the sums below it."""
    day = _workday(desk)
    month = Month(day.replace(day=1))
    span = await _span(desk, month.first, month.last)
    expected = Plan(desk.calendar, month).expected(span.enrolled_at, desk.received_at)
    words = _words(desk)
    photo = BufferedInputFile(picture(words.bars(span), today=day), f"{month.name}.png")
    await message.answer_photo(photo, caption=words.month(span, month, expected))
    desk.outbox.replace_waiting("me")


async def history(message: Message, desk: Desk) -> None:
    """Show the last two weeks."""
    text, keyboard = await _page(desk, 0)
    await message.answer(text, reply_markup=keyboard)
    desk.outbox.replace_waiting("history")


async def turn(query: CallbackQuery, leaf: re.Match[str], desk: Desk) -> None:
    """Show other two weeks in the same message."""
    await turn_to(lambda: _page(desk, int(leaf[1])), query, desk)


async def explain(message: Message, desk: Desk) -> None:
    """Say how the verdict about the last day came about of which there is one."""
    double_tap = timedelta(seconds=desk.settings.double_tap_seconds)
    async with desk.reader.connection(desk.db) as replica:
        day = await why.last(replica, desk.person.user_id)
        rules = Rules(desk.calendar, double_tap, desk.person)
        account = None if day is None else await why.account(replica, rules, day, desk.received_at)
    words = Why(desk.texts, desk.person, desk.calendar)
    await message.answer(desk.texts.say("why-nothing") if account is None else words.text(account))
    desk.outbox.replace_waiting("why")


async def _page(desk: Desk, back: int) -> Leaf:
    """The days until so many before today, and buttons to those before and after them."""
    end = _workday(desk) - back * DAY
    span = await _span(desk, end - (PAGE - 1) * DAY, end)
    pages = []
    if span.earliest is not None and span.earliest < min(span.days):
        pages.append((desk.texts.say("history-older"), f"{HISTORY}:{back + PAGE}"))
    if back:
        pages.append((desk.texts.say("history-newer"), f"{HISTORY}:{max(back - PAGE, 0)}"))
    return _words(desk).history(span), inline(pages) if pages else None


async def _span(desk: Desk, first: date, last: date) -> Span:
    async with desk.reader.connection(desk.db) as replica:
        return await read(replica, desk.person.user_id, desk.calendar, (first, last), desk.received_at)


def _words(desk: Desk) -> MyTime:
    return MyTime(desk.texts, desk.person, desk.calendar, desk.received_at)


def _workday(desk: Desk) -> date:
    return desk.calendar.workday(desk.received_at)
