"""Owns `make bench`: ours and its peers, one after the other in one run, and the table of what came of each.

`python -m bench.sender` prints; with `--write` it writes its section of docs/performance.md, too. Nothing outlives it.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from bench.competitors import COMPETITORS
from bench.page import HEADING, PAGE, Report, section
from bench.peers import LIMITERS, first_second
from bench.sections import put
from bench.shown import show
from bench.surroundings import machine, versions
from bench.table import table
from bench.trial import trial
from bench.workload import Size
from local.engines import Engines
from local.folders import run_folder
from local.terminal import console, run, step

CHECKINS: Final = 300
FIRST_SECONDS: Final = (("AsyncLimiter(30, 1)", "bucket"), ("AsyncLimiter(1, 1/30)", "drip"))

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    checkins: Annotated[
        int, typer.Option(min=60, help="How many check in at once; fewer is a shorter run.")
    ] = CHECKINS,
    write: Annotated[bool, typer.Option("--write", help="Write docs/performance.md, too.")] = False,
) -> None:
    """Measure the sender beside a bot's usual limiters, at a simulated Telegram's end."""
    raise typer.Exit(run(bench(Size.of(checkins), write=write)))


async def bench(size: Size, *, write: bool) -> int:
    """Measure everybody and print; returns the exit status."""
    with run_folder("bench") as folder:
        report = await measure(size, folder)
    show(report.rows)
    console.print(report.first_second(), markup=False)
    if write:
        put(PAGE, HEADING, section(report))
    return 0


async def measure(size: Size, folder: Path) -> Report:
    """Run one competitor after the other; raises ChildFailedError when one of them, or an engine, does not live."""
    first = [(name, await first_second(LIMITERS[limiter]())) for name, limiter in FIRST_SECONDS]
    async with Engines.start(folder) as engines:
        measured = {}
        for competitor in COMPETITORS:
            with step(competitor.name):
                measured[competitor.name] = await trial(competitor, size, engines, folder)
        told = await versions(engines)
    day = datetime.now(UTC).date().isoformat()
    return Report(table(measured), size, first, machine(), told, day)


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m bench.sender"))
