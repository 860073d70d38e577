"""`make alerts`: a real Prometheus watches a real fleet that is broken on purpose, and each alert is seen firing.

Each fault must raise its alerts and no other; a healthy burst raises none. ONLY names faults (no-sender,redis-frozen),
SEED decides what chance decides, WRITE=1 writes into docs/runbooks what was seen. The rules are those of
deploy/prometheus/rules.yml, with each duration so many times shorter as the fault says, and a scrape each other second.
"""

import os
import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from local.folders import run_folder
from local.terminal import WrongInputError, console, run
from tests.alerts import engines, ours, page, telegram
from tests.alerts.broker import ScrapedRabbitMQ
from tests.alerts.fault import Fault
from tests.alerts.trial import Seen, trial
from tests.faults.ground import Ground, opened
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
    console.print(f"{len(faults)} faults, SEED={seed}")
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
                ground = await standing.enter_async_context(
                    opened(diary, seed + number, kinds, clustered=False, direct=True)
                )
            diary.say(f"{fault.name}: {fault.what}", "bold")
            seen.append(await _tried(ground, fault, folder / fault.name))
            _tell(diary, seen[-1])
            if seen[-1].problems:
                ground = None
    return seen


async def _tried(ground: Ground, fault: Fault, folder: Path) -> Seen:
    try:
        return await trial(ground, fault, folder)
    except Exception as problem:  # noqa: BLE001 - whatever it is, the others are still to be played
        return Seen(fault, {}, [f"it could not be played: {problem!r}"])


def _tell(diary: Diary, seen: Seen) -> None:
    for problem in seen.problems:
        diary.say(f"{seen.fault.name}: {problem}", "red")
    if os.environ.get("WRITE") and not seen.problems:
        page.write(seen, FAULTS, datetime.now(UTC).date())


def _table(seen: Sequence[Seen]) -> Table:
    shown = Table("fault", "what", "alerts that fired", "verdict", title="Alerts, seen firing")
    for one in seen:
        verdict = f"[red]{'; '.join(one.problems)}[/]" if one.problems else "[green]as it should[/]"
        shown.add_row(one.fault.name, one.fault.what, _fired(one) or "none", verdict)
    return shown


def _fired(seen: Seen) -> str:
    """Each alert with the seconds after which it fired."""
    first = {name: seconds for (name, _), seconds in sorted(seen.fired.items(), key=itemgetter(1), reverse=True)}
    return ", ".join(f"{name} {seconds:.0f} s" for name, seconds in reversed(first.items()))


if __name__ == "__main__":
    sys.exit(run(main()))
