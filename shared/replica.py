"""Owns one replica: how far it has come, and that it rests after a failure.

What a failing replica costs is bounded by whoever asks; asyncpg gives a call to a frozen server up only after seconds,
cancelled or not, so such a call is left behind, and nobody else is sent after it.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final, NamedTuple

import asyncpg
import structlog

from shared.database import ReplicaPool
from shared.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from shared.database import Connection

    Held = contextlib.AbstractAsyncContextManager[Connection]

log = structlog.get_logger()

PAUSES: Final = (0.002, 0.004, 0.008, 0.016, 0.032, 0.064)
"""Seconds between looks at how far a replica has come: over a local network it takes 1 to 3 ms. The last is
repeated for as long as the read may wait."""
REST: Final = 5.0
"""Seconds for which nobody asks a replica that failed; then one read tries it, and the others still do not."""

# Positions compare within one timeline only, and each promotion begins a new one; of another timeline NULL is said. A
# server that was promoted is far enough when it is the very primary that was asked. A replica that still follows the
# primary of before receives its timeline; who may not see which (pg_read_all_stats) sees that it receives, and goes by
# the position alone. A replica that receives from nobody says NULL as well: nothing tells on which timeline it stands.
REACHED: Final = """
SELECT CASE WHEN timeline <> $2 OR NOT follows THEN NULL ELSE coalesce(lsn >= $1::text::pg_lsn, false) END
FROM (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END,
             CASE WHEN pg_is_in_recovery() THEN (SELECT received_tli FROM pg_stat_wal_receiver)
                  ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END,
             NOT pg_is_in_recovery() OR EXISTS (SELECT FROM pg_stat_wal_receiver)
     ) AS here (lsn, timeline, follows)
"""


class Position(NamedTuple):
    """How far a primary has come: the place in its log, and which of its logs."""

    lsn: str
    timeline: int


class Replica:
    """One replica: its pool, and whether it rests."""

    def __init__(self, pool: ReplicaPool) -> None:
        self._pool = pool
        self._rests_until = 0.0
        self._away = False
        self._left_behind: set[asyncio.Task[None]] = set()

    def serves(self) -> bool:
        """Whether it is worth asking; not while an earlier question still hangs."""
        return _now() >= self._rests_until and not self._left_behind

    @contextlib.asynccontextmanager
    async def at(self, position: Position, within: float) -> AsyncIterator["Connection"]:
        """Lend a connection that replays up to the position within so many seconds.

        Raises:
            DatabaseUnavailable: it did not, or failed, then or within the block; now it rests.
        """
        latest = _now() + within
        try:
            async with self._pool.connection() as connection:
                await reach(connection, position, latest)
                yield connection
        # Replay may cancel a query that stands in its way, which the primary would not have done.
        except (DatabaseUnavailable, asyncpg.TransactionRollbackError) as problem:
            self._rest(str(problem))
            raise DatabaseUnavailable(f"replica: {problem}") from problem

    async def entered(self, held: "Held", within: float) -> "Connection | None":
        """Enter `held`, which `at` made, within so many seconds; if not, it need not be left either."""
        if self._away:
            self._rests_until = _now() + REST  # this read tries it, the others need not wait
        entering = asyncio.ensure_future(held.__aenter__())
        try:
            done, _ = await asyncio.wait([entering], timeout=within)
        except asyncio.CancelledError:
            self._leave_behind(held, entering)
            raise
        if not done:
            self._rest("does not answer")
            self._leave_behind(held, entering)
            return None
        try:
            connection = entering.result()
        except DatabaseUnavailable:
            return None
        self._return()
        return connection

    async def aclose(self) -> None:
        """Close its connections; what hangs ends with them."""
        await self._pool.aclose()
        if self._left_behind:
            await asyncio.wait(self._left_behind)

    def _rest(self, reason: str) -> None:
        self._rests_until = _now() + REST
        if not self._away:
            log.warning("replica_away", replica=self._pool.server, reason=reason)
        self._away = True

    def _return(self) -> None:
        self._rests_until = 0.0
        if self._away:
            log.info("replica_back", replica=self._pool.server)
        self._away = False

    def _leave_behind(self, held: "Held", entering: "asyncio.Future[Connection]") -> None:
        task = asyncio.create_task(_give_back(held, entering), name="give back a late connection")
        self._left_behind.add(task)
        task.add_done_callback(self._left_behind.discard)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def reach(connection: "Connection", position: Position, latest: float) -> None:
    """Return when the replica has come to the position; `latest`: until when it may take, by the event loop's clock.

    Raises:
        DatabaseUnavailable: it has not by then, or follows no primary of that timeline.
    """
    for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
        reached = await connection.fetchval(REACHED, *position)
        if reached is None:
            raise DatabaseUnavailable(f"receives no log of the primary, whose timeline is {position.timeline}")
        if reached:
            return
        if _now() + pause > latest:
            raise DatabaseUnavailable(f"lags behind {position.lsn}")
        await asyncio.sleep(pause)


async def _give_back(held: "Held", entering: "asyncio.Future[Connection]") -> None:
    with contextlib.suppress(DatabaseUnavailable):
        await entering
        await held.__aexit__(None, None, None)
