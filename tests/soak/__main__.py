"""`make soak`: the fleet lives through random kills, freezes, floods and broker restarts, and is judged from outside.

MINUTES is how long it is struck (20), SEED which strikes it meets (a new one each time, which is printed).
"""

import asyncio
import contextlib
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from local.terminal import WrongInputError, console, run
from simulator.demo.promises import Promise
from tests.soak.arena import Arena, opened
from tests.soak.diary import Diary
from tests.soak.ending import drained, record
from tests.soak.judge import judge
from tests.soak.load import Load
from tests.soak.machines import Machines
from tests.soak.plan import MACHINES, MACHINES_REST, TELEGRAM, TELEGRAM_REST, Strike, strikes
from tests.soak.telegram import Telegram
from tests.soak.watch import Watch

MINUTES = 20.0
SETTLES_IN = 5.0
"""Seconds of work before the first strike."""
SEEDS = 10_000
WIDTH = 130
"""Of the table, where it is not shown on a terminal."""


async def soak(seconds: float, seed: int) -> int:
    """Run, judge and print; the exit status is 0 only if every promise held."""
    diary = Diary(console)
    async with opened(diary, seed) as arena:
        diary.say(f"{seconds / 60:g} minutes of strikes, SEED={seed}")
        watch = Watch(arena)
        async with _beside(watch.run()):
            await _struck(arena, seconds, seed)
            await drained(arena)
        verdicts = judge(await record(arena, watch))
    return _show(verdicts, seed)


async def _struck(arena: Arena, seconds: float, seed: int) -> None:
    """Work and be struck for so long; returns when the last strikes are over and undone."""
    load = Load(arena, seed)
    until = asyncio.get_running_loop().time() + seconds
    machines, telegram = Machines(arena, load), Telegram(arena, load)
    async with _beside(load.run()):
        await asyncio.sleep(SETTLES_IN)
        async with asyncio.TaskGroup() as group:
            group.create_task(_deal(strikes(MACHINES, MACHINES_REST, seed), machines.strike, until))
            group.create_task(_deal(strikes(TELEGRAM, TELEGRAM_REST, seed), telegram.strike, until))


async def _deal(deck: Iterator[Strike], strike: Callable[[Strike], Awaitable[None]], until: float) -> None:
    loop = asyncio.get_running_loop()
    for card in deck:
        await asyncio.sleep(card.rest)
        if loop.time() >= until:
            return
        await strike(card)


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do endless work as long as the block lasts; what it dies of ends the block."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        yield
        task.cancel()


def _show(verdicts: list[Promise], seed: int) -> int:
    table = Table("promise", "figure", "promised", "verdict", title=f"The soak with SEED={seed}, judged from outside")
    words = {True: "[green]held[/]", False: "[red]failed[/]", None: ""}
    for verdict in verdicts:
        table.add_row(verdict.name, verdict.figure, verdict.promised, words[verdict.held])
    wide = console if console.is_terminal else Console(width=WIDTH)
    wide.print(table)
    failed = [verdict.failure for verdict in verdicts if verdict.held is False]
    for sentence in failed:
        console.print(sentence, style="red", markup=False)
    return 1 if failed else 0


def read(name: str, default: float) -> float:
    """A number from a variable."""
    text = os.environ.get(name) or f"{default:g}"
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise WrongInputError(f"{name} must be a number above 0, not {text!r}. Try: make soak MINUTES=3 SEED=7")
    return value


async def main() -> int:
    """Read the variables and run."""
    return await soak(read("MINUTES", MINUTES) * 60, int(read("SEED", random.randint(1, SEEDS))))  # noqa: S311 - any seed does


if __name__ == "__main__":
    sys.exit(run(main()))
