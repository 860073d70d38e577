"""Owns `make bench-pipeline`: check-ins through the whole fleet but the cap, who uses how much for one, and for what.

`python -m bench.pipeline` prints; with `--write` it writes its section of docs/performance.md. Nothing outlives it.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from bench.checkins import checkins, enrol
from bench.flow import COUNTS, SETTINGS, Flow, profiled, running
from bench.hotspots import hotspots
from bench.page import PAGE
from bench.pipeline_page import HEADING, PipelineReport, flow_rows, package_rows, section
from bench.sections import put
from bench.shown import show
from bench.surroundings import machine, versions
from local.folders import run_folder
from local.stage import Stage, stage
from local.terminal import console, run, step

CHECKINS: Final = 5000
FLOWS: Final = 3
WARM: Final = 300
"""Check-ins before the first that count: every connection is open then, every statement prepared."""

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    count: Annotated[int, typer.Option("--checkins", min=50, help="Of one flow; fewer is a shorter run.")] = CHECKINS,
    write: Annotated[bool, typer.Option("--write", help="Write docs/performance.md, too.")] = False,
) -> None:
    """Measure how many check-ins a second the fleet takes on this machine, and what one costs."""
    raise typer.Exit(run(bench(count, write=write)))


async def bench(count: int, *, write: bool) -> int:
    """Measure and print; returns the exit status."""
    with run_folder("bench") as folder:
        async with stage(folder, SETTINGS) as ready:
            await enrol(ready.database_url, (FLOWS + 1) * count + 2 * WARM)
            told = await versions(ready.engines)
            flows = await _flows(ready, count)
            await _profile(ready, count, folder)
            found = {module: hotspots(sorted(folder.glob(f"{module}-*.prof"))) for module in COUNTS}
    report = PipelineReport(flows, found, machine(), told, datetime.now(UTC).date().isoformat())
    console.print(f"{report.best.rate:.0f} check-ins a second")
    show(flow_rows(report.best))
    show(package_rows(found))
    if write:
        put(PAGE, HEADING, section(report))
    return 0


async def _flows(ready: Stage, count: int) -> list[Flow]:
    flows = []
    async with running(ready) as line:
        await line.take(list(checkins(0, WARM)))
        for number in range(FLOWS):
            with step(f"{count} check-ins"):
                flows.append(await line.take(list(checkins(WARM + number * count, count))))
    return flows


async def _profile(ready: Stage, count: int, folder: Path) -> None:
    """Leave the services' profiles in the folder, of a flow after the others: each is written when its process ends."""
    first = WARM + FLOWS * count
    with step(f"{count} check-ins, profiled"):
        async with running(ready, profiled(folder)) as line:
            await line.take(list(checkins(first, WARM)))
            line.profile()
            await line.take(list(checkins(first + WARM, count)))


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m bench.pipeline"))
