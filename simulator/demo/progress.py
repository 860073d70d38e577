"""What is seen while the morning runs: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rich.console import Console

FRAME = 0.5
LINE_EVERY = 5.0

Count = tuple[int, int]
"""How many check-ins were taken, and how many people were answered."""


@contextlib.asynccontextmanager
async def shown(console: Console, people: int, locations: int, count: Callable[[], Count]) -> AsyncIterator[None]:
    """Show `count()` until the block is left."""
    draw = _bars(console, people, locations, count) if console.is_terminal else _lines(console, people, count)
    task = asyncio.create_task(draw, name="progress")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _bars(console: Console, people: int, locations: int, count: Callable[[], Count]) -> None:
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, auto_refresh=False) as progress:
        taken, answered = progress.add_task("taken", total=locations), progress.add_task("answered", total=people)
        try:
            while True:
                now = count()
                progress.update(taken, completed=now[0])
                progress.update(answered, completed=now[1])
                progress.refresh()
                await asyncio.sleep(FRAME)
        finally:
            now = count()
            progress.update(taken, completed=now[0])
            progress.update(answered, completed=now[1])
            progress.refresh()


async def _lines(console: Console, people: int, count: Callable[[], Count]) -> None:
    while True:
        await asyncio.sleep(LINE_EVERY)
        taken, answered = count()
        console.print(
            f"{taken} check-ins taken, {answered} of {people} people answered", highlight=False, soft_wrap=True
        )
