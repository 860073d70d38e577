"""`make alerts`: a real Prometheus watches a real fleet that is broken on purpose, and each alert is seen firing.

Each fault must raise its alerts and no other; a healthy burst raises none. ONLY names faults (no-sender,redis-frozen),
SEED decides what chance decides. The rules are those of deploy/prometheus/rules.yml, with each duration so many times
shorter as the fault says, and a scrape each second.
"""

import os
import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from local.folders import run_folder
from local.terminal import WrongInputError, console, run
from tests.alerts import engines, ours, telegram
from tests.alerts.broker import ScrapedRabbitMQ
from tests.alerts.fault import Fault
from tests.alerts.trial import Seen, trial
from tests.faults.ground import opened
from tests.faults.kinds import OWN
from tests.soak.__main__ import WIDTH, read
from tests.soak.diary import Diary

FAULTS: Final = (*ours.FAULTS, *engines.FAULTS, *telegram.FAULTS)
SEEDS: Final = 10_000


def chosen(names: str) -> Sequence[Fault]:
    """The faults of these names, separated by commas; all when there are none.

    Raises:
        WrongInputError: no fault has that name.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = {fault.name: fault for fault in FAULTS}
    if unknown := [name for name in wanted if name not in known]:
        raise WrongInputError(f"ONLY={names}: there is no {unknown[0]}. There are: {', '.join(known)}")
    return [known[name] for name in wanted] or FAULTS


async def main() -> int:
    """Play, and print; the exit status is 0 only if each fault raised its alerts and no other."""
    faults = chosen(os.environ.get("ONLY", ""))
    seed = int(read("SEED", random.randint(1, SEEDS)))  # noqa: S311 - any seed does
    with run_folder("alerts") as folder:
        seen = await _played(faults, seed, folder)
    (console if console.is_terminal else Console(width=WIDTH)).print(_table(seen))
    return 1 if any(one.problems for one in seen) else 0


async def _played(faults: Sequence[Fault], seed: int, folder: Path) -> list[Seen]:
    """Each fault with a Prometheus of its own; after one that went wrong the ground is a new one."""
    diary, seen = Diary(console), list[Seen]()
    kinds = OWN._replace(rabbitmq=ScrapedRabbitMQ)
    async with AsyncExitStack() as standing:
        ground = None
        for number, fault in enumerate(faults):
            if ground is None:
                await standing.aclose()
                ground = await standing.enter_async_context(opened(diary, seed + number, kinds, clustered=False))
            diary.say(f"{fault.name}: {fault.what}", "bold")
            seen.append(await trial(ground, fault, folder / fault.name))
            for problem in seen[-1].problems:
                diary.say(f"{fault.name}: {problem}", "red")
            if seen[-1].problems:
                ground = None
    return seen


def _table(seen: Sequence[Seen]) -> Table:
    shown = Table("fault", "what", "alerts that fired", "after", "verdict", title="Alerts, seen firing")
    for one in seen:
        verdict = f"[red]{'; '.join(one.problems)}[/]" if one.problems else "[green]as it should[/]"
        shown.add_row(
            one.fault.name, one.fault.what, ", ".join(sorted(one.fired)) or "none", f"{one.seconds:.0f} s", verdict
        )
    return shown


if __name__ == "__main__":
    sys.exit(run(main()))
