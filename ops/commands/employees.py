"""Owns the words `fleet employees ...`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ops import employees
from ops.commands.types import ASKING, People, Person, today
from ops.database import connected
from ops.people_file import COLUMNS
from ops.people_import import Imported, import_people
from ops.settings import CompanySettings
from ops.terminal import Refused, done, people, say, show, write_csv
from shared.settings import DatabaseSettings, read

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from asyncpg import Record

    from ops.database import Connection

app = typer.Typer(no_args_is_help=True, help="Who works here, and what they may do.")

Role = Literal["employee", "manager", "admin"]
Status = Literal["active", "pending", "inactive", "forgotten"]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="CSV in UTF-8; its first line names the columns.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")] = False,
) -> None:
    """Add people from a file, or change them; all of it or, if anything is wrong, nothing.

    Columns: user_id (the Telegram id), full_name; and, as you like, role (employee, manager, admin), offices (names
    with ; between them, the first one is home), schedule (a name; it holds from today on), language (az, en, ru, tr).
    An empty cell leaves what is there. Everybody in the file becomes active. Running it twice changes nothing.
    """
    imported = done(_import(file, read(CompanySettings), dry_run=dry_run), ASKING)
    said = f"{imported.new} new, {imported.changed} changed, {imported.unchanged} unchanged"
    say(f"dry run, nothing written: {said}" if dry_run else said)


@app.command("list")
def list_(
    *,
    status: Annotated[Status | None, typer.Option(help="Only these people; without it all but the forgotten.")] = None,
    office: Annotated[str | None, typer.Option(help="Only those who work there.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="CSV for a spreadsheet instead of a table.")] = False,
) -> None:
    """Show who works here."""
    rows = done(_list(read(CompanySettings), status, office), ASKING)
    if csv:
        write_csv((*COLUMNS, "status"), [[row[column] for column in (*COLUMNS, "status")] for row in rows])
        return
    headings = ("id", "name", "role", "offices", "schedule", "language", "status", "writes to the bot")
    show(headings, [list(row.values()) for row in rows])


@app.command()
def deactivate(user_ids: People) -> None:
    """Let people be strangers to the bot, as those who have left; what they have open ends with the day."""
    changed = done(_each(read(DatabaseSettings), employees.deactivate, user_ids), ASKING)
    say(f"{people(changed)} deactivated, {len({*user_ids}) - changed} inactive before")


@app.command()
def activate(user_ids: People) -> None:
    """Let people in, or in again."""
    changed = done(_each(read(DatabaseSettings), employees.activate, user_ids), ASKING)
    say(f"{people(changed)} activated, {len({*user_ids}) - changed} active before")


@app.command()
def role(user_id: Person, role: Annotated[Role, typer.Argument(help="What they may do.")]) -> None:
    """Say what somebody may do; which offices a manager looks after says `fleet employees manage`."""
    changed = done(_role(read(DatabaseSettings), user_id, role), ASKING)
    say(f"{user_id} is {role} now" if changed else f"{user_id} is {role} already")


@app.command()
def manage(
    user_id: Person,
    offices: Annotated[list[str] | None, typer.Argument(metavar="OFFICE", help="Names of offices.")] = None,
    *,
    none: Annotated[bool, typer.Option("--none", help="They manage no office any more.")] = False,
) -> None:
    """Say which offices a manager looks after: these, and no others."""
    changed = done(_manage(read(DatabaseSettings), user_id, offices or [], none=none), ASKING)
    managed = ", ".join(offices or []) or "no office"
    say(f"{user_id} manages {managed}{'' if changed else ' already'}")


async def _import(file: Path, settings: CompanySettings, *, dry_run: bool) -> Imported:
    try:
        data = file.read_bytes()  # noqa: ASYNC240 - nothing else runs in this process
    except OSError as problem:
        raise Refused(f"{file} cannot be read: {problem.strerror}") from problem
    async with connected(settings) as db:
        return await import_people(db, data, today(settings), dry_run=dry_run)


async def _list(settings: CompanySettings, status: str | None, office: str | None) -> "list[Record]":
    async with connected(settings) as db:
        return await employees.listed(db, status, office, today(settings))


async def _each(
    settings: DatabaseSettings, change: "Callable[[Connection, Collection[int]], Awaitable[int]]", user_ids: list[int]
) -> int:
    async with connected(settings) as db:
        return await change(db, user_ids)


async def _role(settings: DatabaseSettings, user_id: int, role: str) -> bool:
    async with connected(settings) as db:
        return await employees.give_role(db, user_id, role)


async def _manage(settings: DatabaseSettings, user_id: int, offices: list[str], *, none: bool) -> bool:
    if none == bool(offices):
        raise Refused("name the offices that they manage, or say --none")
    async with connected(settings) as db:
        return await employees.manage(db, user_id, offices)
