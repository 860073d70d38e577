"""Owns how far replicas are behind, for the metric: looked at every few seconds, whether anybody reads or not.

A look waits a second for a replica to have what the primary had when the look began. One that is further behind says
how old is what it replayed last, by the servers' clocks; that is too much where nothing was written for long, so the
look before bounds it. A replica that does not answer falls behind by a second each second.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from shared.database import PrimaryPool, ReplicaPool
from shared.errors import DatabaseUnavailable
from shared.metrics import REPLICA_LAG
from shared.replica import Position, reach
from shared.replicas import COMMITTED

if TYPE_CHECKING:
    from shared.database import Connection

LOOK: Final = 10.0
"""Seconds between two looks; less than the interval of whoever scrapes."""
WAIT: Final = 1.0
"""Seconds that a look waits for a replica."""

# NULL where nothing has been replayed since the server's start.
AGE: Final = "SELECT extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8"


class ReplicaLag:
    """Looks at all replicas; `clock` says seconds, monotonic."""

    def __init__(
        self, primary: PrimaryPool, replicas: Sequence[ReplicaPool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._primary = primary
        self._clock = clock
        self._whole_at = dict.fromkeys(replicas, clock())
        self._looking: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Look for ever. A look that hangs is left behind: it ends when the pools are closed."""
        while True:
            if self._whole_at and (self._looking is None or self._looking.done()):
                self._looking = asyncio.create_task(self.look(), name="look at replicas")
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Bring the metric up to date, unless there is no primary: then nobody falls behind."""
        try:
            async with self._primary.connection() as connection:
                row = await connection.fetchrow(COMMITTED)
        except DatabaseUnavailable:
            return
        if row is not None:
            position = Position(row["lsn"], row["timeline"])
            await asyncio.gather(*(self._look_at(pool, position) for pool in self._whole_at))

    async def _look_at(self, pool: ReplicaPool, position: Position) -> None:
        with contextlib.suppress(DatabaseUnavailable):
            async with pool.connection() as connection:
                whole_at = await self._replayed(connection, position)
            self._whole_at[pool] = max(self._whole_at[pool], whole_at)
        REPLICA_LAG.labels(pool.server).set(self._clock() - self._whole_at[pool])

    async def _replayed(self, connection: "Connection", position: Position) -> float:
        """The moment up to which the replica has everything, by the clock."""
        began = self._clock()
        try:
            await reach(connection, position, asyncio.get_running_loop().time() + WAIT)
        except DatabaseUnavailable:
            age: float | None = await connection.fetchval(AGE)
            return float("-inf") if age is None else self._clock() - age
        return began
