"""Owns the words `fleet office ...`."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops import offices
from ops.commands.types import ASKING, People
from ops.database import connected
from ops.employees import require
from ops.settings import CompanySettings
from ops.terminal import Refused, done, people, say, show
from shared.settings import DatabaseSettings, read

if TYPE_CHECKING:
    from asyncpg import Record

app = typer.Typer(no_args_is_help=True, help="Where people work.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="As people know it.")],
    at: Annotated[str, typer.Option(metavar="LATITUDE,LONGITUDE", help="Its centre in degrees.")],
    radius: Annotated[int, typer.Option(metavar="METRES", help="Within it people are at the office.")] = 150,
    timezone: Annotated[str | None, typer.Option(help="Its zone; TIMEZONE's without it.")] = None,
    address: Annotated[str | None, typer.Option(help="Shown to those who check in; without it the name is.")] = None,
) -> None:
    """Add an office, or move or resize the one of that name."""
    settings = read(CompanySettings)
    result = done(_add(settings, (name, at, radius, timezone or settings.timezone, address)), ASKING)
    say(f"{name}: {result}")


@app.command("list")
def list_() -> None:
    """Show the offices."""
    rows = done(_list(read(DatabaseSettings)), ASKING)
    headings = ("name", "latitude", "longitude", "radius, m", "zone", "address", "people", "managers")
    show(headings, [list(row.values()) for row in rows])


@app.command()
def assign(
    user_ids: People,
    name: Annotated[str, typer.Argument(metavar="OFFICE", help="The office.")],
    *,
    home: Annotated[bool, typer.Option("--home", help="Make it their first one, whose clock is theirs.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="They work there no more.")] = False,
) -> None:
    """Let people work in an office too; those of no office may check in at any."""
    changed = done(_assign(read(DatabaseSettings), user_ids, name, home=home, remove=remove), ASKING)
    say(f"{name}: {people(changed)} {'left' if remove else 'assigned'}, {len({*user_ids}) - changed} as before")


async def _add(settings: CompanySettings, words: tuple[str, str, int, str, str | None]) -> str:
    office = offices.Office.read(*words)
    async with connected(settings) as db:
        return await offices.add(db, office)


async def _list(settings: DatabaseSettings) -> "list[Record]":
    async with connected(settings) as db:
        return await offices.listed(db)


async def _assign(settings: DatabaseSettings, user_ids: list[int], name: str, *, home: bool, remove: bool) -> int:
    if home and remove:
        raise Refused("--home and --remove contradict each other: say one of them")
    async with connected(settings) as db, db.transaction():
        await require(db, user_ids)
        [office_id] = await offices.office_ids(db, [name])
        if remove:
            return await offices.leave(db, office_id, user_ids)
        return await offices.enter(db, office_id, user_ids, home=home)
