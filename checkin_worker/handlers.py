"""Owns what each kind of message leads to: ordinary aiogram handlers, which decode, call the book, and answer."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from aiogram import F, Router
from aiogram.filters import CommandStart
from aiogram.types import KeyboardButton, Message, ReplyKeyboardMarkup

from checkin_worker.attendance import Event
from checkin_worker.book import Book, Sent
from checkin_worker.outbox import Outbox
from checkin_worker.replies import answer_to
from checkin_worker.texts import LANGUAGE, Texts

_POLE: Final = 90
_DATE_LINE: Final = 180
"""Degrees; what lies beyond is no place on Earth."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a handler works with: the person's page of the book, the outbox, and how to say things."""

    book: Book
    outbox: Outbox
    texts: Texts
    full_name: str
    zone: ZoneInfo
    received_at: datetime
    geocoding: bool


def router() -> Router:
    """The handlers, in the order in which they are asked."""
    routes = Router()
    routes.message.register(start, CommandStart())
    routes.message.register(
        location, F.location.latitude.func(abs) <= _POLE, F.location.longitude.func(abs) <= _DATE_LINE
    )
    routes.message.register(anything_else)
    return routes


async def start(message: Message, desk: Desk) -> None:
    """Greet, and set the location button once for all."""
    await message.answer(desk.texts.say("start", name=desk.full_name), reply_markup=_location_button(desk.texts))


async def location(message: Message, desk: Desk) -> None:
    """Record the location and say what it did."""
    if (place := message.location) is None:
        return
    event = Event(message.date.astimezone(UTC), desk.outbox.update_id, place.latitude, place.longitude)
    day = await desk.book.record(Sent(event, place.horizontal_accuracy, desk.received_at))
    answer = answer_to(event, day, desk.full_name, desk.zone, desk.texts)
    await message.answer(answer.text)
    if answer.slot is not None and desk.geocoding:
        desk.outbox.want_address(answer.slot, day.decided_by[event], LANGUAGE)


async def anything_else(message: Message, desk: Desk) -> None:
    """Say how to check in; the button comes with it, should it be gone."""
    await message.answer(desk.texts.say("hint"), reply_markup=_location_button(desk.texts))


def _location_button(texts: Texts) -> ReplyKeyboardMarkup:
    button = KeyboardButton(text=texts.say("button-location"), request_location=True)
    return ReplyKeyboardMarkup(keyboard=[[button]], resize_keyboard=True, is_persistent=True)
