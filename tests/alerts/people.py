"""Owns who comes while alerts are watched: a few a second, and crowds."""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator
from typing import Final

from simulator.people import Employee
from tests.faults.ground import PEOPLE, Ground

A_SECOND: Final = 3.0
_NEXT: Final[Iterator[int]] = itertools.cycle(range(PEOPLE))
"""Whose turn it is to tap; nobody taps twice within an hour."""


async def steady(ground: Ground) -> None:
    """Let people come for ever."""
    while True:
        ground.crowd.send_location(_somebody(ground))
        await asyncio.sleep(1 / A_SECOND)


async def crowd(ground: Ground, people: int, seconds: float) -> None:
    """Let so many come within these seconds, each at a moment of their own."""
    began = time.monotonic()
    for moment in sorted(random.uniform(0, seconds) for _ in range(people)):  # noqa: S311 - no secret
        await asyncio.sleep(began + moment - time.monotonic())
        ground.crowd.send_location(_somebody(ground))


def _somebody(ground: Ground) -> Employee:
    return ground.crowd.employees[next(_NEXT)]
