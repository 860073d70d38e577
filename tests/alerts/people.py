"""Owns who comes while alerts are watched: a few a second, and crowds."""

import asyncio
import itertools
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


def crowd(ground: Ground, people: int) -> None:
    """Let so many come at once."""
    for _ in range(people):
        ground.crowd.send_location(_somebody(ground))


def _somebody(ground: Ground) -> Employee:
    return ground.crowd.employees[next(_NEXT)]
