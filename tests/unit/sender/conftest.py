"""What several files of these tests begin with."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.unit.sender.departures_room import Room


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)
