"""What several files of these tests begin with."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.sender.departures_room import Room, opened


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with opened() as made:
        yield made
