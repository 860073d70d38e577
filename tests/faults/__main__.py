"""`make faults`: the fleet is broken on purpose in each way that we know of, and judged from outside.

ONLY names scenarios (kill-worker,memory-alarm), RUNS repeats all of them, SEED decides the moments, WRITE=1 writes
docs/faults.md if all is green. ENGINES=trixie takes RabbitMQ 4, PostgreSQL 17 and Redis 8 of Debian's next release.
"""

import os
import random
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING

from rich.console import Console

from bench.surroundings import machine
from local.terminal import WrongInputError, console, run
from tests.faults.campaign import chosen, played
from tests.faults.kinds import OWN, Kinds
from tests.faults.matrix import DOCUMENT, document, table
from tests.faults.newer import NEWER, RELEASE, installed
from tests.soak.__main__ import WIDTH, read
from tests.soak.diary import Diary

if TYPE_CHECKING:
    from tests.faults.verdict import Row

SEEDS = 10_000


async def main() -> int:
    """Read the variables, play, and print; the exit status is 0 only if every promise held."""
    scenarios = chosen(os.environ.get("ONLY", ""))
    runs, seed = int(read("RUNS", 1)), int(read("SEED", random.randint(1, SEEDS)))  # noqa: S311 - any seed does
    kinds = await _kinds(os.environ.get("ENGINES", ""))
    diary = Diary(console)
    found: list[list[Row]] = []
    for number in range(runs):
        diary.say(f"run {number + 1} of {runs}: {len(scenarios)} scenarios, SEED={seed + number}")
        found.append([])
        async with aclosing(played(scenarios, diary, seed + number, kinds)) as rows:
            async for row in rows:
                found[-1].append(row)
                for problem in row.problems:
                    diary.say(f"{row.name}: {problem}", "red")
        wide = console if console.is_terminal else Console(width=WIDTH)
        wide.print(table(found[-1], seed + number))
    failed = [row for rows in found for row in rows if not row.green]
    if os.environ.get("WRITE") and not failed:
        what = {scenario.name: scenario.what for scenario in scenarios}
        DOCUMENT.write_text(document(found, what, machine()))
    return 1 if failed else 0


async def _kinds(engines: str) -> Kinds:
    if not engines:
        return OWN
    if engines != RELEASE:
        raise WrongInputError(f"ENGINES={engines}: there is {RELEASE} only, and nothing for this machine's own")
    await installed()
    return NEWER


if __name__ == "__main__":
    sys.exit(run(main()))
