"""Owns the words `fleet geocode ...`."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final

import typer

from ops.commands.types import ASKING, DAY, now
from ops.database import connected
from ops.geocode import Filled, backfill
from ops.geocode_words import BackfillBar, counted, ended
from ops.places import Count, plan
from ops.settings import BackfillSettings
from ops.terminal import Refused, done, say
from shared.settings import read

app = typer.Typer(no_args_is_help=True, help="Addresses of past places.")

FILLING: Final = (
    "Looking up addresses (are DATABASE_URL and RABBITMQ_URL right? said again, it asks for what has no address yet)"
)
INTERRUPTED: Final = 130
WEEK: Final = timedelta(days=7)
"""How far a backfill that a timetable runs looks back: further than a geocoder is ever away."""


@app.command("backfill")
def backfill_(
    since: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", formats=DAY, help="The first working day; if not said, a week before the last."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(metavar="DATE", formats=DAY, help="The last working day; if not said, today.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many they are, and ask for none.")] = False,
) -> None:
    """Have the addresses looked up of past sessions that have none, when nobody is waiting for another one.

    If this command is interrupted, the same words go on: what has an address is not asked for again. What was made
    coarse by `fleet retain` gets none.
    """
    last = (until or now()).date()
    settings, days = read(BackfillSettings), (since.date() if since else last - WEEK, last)
    if dry_run:
        say(f"{counted(done(_count(settings, *days), ASKING))}; dry run, nothing is asked for")
        return
    try:
        with BackfillBar() as bar:
            filled = done(_fill(settings, *days, bar), FILLING)
    except KeyboardInterrupt:
        say("what waits is still looked up; the same words go on with the rest")
        raise typer.Exit(INTERRUPTED) from None
    say(ended(filled))


async def _count(settings: BackfillSettings, since: date, until: date) -> Count:
    _check(since, until)
    async with connected(settings) as db:
        _, count = await plan(db, since, until)
        return count


async def _fill(settings: BackfillSettings, since: date, until: date, bar: BackfillBar) -> Filled:
    _check(since, until)
    return await backfill(settings, since, until, bar)


def _check(since: date, until: date) -> None:
    if since > until:
        raise Refused(f"--until {until} lies before --since {since}")
