"""How long a replica is waited for."""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

import pytest

from shared import replica
from shared.errors import DatabaseUnavailable
from shared.replica import Position, Replica

if TYPE_CHECKING:
    from shared.database import ReplicaPool

FAR = Position("0/2", 1)


class Late:
    """A replica's pool and connection in one; it has reached a position when it has been asked so often."""

    server = "late"

    def __init__(self, reached_at: int) -> None:
        self.looks = 0
        self._reached_at = reached_at

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator["Late"]:
        yield self

    async def fetchval(self, *_question: object) -> bool:
        self.looks += 1
        return self.looks >= self._reached_at


async def waited_for(late: Late, within: float) -> None:
    async with Replica(cast("ReplicaPool", late)).at(FAR, within):
        pass


async def test_it_is_looked_at_again_as_long_as_the_read_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "PAUSES", (0.0,))
    late = Late(reached_at=1000)
    await waited_for(late, within=600.0)
    assert late.looks == 1000


async def test_it_is_not_waited_for_beyond_that() -> None:
    late = Late(reached_at=2)
    with pytest.raises(DatabaseUnavailable, match=f"lags behind {FAR.lsn}"):
        await waited_for(late, within=0.0)
    assert late.looks == 1
