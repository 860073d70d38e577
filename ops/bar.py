"""Owns a bar that moves while a command feeds a queue for minutes or hours, and what is said beside it."""

from typing import Final, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ops.orders import Depth
from ops.terminal import OUT, say

STILL: Final = 20
"""Looks, half a second apart or more, at a queue that nobody takes from, before that is said."""


class Bar:
    """A bar on a terminal, nothing elsewhere; what is said is said everywhere."""

    nobody = ""
    """What is said of a queue that nobody takes from."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}", markup=False),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=OUT, transient=True, disable=not OUT.is_terminal)
        self._task = self._progress.add_task("", total=None, told="")
        self._still = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def away(self, problem: Exception) -> None:
        """Say that an engine went away."""
        say(f"{problem!r}: it goes on as soon as the engine is back")

    def move(self, description: str, done: int, total: int, told: str) -> None:
        """Move on."""
        self._progress.update(self._task, description=description, total=total, completed=done, told=told)

    def look(self, queue: Depth) -> None:
        """Say it, once, when nobody has taken from the queue for long."""
        self._still = self._still + 1 if queue.waiting and not queue.consumers else 0
        if self._still == STILL:
            say(self.nobody)
