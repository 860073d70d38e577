"""What several files of these tests begin with."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.sender.departures_room import Room, opened


@pytest.fixture(autouse=True)
def _redis_is_asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sender.arrivals.ASK_AGAIN", (0.0, 0.0))


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with opened() as made:
        yield made
