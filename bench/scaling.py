"""Owns `make bench-scaling`: more workers, more sessions in the table, more people in the burst.

`python -m bench.scaling` prints, and has status 1 when a check-in costs more than a tenth more beside many sessions
than beside few; with `--write` it writes its section of docs/performance.md, too. Nothing outlives it.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Final

import typer

from bench.backlog import handled
from bench.bursts import burst
from bench.commits import STAMPED, configure
from bench.page import PAGE
from bench.past import PEOPLE, SEED, enrol, remember
from bench.scaling_page import (
    HEADING,
    Copies,
    Past,
    ScalingReport,
    burst_rows,
    copies_rows,
    failures,
    past_rows,
    section,
)
from bench.sections import put
from bench.shown import show
from bench.statements import PRELOADED, cost_of, counted
from bench.surroundings import machine, versions
from local.folders import run_folder
from local.stage import Stage, stage
from local.terminal import console, run, step
from ops.plan.rush import Cap
from simulator.people import Employee, hire

CHECKINS: Final = 500
"""Of one backlog: there are eighteen, each of other people."""
ROUNDS: Final = 5
"""Backlogs beside each number of sessions, in turn with the others, there and back. The cheapest counts: what disturbs
makes none cheaper."""
WORKERS: Final = (1, 2, 4)
DAYS: Final = (1, 100, 1000)
"""With PEOPLE, 10,000, a million and ten million sessions."""
BURSTS: Final = (1_000, 10_000, 100_000)
CAP: Final = Cap(30, 0.025)
"""As a sender has it by default."""
SETTINGS: Final = {
    "REGISTRATION": "open",
    "CONSENT": "off",
    "GEOCODER": "offline",
    "TELEGRAM_BOT_TOKEN": "42:BENCH",
}

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    checkins: Annotated[int, typer.Option(min=50, max=CHECKINS, help="In each backlog.")] = CHECKINS,
    days: Annotated[int, typer.Option(min=1, max=DAYS[-1], help="Of the longest past, of 10,000 people.")] = DAYS[-1],
    write: Annotated[bool, typer.Option("--write", help="Write docs/performance.md, too.")] = False,
) -> None:
    """Measure what becomes of a check-in when there is more of everything."""
    raise typer.Exit(run(bench(checkins, days, write=write)))


async def bench(checkins: int, days: int, *, write: bool) -> int:
    """Measure all and print; returns the exit status."""
    with step("bursts in simulated time"):
        bursts = [burst(people, CAP) for people in BURSTS]
    with run_folder("bench") as folder:
        async with stage(folder, SETTINGS) as ready:
            await configure(ready.engines.postgres, **STAMPED, **PRELOADED)
            told = await versions(ready.engines)
            await enrol(ready.database_url)
            crowds = _crowds(checkins)
            copies = [await _with_copies(ready, next(crowds), workers) for workers in WORKERS]
            lengths = sorted({min(length, days) for length in DAYS})
            past = await _beside(await _pasts(ready, lengths), crowds)
    report = ScalingReport(checkins, copies, past, bursts, machine(), told, datetime.now(UTC).date().isoformat())
    for rows in (copies_rows(copies), past_rows(past), burst_rows(bursts)):
        show(rows)
    if write:
        put(PAGE, HEADING, section(report))
    for failure in failures(past):
        console.print(failure, style="red", markup=False)
    return 1 if failures(past) else 0


def _crowds(checkins: int) -> Iterator[Sequence[Employee]]:
    """So many people after so many others, nobody twice."""
    people = hire(PEOPLE, 5, SEED)
    for first in range(0, PEOPLE, checkins):
        yield people[first : first + checkins]


async def _with_copies(ready: Stage, people: Sequence[Employee], workers: int) -> Copies:
    with step(f"{workers} workers"):
        return Copies(workers, await handled(ready, people, workers=workers))


async def _pasts(ready: Stage, lengths: Sequence[int]) -> dict[int, Stage]:
    """A database for each length of the past in days, by how many sessions that makes."""
    pasts = dict[int, Stage]()
    for before, days in pairwise((0, *lengths)):
        sessions = days * PEOPLE
        with step(f"{sessions:,} sessions"):
            await remember(ready.database_url, before + 1, days)
            pasts[sessions] = ready if days == lengths[-1] else await ready.copied(f"past_{days}")
    return pasts


async def _beside(pasts: Mapping[int, Stage], crowds: Iterator[Sequence[Employee]]) -> list[Past]:
    """One worker, beside each number of sessions in turn: the machine itself is faster at one time than at another."""
    seen: dict[int, list[Past]] = {sessions: [] for sessions in pasts}
    for number in range(ROUNDS):
        with step(f"one worker beside each, {number + 1} of {ROUNDS}"):
            for sessions in sorted(pasts, reverse=number % 2 == 1):
                place = pasts[sessions]
                await counted(place.database_url)
                done = await handled(place, next(crowds), workers=1)
                seen[sessions].append(Past(sessions, await cost_of(place.database_url, "checkin_worker"), done))
    return [min(those, key=lambda past: past.cost) for those in seen.values()]


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m bench.scaling"))
