"""Owns the offices in words: the list, a page at a time, and one of them with all that is known of it."""

from collections.abc import Sequence
from typing import Final

from aiogram.types import InlineKeyboardMarkup

from checkin_worker.keyboards import inline
from checkin_worker.offices import Kept
from checkin_worker.rollcall import BACK, ON, short
from shared.texts import Texts

OFFICE: Final = "office"
"""The command, and what the data of the buttons begins with: `office:list:<page>`, `office:cancel`,
`office:remove:<office_id>` and `office:keep`."""
_PAGE: Final = 20
_MANAGERS: Final = 20
"""Names of managers that are shown; a message holds them."""


def listed(offices: Sequence[Kept], page: int, texts: Texts) -> tuple[str, InlineKeyboardMarkup | None]:
    """A page of the list, from 0 (the last one, if there are fewer), and the buttons to the others."""
    last = max(0, len(offices) - 1) // _PAGE
    page = min(page, last)
    if not offices:
        return texts.say("office-none"), None
    shown = offices[page * _PAGE : (page + 1) * _PAGE]
    lines = [texts.say("office-list", offices=len(offices)), "", *(_line(office, texts) for office in shown)]
    pages = [(BACK, f"{OFFICE}:list:{page - 1}")] if page else []
    pages += [(ON, f"{OFFICE}:list:{page + 1}")] if page < last else []
    return "\n".join(lines), inline(pages) if pages else None


def described(office: Kept, texts: Texts) -> str:
    """One office: place, radius, zone, how many people, and who manages it."""
    named = [f"{short(name)} ({user_id})" for user_id, name in office.managers.items()]
    more = ["…"] if len(named) > _MANAGERS else []
    return "\n".join(
        (
            _line(office, texts),
            texts.say("office-place", place=spot(office.latitude, office.longitude), zone=office.timezone),
            texts.say("office-managers", names=", ".join([*named[:_MANAGERS], *more]))
            if named
            else texts.say("office-unmanaged"),
        )
    )


def spot(latitude: float, longitude: float) -> str:
    """A place in degrees, to the metre."""
    return f"{latitude:.5f}, {longitude:.5f}"


def _line(office: Kept, texts: Texts) -> str:
    return texts.say("office-line", name=short(office.name), people=office.people, radius=str(office.radius_m))
