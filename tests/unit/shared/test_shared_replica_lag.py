"""How far behind a replica is said to be; a stepped clock, and servers that say what the test wants."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

import pytest
from prometheus_client import REGISTRY

from shared import replica_lag
from shared.errors import DatabaseUnavailable
from shared.replica import REACHED
from shared.replica_lag import AGE, ReplicaLag

if TYPE_CHECKING:
    from shared.database import PrimaryPool, ReplicaPool


class Server:
    """A pool and its connection in one: a primary, or a replica that has everything after so many looks."""

    def __init__(self, name: str) -> None:
        self.server = name
        self.away = False
        self.whole = True
        self.age: float | None = None
        self.asked = asyncio.Event()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator["Server"]:
        if self.away:
            raise DatabaseUnavailable("away")
        yield self

    async def fetchrow(self, _question: str) -> dict[str, object]:
        self.asked.set()
        return {"lsn": "0/2", "timeline": 1}

    async def fetchval(self, question: str, *_position: object) -> object:
        return self.whole if question == REACHED else {AGE: self.age}[question]


class Room:
    """A primary and one replica."""

    def __init__(self, name: str) -> None:
        self.now = 100.0
        self.primary, self.replica = Server("primary"), Server(name)
        pools = cast("PrimaryPool", self.primary), [cast("ReplicaPool", self.replica)]
        self.lag = ReplicaLag(*pools, clock=lambda: self.now)

    async def later(self, seconds: float) -> float | None:
        """What is said of the replica so many seconds later."""
        self.now += seconds
        await self.lag.look()
        return REGISTRY.get_sample_value("fleet_replica_lag_seconds", {"server": self.replica.server})


@pytest.fixture
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(replica_lag, "WAIT", 0.0)
    return Room(request.node.name)


async def test_one_that_has_everything_is_not_behind_however_long_nothing_was_written(room: Room) -> None:
    room.replica.age = 3600.0
    assert await room.later(10) == 0


async def test_one_that_stays_behind_is_as_far_behind_as_what_it_replayed_last_is_old(room: Room) -> None:
    room.replica.whole, room.replica.age = False, 12.0
    await room.later(600)
    assert await room.later(10) == 12
    assert await room.later(10) == 12
    room.replica.whole = True
    assert await room.later(10) == 0


async def test_after_a_quiet_night_one_is_not_said_to_be_a_night_behind(room: Room) -> None:
    await room.later(10)
    room.replica.whole, room.replica.age = False, 8 * 3600.0
    assert await room.later(10) == 10


async def test_one_that_does_not_answer_falls_behind_by_a_second_each_second(room: Room) -> None:
    await room.later(10)
    room.replica.away = True
    assert await room.later(10) == 10
    assert await room.later(10) == 20


async def test_one_that_cannot_say_how_old_its_last_is_counts_as_one_that_does_not_answer(room: Room) -> None:
    await room.later(10)
    room.replica.whole = False
    assert await room.later(10) == 10
    assert await room.later(10) == 20


async def test_while_there_is_no_primary_nobody_falls_behind(room: Room) -> None:
    room.replica.whole, room.replica.age = False, 3.0
    await room.later(600)
    room.primary.away = True
    assert await room.later(60) == 3


async def test_a_look_that_hangs_neither_delays_the_end_nor_is_followed_by_another(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_lag, "LOOK", 0.0)
    looks, hangs = 0, asyncio.Event()

    async def hang() -> None:
        nonlocal looks
        looks += 1
        room.primary.asked.set()
        try:
            await hangs.wait()
        except asyncio.CancelledError:
            await hangs.wait()  # as asyncpg does with a frozen server

    monkeypatch.setattr(room.lag, "look", hang)
    running = asyncio.create_task(room.lag.run())
    await room.primary.asked.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    hangs.set()
    assert (looks, running.cancelled()) == (1, True)
