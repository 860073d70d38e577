"""Owns `make bench-old-way`: the old bot's way beside the fleet, the same people, Telegram, geocoder and engines.

`python -m bench.old_way` prints, and has status 1 when the fleet does not beat the old way on every line; with
`--write` it writes its section of docs/performance.md, too. Nothing outlives it.
"""

import sys
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from bench.commits import STAMPED, configure
from bench.old_page import HEADING, Compared, OldReport, lines, section, table
from bench.old_ways import WAYS
from bench.page import PAGE
from bench.rush import rush
from bench.sections import put
from bench.shown import show
from bench.surroundings import machine, versions
from local.folders import run_folder
from local.stage import stage
from local.terminal import console, run, step

EMPLOYEES: Final = 300
SETTINGS: Final = {
    "REGISTRATION": "open",
    "CONSENT": "off",
    "TELEGRAM_WEBHOOK_SECRET": "for-the-bench-only",
    "GEOCODER": "nominatim",
}

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    employees: Annotated[
        int, typer.Option(min=20, help="How many check in at once; the cap decides from a few hundred on.")
    ] = EMPLOYEES,
    write: Annotated[bool, typer.Option("--write", help="Write docs/performance.md, too.")] = False,
) -> None:
    """Measure the old bot's way beside the fleet."""
    raise typer.Exit(run(bench(employees, write=write)))


async def bench(employees: int, *, write: bool) -> int:
    """Measure every way and print; returns the exit status."""
    compared: dict[str, Compared] = {}
    with run_folder("bench") as folder:
        async with stage(folder, SETTINGS) as ready:
            await configure(ready.engines.postgres, **STAMPED)
            told = await versions(ready.engines)
            for name, way in WAYS.items():
                with step(name):
                    undisturbed = await rush(way, employees, ready, killed=False)
                with step(f"{name}, killed"):
                    compared[name] = Compared(undisturbed, await rush(way, employees, ready, killed=True))
    report = OldReport(employees, compared, machine(), told, datetime.now(UTC).date().isoformat())
    show(table(compared), f"{employees} check-ins at once")
    if write:
        put(PAGE, HEADING, section(report))
    failures = [failure for line in lines(compared) for failure in line.failures()]
    for failure in failures:
        console.print(failure, style="red", markup=False)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m bench.old_way"))
