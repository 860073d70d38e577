"""Owns `make bench-steps`: what each change that made a check-in cheaper brought, services of all of them in one run.

The services are started as each commit had them, from its files in the repository's history; the engines, the crowd and
what is measured are today's. They take turns, there and back, so that what grows meanwhile burdens all alike.

`python -m bench.steps` prints; with `--write` it writes its section of docs/performance.md. Nothing outlives it.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from bench.checkins import checkins, enrol
from bench.flow import SETTINGS, Flow, running
from bench.page import PAGE
from bench.sections import put
from bench.shown import show
from bench.steps_page import HEADING, STEPS, Step, StepsReport, rows, section
from bench.surroundings import machine, versions
from local.folders import run_folder
from local.processes import ChildFailedError
from local.stage import Stage, stage
from local.terminal import run, step

ROOT: Final = Path(__file__).parent.parent
CHECKINS: Final = 300
TURNS: Final = 4
WARM: Final = 100
"""Check-ins before those that count: connections are open then, and statements prepared."""

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    count: Annotated[int, typer.Option("--checkins", min=50, help="Of one flow; fewer is a shorter run.")] = CHECKINS,
    write: Annotated[bool, typer.Option("--write", help="Write docs/performance.md, too.")] = False,
) -> None:
    """Measure what each step made cheaper."""
    raise typer.Exit(run(bench(count, write=write)))


async def bench(count: int, *, write: bool) -> int:
    """Measure and print; returns the exit status."""
    with run_folder("bench") as folder:
        for one in STEPS:
            await unpack(one.commit, folder / one.commit)
        async with stage(folder, SETTINGS) as ready:
            turns = [one for turn in range(TURNS) for one in (reversed(STEPS) if turn % 2 else STEPS)]
            await enrol(ready.database_url, len(turns) * (WARM + count))
            told = await versions(ready.engines)
            flows: dict[Step, list[Flow]] = {one: [] for one in STEPS}
            for number, one in enumerate(turns):
                with step(f"{count} check-ins by {one.commit}, {one.what}"):
                    flows[one].append(await _flow(ready, folder / one.commit, number * (WARM + count), count))
    report = StepsReport(flows, machine(), told, datetime.now(UTC).date().isoformat())
    show(rows(report))
    if write:
        put(PAGE, HEADING, section(report))
    return 0


async def unpack(commit: str, folder: Path) -> None:
    """Write the files of a commit into a new folder.

    Raises:
        ChildFailedError: the repository does not have the commit.
    """
    archive, said = await _ran("git", "-C", str(ROOT), "archive", commit)
    if not archive:
        raise ChildFailedError(
            f"git archive {commit}: {said.decode(errors='replace').strip()}\n"
            "The steps are in the project's history; `git fetch --unshallow` brings it where it was left out."
        )
    await _ran("tar", "--extract", f"--directory={folder.parent}", f"--one-top-level={folder.name}", given=archive)


async def _ran(*argv: str, given: bytes = b"") -> tuple[bytes, bytes]:
    """What a program wrote, and what it complained of."""
    child = await asyncio.create_subprocess_exec(*argv, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    return await child.communicate(given)


async def _flow(ready: Stage, folder: Path, first: int, count: int) -> Flow:
    def launch(module: str) -> Sequence[str]:
        return ("env", f"--chdir={folder}", sys.executable, "-m", module)

    async with running(ready, launch) as line:
        await line.take(list(checkins(first, WARM)))
        return await line.take(list(checkins(first + WARM, count)))


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m bench.steps"))
