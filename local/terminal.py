"""Owns what a person sees and does: progress lines, addresses, errors, Ctrl-C."""

import asyncio
import signal
import time
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from rich.console import Console

from local.binaries import NotInstalledError
from local.processes import ChildFailedError

FAILED = 1
INTERRUPTED = 130  # what a shell calls the end by Ctrl-C

console = Console(highlight=False, soft_wrap=True)


class WrongInputError(Exception):
    """A variable that a person set does not do; says which, and what to do."""


@contextmanager
def step(what: str, *, alone: bool = True) -> Iterator[None]:
    """One line of progress: what is done, and how long it took; it moves meanwhile if it has the terminal alone."""
    begun = time.monotonic()
    with console.status(what) if alone else nullcontext():
        yield
    console.print(f"[green]✓[/] {what} [dim]{time.monotonic() - begun:.1f} s[/]")


def show_addresses(addresses: Mapping[str, str]) -> None:
    """Where to look, one line each; never cut, so that it can be copied."""
    width = max(map(len, addresses))
    for name, address in addresses.items():
        console.print(f"  [dim]{name.ljust(width)}[/]  {address}")


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run to the end, to Ctrl-C, to SIGTERM or to the terminal's closing; returns the exit status."""
    status = INTERRUPTED
    try:
        status = asyncio.run(_until_signal(main))
    except* (KeyboardInterrupt, asyncio.CancelledError):
        console.print("Ended.")
    except* (ChildFailedError, NotInstalledError, WrongInputError) as group:
        status = FAILED
        for error in _leaves(group):
            console.print(f"✗ {error}", style="red", markup=False)
    return status


async def _until_signal(main: Coroutine[Any, Any, int]) -> int:
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, _end, task)
    return await main


def _end(work: asyncio.Task[Any]) -> None:
    """Let it end; one that ends already is not interrupted in that, which would leave running what it still has to end.

    Ctrl-C does interrupt it, as everywhere in Python.
    """
    if not work.cancelling():
        work.cancel()


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
