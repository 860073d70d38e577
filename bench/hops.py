"""Owns `make bench-hops`: each hop of a check-in's way beside the least that could do the same, in one run.

`python -m bench.hops` prints; with `--write` it writes its section of docs/performance.md, too. Nothing outlives it.
"""

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import aio_pika
import typer

from bench.checkins import enrol
from bench.competitors import OURS
from bench.figures import CAP
from bench.flow import SETTINGS
from bench.hop_trials import Ground, door, ground_of, relay, worker
from bench.hops_page import HEADING, Hop, HopsReport, rows, section
from bench.pace import Pace, best
from bench.page import PAGE
from bench.sections import put
from bench.shown import show
from bench.surroundings import machine, versions
from bench.trial import trial
from bench.workload import Size
from local.folders import run_folder
from local.stage import Stage, stage
from local.terminal import run, step
from shared import topology

OPERATIONS: Final = 5000
TURNS: Final = 3
"""Of each side of a hop, one after the other."""
PACED: Final = 60
"""Check-ins of the sender's run, which the cap makes as long as it is."""

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    operations: Annotated[
        int, typer.Option(min=100, help="Of each hop and turn; fewer is a shorter run.")
    ] = OPERATIONS,
    write: Annotated[bool, typer.Option("--write", help="Write docs/performance.md, too.")] = False,
) -> None:
    """Measure each hop beside the least that could do the same."""
    raise typer.Exit(run(bench(operations, write=write)))


async def bench(operations: int, *, write: bool) -> int:
    """Measure and print; returns the exit status."""
    with run_folder("bench") as folder:
        async with stage(folder, SETTINGS) as ready:
            await enrol(ready.database_url, 4 * TURNS * operations)
            async with await aio_pika.connect(ready.engines.rabbitmq.url) as connection:
                await topology.declare(connection)
            told = await versions(ready.engines)
            async with ground_of(ready) as ground:
                hops = [await _hop(name, of, ground, operations) for name, of in TRIALS.items()]
            hops.append(await _pacer(ready, folder))
    report = HopsReport(hops, operations, machine(), told, datetime.now(UTC).date().isoformat())
    show(rows(hops))
    if write:
        put(PAGE, HEADING, section(report))
    return 0


async def _hop(name: str, of: Callable[..., Awaitable[Pace]], ground: Ground, operations: int) -> Hop:
    sides: dict[bool, list[Pace]] = {True: [], False: []}
    with step(name):
        for _ in range(TURNS):
            for bare, paces in sides.items():
                paces.append(await of(ground, operations, bare=bare))
    return Hop(name, best(sides[True]), best(sides[False]))


async def _pacer(ready: Stage, folder: Path) -> Hop:
    with step("the sender beside the cap"):
        figures = await trial(OURS, Size.of(PACED), ready.engines, folder)
    return Hop("calls to Telegram: the sender, beside the cap", Pace(CAP), Pace(figures.throughput or 0.0))


TRIALS: Final[dict[str, Callable[..., Awaitable[Pace]]]] = {
    "updates taken in: the ingress, beside aiohttp that publishes and confirms": door,
    "messages handed over: our consumer and publisher, beside aio-pika": relay,
    "check-ins recorded: a worker, beside asyncpg with the same statements": worker,
}


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m bench.hops"))
