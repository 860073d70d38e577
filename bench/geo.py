"""Owns `make bench-geo`: how a bot usually finds addresses beside how the fleet does, and the table of cells.

`python -m bench.geo` prints; with `--write` it replaces docs/addresses.md, too. Nothing outlives it.
"""

import random
import sys
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from bench import cells
from bench.geo_page import PAGE, GeoReport, page, table
from bench.geo_ways import Morning, ours, usual
from bench.shown import show
from bench.surroundings import machine, versions
from local.folders import run_folder
from local.stage import stage
from local.terminal import run, step
from simulator.gps import Gps
from simulator.people import hire

PEOPLE: Final = 1000
JITTER: Final = 15.0
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
    people: Annotated[int, typer.Option(min=10, help="How many check in at once.")] = PEOPLE,
    write: Annotated[bool, typer.Option("--write", help="Write docs/addresses.md, too.")] = False,
) -> None:
    """Measure how soon people have their address, and how often a geocoder is asked for it."""
    raise typer.Exit(run(bench(people, write=write)))


async def bench(people: int, *, write: bool) -> int:
    """Measure every way and print; returns the exit status."""
    with step("cells"):
        of_cells = cells.table()
    mornings: dict[str, Morning] = {}
    chance = random.Random(1)  # noqa: S311 - no secret: repeatable people
    gps = Gps(JITTER, chance)
    crowd = []
    for person in hire(people, 5, 1):
        place = gps.location(person.office, None)
        crowd.append(((place["latitude"], place["longitude"]), person.language or ""))
    for name, offices in (("the fleet", False), ("the fleet, offices registered", True)):
        with run_folder("bench") as folder:
            async with stage(folder, SETTINGS) as ready:
                if not mornings:
                    told = await versions(ready.engines)
                    with step("the usual way"):
                        mornings["the usual way"] = await usual(crowd, ready.engines)
                with step(name):
                    mornings[name] = await ours(people, ready, offices=offices)
    report = GeoReport(mornings, of_cells, machine(), told, datetime.now(UTC).date().isoformat())
    show(table(mornings))
    show(of_cells)
    if write:
        PAGE.write_text(page(report), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m bench.geo"))
