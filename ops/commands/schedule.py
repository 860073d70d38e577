"""Owns the words `fleet schedule ...`."""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated

import typer

from ops import schedules
from ops.commands.types import ASKING, DAY, People, today
from ops.database import connected
from ops.employees import require
from ops.settings import CompanySettings
from ops.terminal import done, people, say, show
from shared.settings import DatabaseSettings, read

if TYPE_CHECKING:
    from asyncpg import Record

app = typer.Typer(no_args_is_help=True, help="When people work.")
CLOCK = ["%H:%M"]
NONE = "none"


@app.command()
def add(  # noqa: PLR0913 - a schedule's columns; all but three have their usual value
    name: Annotated[str, typer.Argument(help="As people know it.")],
    *,
    start: Annotated[datetime, typer.Option(metavar="HH:MM", formats=CLOCK, help="Local time.")],
    end: Annotated[datetime, typer.Option(metavar="HH:MM", formats=CLOCK, help="Before --start: the next day.")],
    grace: Annotated[int, typer.Option(metavar="MINUTES", help="Late is who comes later than that.")] = 0,
    weekdays: Annotated[str, typer.Option(help="On which shifts begin: mon-fri, or 1,3,5 with Monday 1.")] = "mon-fri",
    country: Annotated[str, typer.Option(help="Whose public holidays are off, such as AZ; or none.")] = "AZ",
    timezone: Annotated[str | None, typer.Option(help="Of the local times; without it that of their office.")] = None,
) -> None:
    """Add a schedule. It never changes: add another one, and assign it from a day on."""
    held = None if country.lower() == NONE else country.upper()
    added = done(
        _add(read(DatabaseSettings), (name, start.time(), end.time(), grace), weekdays, (held, timezone)), ASKING
    )
    say(f"{name}: {'added' if added else 'unchanged'}")


@app.command("list")
def list_() -> None:
    """Show the schedules; those who have none have the company's, CHECKIN_DEADLINE and WORKDAY_END."""
    settings = read(CompanySettings)
    rows = done(_list(settings), ASKING)
    usual = settings.schedule
    company = (usual.name, usual.starts, usual.ends, 0, sorted(usual.weekdays), usual.country, None, "all others")
    headings = ("name", "start", "end", "grace, min", "weekdays", "holidays of", "zone", "people today")
    show(headings, [_row(*company), *(_row(*row.values()) for row in rows)])


@app.command()
def assign(
    user_ids: People,
    name: Annotated[str, typer.Argument(metavar="SCHEDULE", help="The schedule.")],
    since: Annotated[
        datetime | None, typer.Option(metavar="DATE", formats=DAY, help="The first day; today without it.")
    ] = None,
) -> None:
    """Let a schedule hold for people from a day on, until a later one does."""
    settings = read(CompanySettings)
    first = since.date() if since else today(settings)
    changed = done(_assign(settings, user_ids, name, first), ASKING)
    say(f"{name} since {first}: {people(changed)} assigned, {len({*user_ids}) - changed} as before")


async def _add(
    settings: DatabaseSettings,
    words: tuple[str, time, time, int],
    weekdays: str,
    place: tuple[str | None, str | None],
) -> bool:
    draft = schedules.Draft.checked(schedules.Draft(*words, schedules.weekdays(weekdays), *place))
    async with connected(settings) as db:
        return await schedules.add(db, draft)


async def _list(settings: CompanySettings) -> "list[Record]":
    async with connected(settings) as db:
        return await schedules.listed(db, today(settings))


async def _assign(settings: CompanySettings, user_ids: list[int], name: str, since: date) -> int:
    async with connected(settings) as db, db.transaction():
        await require(db, user_ids)
        return await schedules.assign(db, user_ids, name, since)


def _row(name: str, starts: time, ends: time, grace: int, days: list[int], *rest: object) -> tuple[object, ...]:
    end = f"{ends:%H:%M}{' next day' if ends < starts else ''}"
    return (name, f"{starts:%H:%M}", end, grace, schedules.day_names(days), *rest)
