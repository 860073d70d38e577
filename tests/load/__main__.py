"""`make load`: users of locust post what a company's people do, and what the door took must be recorded exactly once.

Starts engines, fleet and a simulated Telegram of its own, as `make demo` does; with HOST it posts to a fleet that runs.
"""

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Final, Literal

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from local.folders import run_folder
from local.terminal import WrongInputError, console, run, step
from simulator.demo.promises import Promise
from tests.load.answers import read
from tests.load.ground import opened
from tests.load.hosts import refusal
from tests.load.locusts import Wanted, posted, write_people
from tests.load.records import drained, recorded
from tests.load.verdict import Load, judge

SECRET: Final = "TELEGRAM_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
DATABASE: Final = "DATABASE_URL"
A_DAY: Final = 600
WIDTH: Final = 120
"""Of the table, where it is not shown on a terminal."""
Shape = Literal["steady", "everyone", "ramp", "day"]

app = typer.Typer(add_completion=False)


@app.command()
def main(  # noqa: PLR0913 - a command has as many parameters as options
    *,
    users: Annotated[int, typer.Option(min=1, help="How many are there at once; of a ramp, four steps.")] = 1000,
    seconds: Annotated[int | None, typer.Option(min=1, help="For how long; 60, of a day 600.")] = None,
    shape: Annotated[Shape, typer.Option(help="How many are there when.")] = "steady",
    processes: Annotated[int, typer.Option(min=1, max=100, help="Of locust, beside the one that counts.")] = 2,
    host: Annotated[
        str | None, typer.Option(help="The door of a fleet that runs, such as http://127.0.0.1:8080")
    ] = None,
    own_fleet: Annotated[bool, typer.Option("--own-fleet", help="HOST is another machine, and yours.")] = False,
    people: Annotated[Path | None, typer.Option(help="Only write those who would come: for an import.")] = None,
) -> None:
    """Put a load on the webhook, and judge what came of it."""
    wanted = Wanted(users, seconds or (A_DAY if shape == "day" else 60), shape, processes)
    if people is not None:
        write_people(wanted.people, people)
        raise typer.Exit
    raise typer.Exit(run(on_ours(wanted) if host is None else on_theirs(wanted, host, own_fleet=own_fleet)))


async def on_ours(wanted: Wanted) -> int:
    """A load on a fleet that is started for it; returns the exit status."""
    with run_folder("load") as folder:
        async with opened(folder) as ground:
            with step(f"{wanted.people} people registered"):
                await ground.register(wanted.people)
            async with ground.watched():
                status = await posted(wanted, ground.door, ground.secret, folder)
                verdicts = await _judged(folder, ground.database_url)
            return _show([*verdicts, *ground.judged()], status)


async def on_theirs(wanted: Wanted, host: str, *, own_fleet: bool) -> int:
    """A load on a fleet that runs; its records are looked at if DATABASE_URL says where. Returns the exit status."""
    problem = refusal(host, owned=own_fleet)
    if problem is None and not os.environ.get(SECRET):
        problem = f"{SECRET} is not set: the door lets nobody in who does not show the secret"
    if problem is not None:
        raise WrongInputError(problem)
    with run_folder("load") as folder:
        status = await posted(wanted, host, os.environ[SECRET], folder, own_fleet=own_fleet)
        return _show(await _judged(folder, os.environ.get(DATABASE)), status)


async def _judged(folder: Path, database_url: str | None) -> list[Promise]:
    load = Load(list(read(folder)), None)
    if database_url is None:
        console.print(f"{DATABASE} is not set, so nobody looks at what is recorded.")
        return judge(load)
    database, last = await asyncpg.connect(database_url), time.time()
    try:
        with step("everything that was taken is recorded"):
            after = await drained(database, load.taken, last)
        return judge(Load(load.answers, await recorded(database, load.taken), after))
    finally:
        await database.close()


def _show(verdicts: list[Promise], status: int) -> int:
    """The table; returns the exit status: 0 only if every promise held, and locust came to its end."""
    words = {True: "[green]held[/]", False: "[red]failed[/]", None: ""}
    table = Table(
        "promise", "figure", "promised", "verdict", title="The load, judged by what was answered and recorded"
    )
    for verdict in verdicts:
        table.add_row(verdict.name, verdict.figure, verdict.promised, words[verdict.held])
    Console(width=None if console.is_terminal else WIDTH).print(table)
    failed = [verdict.failure for verdict in verdicts if verdict.held is False]
    if status:
        failed.append(f"locust ended with status {status}; what it said stands above.")
    for sentence in failed:
        console.print(sentence, style="red", markup=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m tests.load"))
