"""Owns /report and /mydata: what is asked for is queued, and comes as a file when it is made."""

import re
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from checkin_worker.access import AtLeast, Recorded, Standing
from checkin_worker.desk import Desk
from checkin_worker.office_words import same_name
from checkin_worker.offices import kept
from checkin_worker.oversight import scope
from checkin_worker.reports.month import Month
from checkin_worker.reports.request import ReportRequest
from checkin_worker.throttle import Limit
from shared.topology import REPORTS

FILES: Final = Limit("file", 3, timedelta(minutes=1))
PATIENCE: Final = Limit("file-wait", 1, timedelta(minutes=1))
"""Three files a minute, and one word about it."""
_MONTH: Final = re.compile(
    r"(?P<year>20[0-9]{2})-(?P<month>0?[1-9]|1[0-2])|(?P<month_>0?[1-9]|1[0-2])\.(?P<year_>20[0-9]{2})"
)


class Wanted(NamedTuple):
    """What the words after /report ask for: a month, and an office by its name ("" for all)."""

    month: Month
    office: str


def router() -> Router:
    """The handlers of this room."""
    routes = Router(name="reports")
    routes.message.register(report, Command("report", ignore_mention=True), AtLeast(Standing.MANAGER))
    routes.message.register(mydata, Command("mydata", ignore_mention=True), Recorded())
    return routes


async def report(message: Message, command: CommandObject, desk: Desk) -> None:
    """Queue the month's report, or say how to ask for one; this month's when none is named."""
    if not await _patient(message, desk):
        return
    current = Month(desk.received_at.astimezone(desk.calendar.zone).date().replace(day=1))
    wish = wanted(command.args or "", current)
    office_id = await _office(wish.office, desk) if wish.office else None
    if wish.office and office_id is None:
        await message.answer(desk.texts.say("report-usage", month=current.name))
    elif wish.month.first > current.first:
        await message.answer(desk.texts.say("report-future", month=current.name))
    else:
        _queue(desk, "month", month=wish.month.name, office_id=office_id)


async def mydata(message: Message, desk: Desk) -> None:
    """Queue the file of all that is kept about whoever asks."""
    if await _patient(message, desk):
        _queue(desk, "mydata")


def wanted(said: str, current: Month) -> Wanted:
    """Read `[month] [office]`, the month as `2026-11` or `11.2026`; `current` where the first word is none."""
    first, *rest = said.split() or [""]
    if (named := _MONTH.fullmatch(first)) is None:
        return Wanted(current, " ".join((first, *rest)))
    month = date(int(named["year"] or named["year_"]), int(named["month"] or named["month_"]), 1)
    return Wanted(Month(month), " ".join(rest))


async def _office(name: str, desk: Desk) -> int | None:
    """The number of the office of this name, among those that one sees."""
    offices = await kept(desk.db, scope(desk))
    return next((office.office_id for office in offices if same_name(office.name, name)), None)


async def _patient(message: Message, desk: Desk) -> bool:
    """Whether another file may be made; said once when not."""
    who, now = desk.person.user_id, desk.received_at
    if await FILES.allows(desk.db, who, now):
        return True
    if await PATIENCE.allows(desk.db, who, now):
        await message.answer(desk.texts.say("report-wait"))
    return False


def _queue(desk: Desk, kind: Literal["month", "mydata"], *, month: str = "", office_id: int | None = None) -> None:
    request = ReportRequest(
        kind=kind,
        update_id=desk.outbox.update_id,
        user_id=desk.person.user_id,
        language=desk.texts.language,
        zone=desk.calendar.zone.key,
        asked_at=desk.received_at.timestamp(),
        scope=scope(desk),
        month=month,
        office_id=office_id,
    )
    desk.outbox.request(REPORTS.name, f"{desk.outbox.update_id}:report", request)
