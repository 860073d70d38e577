"""Owns `make bench-memory`: how much memory each service takes while so many messages wait for it.

`python -m bench.memory` prints, and has status 1 when a service takes more than was promised; with `--write` it writes
its section of docs/performance.md, too. Nothing outlives it.
"""

import sys
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from bench.checkins import enrol
from bench.flow import SETTINGS
from bench.memory_page import HEADING, MemoryReport, failures, rows, section
from bench.memory_trial import SERVICES, memory_beside
from bench.page import PAGE
from bench.sections import put
from bench.shown import show
from bench.surroundings import machine, versions
from local.folders import run_folder
from local.stage import stage
from local.terminal import console, run, step
from simulator.server import Simulator

BACKLOGS: Final = (0, 10_000, 100_000)
SECONDS: Final = 15.0
"""For which each service works at its backlog."""

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    most: Annotated[int, typer.Option(min=1000, help="The largest backlog; less is a shorter run.")] = BACKLOGS[-1],
    write: Annotated[bool, typer.Option("--write", help="Write docs/performance.md, too.")] = False,
) -> None:
    """Measure the memory of each service against what waits for it."""
    raise typer.Exit(run(bench(most, write=write)))


async def bench(most: int, *, write: bool) -> int:
    """Measure and print; returns the exit status."""
    backlogs = sorted({min(each, most) for each in BACKLOGS})
    measured, nobody_yet = {}, 0
    async with Simulator() as telegram:
        settings = {**SETTINGS, "TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": telegram.token}
        with run_folder("bench") as folder:
            async with stage(folder, settings) as ready:
                await enrol(ready.database_url, sum(backlogs))
                told = await versions(ready.engines)
                for backlog in backlogs:
                    people = range(nobody_yet, nobody_yet + backlog)
                    nobody_yet = people.stop
                    with step(f"{backlog:,} messages wait for each of {len(SERVICES)} services"):
                        measured[backlog] = await memory_beside(ready, telegram, people, SECONDS)
    report = MemoryReport(measured, machine(), told, datetime.now(UTC).date().isoformat())
    show(rows(measured))
    if write:
        put(PAGE, HEADING, section(report))
    for failure in failures(measured):
        console.print(failure, style="red", markup=False)
    return 1 if failures(measured) else 0


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m bench.memory"))
