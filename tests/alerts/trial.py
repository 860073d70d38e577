"""Owns one trial: peace, the fault until its alerts fire, and peace again."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from ops.rules.__main__ import GROUPS
from ops.rules.objectives import OBJECTIVES
from ops.rules.rule import Alert
from tests.alerts.fault import Fault
from tests.alerts.people import steady
from tests.alerts.prometheus import Firing, Watching, watching
from tests.faults.ground import Ground
from tests.faults.health import until_ready, waiting

PEACE: Final = 10.0
"""Seconds before the fault in which nothing may fire."""
PEACE_LIMIT: Final = 60.0
RAISE_LIMIT: Final = 240.0
END_LIMIT: Final = 240.0
LOOK: Final = 0.5
READY_LIMIT: Final = 60.0
DRAIN_LIMIT: Final = 240.0
"""The longest pause before a failed message is tried again, twice."""
BURNS: Final = frozenset(objective.alert for objective in OBJECTIVES)
"""These look back for hours, and end long after what they tell of: nobody waits for that."""

Found = TypeVar("Found", bound=Collection[object])


@dataclass(frozen=True)
class Seen:
    """What came of it.

    Attributes:
        fault: which.
        fired: all alerts that fired, each with the seconds since the beginning of the fault.
        problems: what should not be so.
    """

    fault: Fault
    fired: dict[Firing, float]
    problems: list[str]


async def trial(ground: Ground, fault: Fault, folder: Path) -> Seen:
    """Play a fault, and see which alerts it raises."""
    problems = []
    async with watching(ground, folder, fault.factor) as watch, _beside(ground):
        if stray := await _waited(watch.stray, PEACE_LIMIT):
            return Seen(fault, {}, [f"there was no peace before the fault: {', '.join(sorted(stray))}"])
        watch.begin()
        await asyncio.sleep(PEACE)
        if early := set(await watch.fired()):
            problems.append(f"before the fault {_told(early)} fired")
        began = time.time()
        async with fault.wrong(ground):
            if missing := await _missing(watch, rules(fault.raises)):
                problems.append(f"{_told(missing)} did not fire")
        if not await until_ready(ground, READY_LIMIT):
            problems.append("not every service is ready again")
        if missing := await _missing(watch, rules(fault.leaves)):
            problems.append(f"{_told(missing)} did not fire afterwards")
        if left := await _waited(lambda: _still(watch), END_LIMIT):
            problems.append(f"{_told(left)} did not end")
        fired = await watch.fired()
    if stuck := await _waited(lambda: waiting(ground), DRAIN_LIMIT):  # or the next trial would find it late
        problems.append(f"there still wait: {stuck}")
    if others := set(fired) - rules(fault.raises | fault.leaves | fault.allows) - early:
        problems.append(f"{_told(others)} fired too")
    return Seen(fault, {alert: at - began for alert, at in fired.items()}, problems)


def rules(names: AbstractSet[str]) -> set[Firing]:
    """The alerts of these names: those of an objective are two, whose severities differ."""
    return {
        (rule.name, rule.severity)
        for group in GROUPS
        for rule in group.rules
        if isinstance(rule, Alert) and rule.name in names
    }


async def _missing(watch: Watching, wanted: set[Firing]) -> set[Firing]:
    """Those that have not fired, when all have or it takes too long."""

    async def missing() -> set[Firing]:
        return wanted - set(await watch.fired())

    return await _waited(missing, RAISE_LIMIT)


async def _still(watch: Watching) -> set[Firing]:
    return {alert for alert in await watch.firing() if alert[0] not in BURNS}


async def _waited(left: Callable[[], Awaitable[Found]], limit: float) -> Found:
    """Wait until nothing is left, and return what still is when it takes too long."""
    until = time.monotonic() + limit
    while (found := await left()) and time.monotonic() < until:  # noqa: ASYNC110 - Prometheus tells nobody
        await asyncio.sleep(LOOK)
    return found


def _told(alerts: AbstractSet[Firing]) -> str:
    return ", ".join(f"{name} ({severity})" for name, severity in sorted(alerts))


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
