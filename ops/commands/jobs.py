"""Owns the words that a timetable runs: close-day and retain; each may be run at any time and as often as one likes."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ops.closing import Closed, close_day
from ops.commands.types import ASKING, now
from ops.database import connected
from ops.due import Company
from ops.retention import retain as retain_no_longer
from ops.settings import CompanySettings, RetainSettings
from ops.terminal import done, people, say
from shared.settings import read

if TYPE_CHECKING:
    from collections.abc import Mapping


def close(
    days: Annotated[
        int, typer.Option(min=1, max=366, help="How far back deadlines may lie; more after a time without this job.")
    ] = 1,
) -> None:
    """End what was left open when its day was over, and mark absent who was due and did not come.

    Run it every quarter of an hour or so: a day ends, and a deadline passes, at other times in other places.
    """
    closed = done(_close(read(CompanySettings), days), f"{ASKING}; run it again; closing the day")
    absent = ", ".join(f"{people(number)} absent on {day}" for day, number in sorted(closed.absent.items()) if number)
    say(f"{closed.ended} open sessions ended; newly marked: {absent or 'nobody'}")


def retain() -> None:
    """Make old locations coarse (LOCATION_RETENTION_DAYS), and delete what has served its purpose. Run it daily."""
    changed = done(_retain(read(RetainSettings)), f"{ASKING}; what is done is done, run it again; retaining")
    deleted = ", ".join(f"{number} of {table}" for table, number in changed.items() if table != "locations")
    say(f"{changed['locations']} locations made coarse; deleted: {deleted}")


async def _close(settings: CompanySettings, days: int) -> Closed:
    async with connected(settings) as db:
        return await close_day(db, await Company.read(db, settings), now(), days)


async def _retain(settings: RetainSettings) -> "Mapping[str, int]":
    async with connected(settings) as db:
        return await retain_no_longer(db, now(), timedelta(days=settings.location_retention_days))
