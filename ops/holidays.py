"""Owns `fleet holiday`: the days on which the company's calendar is not the country's."""

from datetime import date
from typing import TYPE_CHECKING, Final

from ops.database import rows_of

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection

ADD: Final = """
INSERT INTO holidays AS h (day, off, name) VALUES ($1, $2, $3)
ON CONFLICT (day) DO UPDATE SET off = excluded.off, name = excluded.name
WHERE (h.off, h.name) IS DISTINCT FROM (excluded.off, excluded.name)
"""
EXCUSE: Final = "DELETE FROM absences WHERE workday = $1"
LIST: Final = "SELECT day, off, name FROM holidays WHERE day >= $1 ORDER BY day"
REMOVE: Final = "DELETE FROM holidays WHERE day = $1"


async def add(db: "Connection", day: date, name: str, *, off: bool) -> tuple[bool, int]:
    """Set the day; returns whether that was not so, and how many people are no longer marked absent on it."""
    async with db.transaction():
        changed = bool(rows_of(await db.execute(ADD, day, off, name)))
        return changed, rows_of(await db.execute(EXCUSE, day)) if off else 0


async def listed(db: "Connection", since: date) -> "list[Record]":
    """The days from this one on."""
    return await db.fetch(LIST, since)


async def remove(db: "Connection", day: date) -> bool:
    """Let the day be as the calendar has it; returns whether it was not."""
    return bool(rows_of(await db.execute(REMOVE, day)))
