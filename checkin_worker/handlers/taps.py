"""Owns the location: refused with a reason, or recorded and answered; and the button that undoes a check-out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from aiogram import F, Router
from aiogram.types import CallbackQuery, Location, Message

from checkin_worker.access import AtLeast, Standing
from checkin_worker.attendance import CONFIRM_WITHIN, Event, Role
from checkin_worker.book import Page, Sent
from checkin_worker.desk import Desk
from checkin_worker.fence import Fence, sighting
from checkin_worker.keyboards import location_button
from checkin_worker.replies import UNDO, Answer, Forgotten, Teller
from checkin_worker.throttle import REFUSALS
from checkin_worker.where import Where

log = structlog.get_logger()

_POLE: Final = 90
_DATE_LINE: Final = 180
"""Degrees; what lies beyond is no place on Earth."""
UNDO_WITHIN: Final = timedelta(minutes=2)
"""From the moment the check-out was answered (Telegram's clock) to the moment the button's press is at our door."""
UNDO_AT_ALL: Final = CONFIRM_WITHIN + UNDO_WITHIN
"""From the recording, however new the message is below which it is said to be pressed: clients can make that up."""


def router() -> Router:
    """The handlers of this room."""
    routes = Router(name="taps")
    routes.message.filter(AtLeast(Standing.EMPLOYEE))
    routes.edited_message.filter(AtLeast(Standing.EMPLOYEE))
    routes.callback_query.filter(AtLeast(Standing.EMPLOYEE))
    routes.message.register(location, Where(F.location))
    routes.edited_message.register(second_look, Where(F.location))
    routes.callback_query.register(undo, Where(F.data.regexp(rf"^{UNDO}:\d{{1,10}}:\d{{1,18}}$")))
    return routes


async def location(message: Message, desk: Desk) -> None:
    """Record the location and say what it did; or say why it does not count."""
    place = message.location
    if place is None:
        return
    reason = refusal(message, place, live_only=desk.settings.location_policy == "live")
    if reason is not None:
        await _refuse(message, desk, reason)
        return
    sent = _sent(place, message.date.astimezone(UTC), desk)
    event, page = sent.event, await desk.book.record(sent)
    await _tell(message, teller(desk).answer(event, page, _forgotten(event, page, desk)), desk)


async def second_look(message: Message, desk: Desk) -> None:
    """Let a later position of a live location say where an uncertain one was."""
    place = message.location
    if place is None or message.edit_date is None or refusal(message, place, live_only=False) is not None:
        return
    sent = _sent(place, datetime.fromtimestamp(message.edit_date, UTC), desk, evidence=True)
    if sent.event.fence in (None, Fence.UNCERTAIN):
        return
    event, page = sent.event, await desk.book.record(sent)
    if page.day.roles[event] is Role.CONFIRMED:
        await _tell(message, teller(desk).answer(event, page), desk)


async def undo(query: CallbackQuery, desk: Desk) -> None:
    """Take a mistaken check-out back."""
    if query.data is None:
        return
    _, seconds, update_id = query.data.split(":")
    ref = (datetime.fromtimestamp(int(seconds), UTC), int(update_id))
    page = await desk.book.page(desk.calendar.workday(ref[0]))
    event = next((event for event in page.day.roles if event.ref == ref), None)
    if event is None or page.day.roles[event] is not Role.CLOSED:
        await query.answer(desk.texts.say("undo-nothing"))
        return
    shown, recorded_at = query.message, await desk.book.recorded_at(ref)
    if (
        not isinstance(shown, Message)
        or recorded_at is None
        or desk.received_at - shown.date.astimezone(UTC) > UNDO_WITHIN
        or desk.received_at - recorded_at > UNDO_AT_ALL
    ):
        await query.answer(desk.texts.say("undo-too-late"), show_alert=True)
        return
    page = await desk.book.undo(page.day.taken_back_with(event), desk.received_at)
    await query.answer()
    await shown.answer(teller(desk).undone(event, page))


def refusal(message: Message, place: Location, *, live_only: bool) -> str | None:
    """Why the location does not count, as the id of what is said about it; None if it does."""
    if abs(place.latitude) > _POLE or abs(place.longitude) > _DATE_LINE:
        return "refused-nowhere"
    if message.forward_origin is not None:
        return "refused-forwarded"
    if message.via_bot is not None:
        return "refused-via-bot"
    if message.venue is not None:
        return "refused-venue"
    if message.is_from_offline:
        return "refused-scheduled"
    return "refused-not-live" if live_only and place.live_period is None else None


def teller(desk: Desk) -> Teller:
    """Who tells this person about their day."""
    return Teller(desk.texts, desk.person, desk.calendar)


async def _tell(message: Message, answer: Answer, desk: Desk) -> None:
    await message.answer(answer.text, reply_markup=answer.keyboard)
    if answer.topic is not None:
        desk.outbox.replace_waiting(answer.topic)
    if answer.slot is not None and desk.settings.geocoding:
        desk.outbox.want_address(answer.slot, answer.seen, desk.texts.language)


async def _refuse(message: Message, desk: Desk, reason: str) -> None:
    log.warning("location_refused", reason=reason.removeprefix("refused-"))
    if await REFUSALS.allows(desk.db, desk.person.user_id, desk.received_at):
        await message.answer(desk.texts.say(reason), reply_markup=location_button(desk.texts))


def _sent(place: Location, sent_at: datetime, desk: Desk, *, evidence: bool = False) -> Sent:
    seen = sighting(desk.person.offices, place.latitude, place.longitude, place.horizontal_accuracy)
    event = Event(sent_at, desk.outbox.update_id, place.latitude, place.longitude, evidence=evidence)
    if seen is not None:
        office = seen.office
        address = (office.address or office.name) if seen.fence is Fence.INSIDE else None
        event = replace(event, address=address, fence=seen.fence, office_id=office.office_id)
    moments = (desk.received_at, desk.recorded_at)
    return Sent(event, place.horizontal_accuracy, *moments, place.live_period is not None, seen)


def _forgotten(event: Event, page: Page, desk: Desk) -> Forgotten | None:
    """The check-out that is to be asked about: with the first arrival of a day only."""
    sessions = page.day.sessions
    if not sessions or sessions[0].start.event != event or page.day.roles[event] is not Role.OPENED:
        return None
    return None if page.forgotten is None else Forgotten(*page.forgotten, desk.calendar.shift(page.forgotten[0]))
