"""Owns one child process: how it starts, how it ends, and that it never outlives us.

Each child leads a session of its own, so Ctrl-C at the terminal reaches only the starter, which then ends its
children in order. The kernel kills a child whose starter is gone (PR_SET_PDEATHSIG), so even a starter that is
killed with -9 leaves nothing running.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from local.families import descendants, gone

POLL_SECONDS = 0.05
KILL_LIMIT_SECONDS = 10.0
TAIL_BYTES = 65_536
# A starter that dies before the kernel has noted our wish would leave an orphan, so the child looks once itself.
GUARD = '[ "$PPID" = "$0" ] && exec "$@"'


class ChildFailedError(Exception):
    """A child ended on its own, or did not answer in time; says which, and ends with what it last wrote."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to start: `identity` holds flags of setpriv(1); without a `log` the output goes where ours goes."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path | None = None
    identity: Sequence[str] = ()


class Child:
    """A running program. Made by `spawn`; `stop` and `kill` may be called any number of times."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process) -> None:
        self.program = program
        self._process = process

    @classmethod
    async def spawn(cls, program: Program) -> "Child":
        """Start the program; returns as soon as it has a process id."""
        with ExitStack() as files:
            output = None
            if program.log is not None:
                program.log.parent.mkdir(parents=True, exist_ok=True)
                output = files.enter_context(program.log.open("ab"))
            process = await asyncio.create_subprocess_exec(
                *("setpriv", *program.identity, "--pdeathsig", "KILL"),
                *("sh", "-c", GUARD, str(os.getpid())),
                *program.argv,
                env=dict(program.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(program, process)

    @property
    def pid(self) -> int:
        """The process id, of the program itself: setpriv and sh have replaced themselves by it."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for the end; returns the exit status."""
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program alone; nothing happens when it has ended."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def stop(self, limit: float, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and kill it with all its children when it has not within `limit` seconds."""
        self.send(number)
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                return await self.wait()
        return await self.kill()

    async def kill(self) -> int:
        """Kill -9 it and every process below it; returns when the last of them is gone."""
        family = [self.pid, *descendants(self.pid)] if self.status is None else []
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        status = await self.wait()
        await gone(family, KILL_LIMIT_SECONDS)
        return status

    async def until(self, answers: Callable[[], Awaitable[bool]], limit: float) -> None:
        """Wait until it answers; raises ChildFailedError when it ends first or `limit` seconds pass."""
        deadline = time.monotonic() + limit
        while not await answers():
            if self.status is not None:
                raise self.failure()
            if time.monotonic() > deadline:
                raise ChildFailedError(self._told(f"did not answer within {limit:.0f} s"))
            await asyncio.sleep(POLL_SECONDS)

    def failure(self) -> ChildFailedError:
        """The error to raise when it has ended and should not have."""
        return ChildFailedError(self._told(f"ended unexpectedly ({told_status(self.status)})"))

    def _told(self, what: str) -> str:
        log = self.program.log
        if log is None:
            return f"{self.program.name} {what}"
        return f"{self.program.name} {what}. Its log, {log}, ends with:\n{tail(log)}"


async def first_death(children: list[Child]) -> NoReturn:
    """Wait until one of these ends, and raise its ChildFailedError."""
    waits = {asyncio.ensure_future(child.wait()): child for child in children}
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        raise waits[done.pop()].failure()
    finally:
        for wait in waits:
            wait.cancel()


def told_status(status: int | None) -> str:
    """An exit status in words."""
    if status is not None and status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"status {status}"


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, indented."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        text = file.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
