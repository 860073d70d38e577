"""Owns one trial: peace, the fault until its alerts fire, and peace again."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.alerts.fault import Fault
from tests.alerts.people import steady
from tests.alerts.prometheus import Prometheus, prometheus
from tests.faults.ground import Ground
from tests.faults.health import until_ready

PEACE: Final = 10.0
"""Seconds before the fault in which nothing may fire."""
RAISE_LIMIT: Final = 240.0
END_LIMIT: Final = 240.0
LOOK: Final = 0.5
READY_LIMIT: Final = 60.0
BURNS: Final = frozenset({"WebhookBurn", "RecordedBurn", "RepliesBurn"})
"""These look back for hours, and end long after what they tell of: nobody waits for that."""


@dataclass(frozen=True)
class Seen:
    """What came of it.

    Attributes:
        fault: which.
        fired: all alerts that fired.
        seconds: from the beginning of the fault until the last that it raises fired.
        problems: what should not be so.
    """

    fault: Fault
    fired: set[str]
    seconds: float
    problems: list[str]


async def trial(ground: Ground, fault: Fault, folder: Path) -> Seen:
    """Play a fault, and see which alerts it raises."""
    problems = []
    async with prometheus(ground, folder, fault.factor) as watching, _beside(ground):
        await asyncio.sleep(PEACE)
        if early := await watching.fired():
            problems.append(f"before the fault {_told(early)} fired")
        async with fault.wrong(ground):
            began = time.monotonic()
            if missing := await _missing(watching, fault.raises):
                problems.append(f"{_told(missing)} did not fire")
            seconds = time.monotonic() - began
        if not await until_ready(ground, READY_LIMIT):
            problems.append("not every service is ready again")
        if missing := await _missing(watching, fault.leaves):
            problems.append(f"{_told(missing)} did not fire afterwards")
        if await _waited(lambda: _still(watching), END_LIMIT):
            problems.append(f"{_told(await _still(watching))} did not end")
        fired = await watching.fired()
    if others := fired - fault.raises - fault.leaves - fault.allows - early:
        problems.append(f"{_told(others)} fired too")
    return Seen(fault, fired, seconds, problems)


async def _missing(watching: Prometheus, wanted: AbstractSet[str]) -> set[str]:
    """Those that have not fired, when all have or it takes too long."""

    async def missing() -> set[str]:
        return set(wanted) - await watching.fired()

    return await _waited(missing, RAISE_LIMIT)


async def _still(watching: Prometheus) -> set[str]:
    return await watching.firing() - BURNS


async def _waited(left: Callable[[], Awaitable[set[str]]], limit: float) -> set[str]:
    """Wait until nothing is left, and return what still is when it takes too long."""
    until = time.monotonic() + limit
    while (found := await left()) and time.monotonic() < until:  # noqa: ASYNC110 - Prometheus tells nobody
        await asyncio.sleep(LOOK)
    return found


def _told(alerts: set[str]) -> str:
    return ", ".join(sorted(alerts))


@contextlib.asynccontextmanager
async def _beside(ground: Ground) -> AsyncIterator[None]:
    """People come as long as the block lasts."""
    task = asyncio.create_task(steady(ground))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()
