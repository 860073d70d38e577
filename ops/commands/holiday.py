"""Owns the words `fleet holiday ...`."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ops import holidays
from ops.commands.types import ASKING, DAY, Day, today
from ops.database import connected
from ops.offices import bad_name
from ops.settings import CompanySettings
from ops.terminal import Refused, done, people, say, show
from shared.settings import DatabaseSettings, read
from shared.texts import plain_name

if TYPE_CHECKING:
    from asyncpg import Record

app = typer.Typer(
    no_args_is_help=True, help="The company's exceptions; public holidays are known, by the schedule's country."
)


@app.command()
def add(
    day: Day,
    name: Annotated[str, typer.Argument(help="Why.")],
    *,
    working: Annotated[bool, typer.Option("--working", help="People work, whatever the calendar says.")] = False,
) -> None:
    """Make a day off, or with --working a working day; nobody is missed on a day off. Verdicts on taps stay."""
    changed, excused = done(_add(read(DatabaseSettings), day.date(), name, off=not working), ASKING)
    kind = "a working day" if working else "a day off"
    taken_back = f"; {people(excused)} no longer absent" if excused else ""
    say(f"{day.date()} is {kind}{'' if changed else ' already'}{taken_back}")


@app.command("list")
def list_(
    since: Annotated[
        datetime | None, typer.Option(metavar="DATE", formats=DAY, help="The first day; today without it.")
    ] = None,
) -> None:
    """Show the company's exceptions."""
    settings = read(CompanySettings)
    rows = done(_list(settings, since.date() if since else today(settings)), ASKING)
    show(("day", "", "name"), [(row["day"], "off" if row["off"] else "working", row["name"]) for row in rows])


@app.command()
def remove(day: Day) -> None:
    """Let a day be again what the calendar says."""
    removed = done(_remove(read(DatabaseSettings), day.date()), ASKING)
    say(f"{day.date()} is as the calendar says{'' if removed else ' already'}")


async def _add(settings: DatabaseSettings, day: date, name: str, *, off: bool) -> tuple[bool, int]:
    if problems := bad_name(name, "day"):
        raise Refused(*problems)
    async with connected(settings) as db:
        return await holidays.add(db, day, plain_name(name), off=off)


async def _list(settings: DatabaseSettings, since: date) -> "list[Record]":
    async with connected(settings) as db:
        return await holidays.listed(db, since)


async def _remove(settings: DatabaseSettings, day: date) -> bool:
    async with connected(settings) as db:
        return await holidays.remove(db, day)
