"""`make faults`: the fleet is broken on purpose in each way that we know of, and judged from outside.

ONLY names scenarios (kill-worker,memory-alarm), RUNS repeats all of them, SEED decides the moments. WRITE=1 writes
docs/faults.md when the last three runs of all scenarios were green, this one included. ENGINES=trixie takes RabbitMQ 4,
PostgreSQL 17 and Redis 8 of Debian's next release.
"""

import os
import random
import sys
from collections.abc import Sequence
from contextlib import aclosing

from rich.console import Console

from bench.surroundings import machine
from local.terminal import WrongInputError, console, run
from tests.faults.campaign import Campaign, chosen
from tests.faults.kinds import OWN, Kinds
from tests.faults.matrix import DOCUMENT, document, table
from tests.faults.newer import NEWER, RELEASE, installed
from tests.faults.scenario import Scenario
from tests.faults.streak import LONG_ENOUGH, Run, added, commit
from tests.faults.verdict import Row
from tests.soak.__main__ import WIDTH, read
from tests.soak.diary import Diary

SEEDS = 10_000


async def main() -> int:
    """Read the variables, play, and print; the exit status is 0 only if every promise held."""
    only = os.environ.get("ONLY", "")
    scenarios, kinds = chosen(only), await _kinds(os.environ.get("ENGINES", ""))
    runs, seed = int(read("RUNS", 1)), int(read("SEED", random.randint(1, SEEDS)))  # noqa: S311 - any seed does
    played, streak = [], list[Run]()
    for number in range(runs):
        played.append(await _run(scenarios, kinds, seed + number))
        if not only:
            streak = added(played[-1])
    if os.environ.get("WRITE"):
        _write(streak, scenarios)
    return 0 if all(run.green for run in played) else 1


async def _run(scenarios: Sequence[Scenario], kinds: Kinds, seed: int) -> Run:
    diary, rows = Diary(console), list[Row]()
    diary.say(f"{len(scenarios)} scenarios, SEED={seed}")
    campaign = Campaign(diary, seed, kinds)
    async with aclosing(campaign.played(scenarios)) as playing:
        async for row in playing:
            rows.append(row)
            for problem in row.problems:
                diary.say(f"{row.name}: {problem}", "red")
    wide = console if console.is_terminal else Console(width=WIDTH)
    wide.print(table(rows, seed))
    return Run(seed, campaign.engines, commit(), rows)


def _write(streak: Sequence[Run], scenarios: Sequence[Scenario]) -> None:
    if len(streak) < LONG_ENOUGH:
        console.print(
            f"docs/faults.md needs {LONG_ENOUGH} green runs of all scenarios running; there are {len(streak)}."
        )
        return
    what = {scenario.name: scenario.what for scenario in scenarios}
    DOCUMENT.write_text(document([run.rows for run in streak], what, f"{streak[-1].engines}; {machine()}"))


async def _kinds(engines: str) -> Kinds:
    if not engines:
        return OWN
    if engines != RELEASE:
        raise WrongInputError(f"ENGINES={engines}: there is {RELEASE} only, and nothing for this machine's own")
    await installed()
    return NEWER


if __name__ == "__main__":
    sys.exit(run(main()))
