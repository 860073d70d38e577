"""Owns reading what was just written: a read waits for a replica to reach it, or goes to the primary.

A replica that is away, frozen or far behind costs a read at most `WAIT` seconds, and then no more for a while. So
losing every replica costs speed only.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final, cast

from shared.database import ReplicaPool
from shared.metrics import READS
from shared.replica import Position, Replica

if TYPE_CHECKING:
    from shared.database import Connection, ReadConnection

WAIT: Final = 0.2
"""Seconds that a read may lose with all replicas together before the primary serves it."""

# Nobody sees a commit before the primary has flushed it, so what is flushed now holds all that anybody saw. What is
# inserted would lie further on: with writes of open transactions, ours too, which nobody hurries to the replicas.
# Only where commits do not wait for the flush is it needed. The name of a log's file begins with its timeline. No row
# comes from a demoted primary.
COMMITTED: Final = """
SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
            ELSE pg_current_wal_flush_lsn() END::text AS lsn,
       ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int AS timeline
WHERE NOT pg_is_in_recovery()
"""


class Reader:
    """Lends connections for reading, each replica's in turn. It owns their pools.

    Args:
        replicas: the replicas, any number; each connection must be to one server: how far one has come says nothing
            of another.
        wait: seconds that a read may lose with all of them together; WAIT when not given.
    """

    def __init__(self, replicas: Sequence[ReplicaPool], wait: float | None = None) -> None:
        # In random order: of processes that read once, as those that make files, each would ask the same one first.
        order = random.sample(replicas, len(replicas))
        self._replicas = [Replica(pool) for pool in order]
        self._wait = wait
        self._turn = 0

    @contextlib.asynccontextmanager
    async def connection(self, primary: "Connection") -> AsyncIterator["ReadConnection"]:
        """Lend a connection that sees all that has been committed on the primary.

        What the open transaction of `primary` has written so far may be missing.

        Args:
            primary: an open connection to the primary, which says how far a replica must have come, and which serves
                the read itself when no replica gets there in time.

        Raises:
            DatabaseUnavailable: the replica failed within the block. It rests: the next try is served by another.
        """
        async with contextlib.AsyncExitStack() as until_read:
            replica = await self._replica(primary, until_read)
            READS.labels("primary" if replica is None else "replica").inc()
            yield cast("ReadConnection", primary if replica is None else replica)

    async def aclose(self) -> None:
        """Close the replicas' connections."""
        await asyncio.gather(*(replica.aclose() for replica in self._replicas))

    async def _replica(self, primary: "Connection", until_read: contextlib.AsyncExitStack) -> "Connection | None":
        """A replica's connection that is far enough, until the read is over; None when the primary must serve."""
        if not any(replica.serves() for replica in self._replicas):
            return None
        if (row := await primary.fetchrow(COMMITTED)) is None:
            return None
        position = Position(row["lsn"], row["timeline"])
        now = asyncio.get_running_loop().time
        latest = now() + (WAIT if self._wait is None else self._wait)
        serving = [replica for replica in self._in_turn() if replica.serves()]
        for asked, replica in enumerate(serving):
            if replica.serves() and (left := latest - now()) > 0:  # another read may have found that it does not
                share = left / (len(serving) - asked)  # so that one that lags or hangs leaves the next its time
                held = replica.at(position, share)
                if (connection := await replica.entered(held, share)) is not None:
                    until_read.push_async_exit(held)
                    return connection
        return None

    def _in_turn(self) -> list[Replica]:
        self._turn = (self._turn + 1) % len(self._replicas)
        return self._replicas[self._turn :] + self._replicas[: self._turn]
