"""What each kind of message leads to: ordinary aiogram handlers, which decode, call, and answer. A file a room."""

from typing import Final

from aiogram import Router

from checkin_worker.handlers import (
    admissions,
    approvals,
    corrections,
    doorway,
    hints,
    invitations,
    language,
    managers,
    mytime,
    offices,
    privacy,
    reports,
    taps,
)
from checkin_worker.throttle import PRESSES, Sparing

ROOMS: Final = (
    offices,
    taps,
    language,
    privacy,
    reports,
    invitations,
    admissions,
    doorway,
    managers,
    approvals,
    corrections,
    mytime,
    hints,
)
"""In the order in which they are asked; nobody who is not in yet gets past the doorway."""


def router() -> Router:
    """The handlers of all rooms."""
    routes = Router()
    routes.callback_query.filter(Sparing(PRESSES))
    routes.include_routers(*(room.router() for room in ROOMS))
    return routes
