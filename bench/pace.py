"""Owns how fast a process does something that can be counted from outside, and what it uses of a processor for one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bench.spending import cpu_seconds
from local.processes import Child, ChildFailedError

GLANCE: Final = 0.05
"""Seconds between two looks."""
WARM: Final = 5
"""The first of so many parts does not count: connections are opened in it, statements prepared."""
STANDSTILL: Final = 60.0
"""Seconds without progress after which it is given up."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many a second, and seconds of a processor for each; None where that is not asked."""

    rate: float
    cpu: float | None = None


@dataclass(frozen=True, slots=True)
class _Mark:
    done: int
    at: float
    cpu: float


async def pace(child: Child, done: Callable[[], Awaitable[int]], wanted: int) -> Pace:
    """Wait until the process has done so many; raises ChildFailedError when it ends before, or stands still."""
    begin = await _until(child, done, wanted // WARM)
    end = await _until(child, done, wanted)
    return Pace((end.done - begin.done) / (end.at - begin.at), (end.cpu - begin.cpu) / (end.done - begin.done))


async def _until(child: Child, done: Callable[[], Awaitable[int]], wanted: int) -> _Mark:
    seen, since = await done(), time.monotonic()
    while seen < wanted:
        await asyncio.sleep(GLANCE)
        if child.status is not None and await done() < wanted:
            raise child.failure()
        if (now := await done()) > seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() > since + STANDSTILL:
            raise ChildFailedError(f"for {STANDSTILL:.0f} s {child.program.name} has done no more than {seen}")
    return _Mark(seen, time.monotonic(), cpu_seconds(child.pid))


def best(paces: list[Pace]) -> Pace:
    """What counts of several tries, each figure by itself: what disturbs makes nothing faster and nothing cheaper."""
    cpus = [one.cpu for one in paces if one.cpu is not None]
    return Pace(max(one.rate for one in paces), min(cpus, default=None))
