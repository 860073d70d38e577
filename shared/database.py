"""Owns the connections to PostgreSQL: bounded waits, one way to fail, and types that keep reports off the primary."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog

from shared.errors import DatabaseUnavailable
from shared.metrics import POOL_WAIT_SECONDS
from shared.settings import DatabaseSettings

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]
    RawPool = asyncpg.Pool[asyncpg.Record]

log = structlog.get_logger()

CONNECT_TIMEOUT: Final = 5.0
COMMAND_TIMEOUT: Final = 4.0
"""Seconds; without them a frozen server hangs a call for ever, `asyncio.wait_for` around it or not."""
ACQUIRE_TIMEOUT: Final = 5.0

AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.TooManyConnectionsError,
    asyncpg.OperatorInterventionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
)
"""What asyncpg raises when the server is away, starting, stopping, demoted, full, does not let us in, has not been
migrated yet, or chose us to end a deadlock: whatever it is, no message is to blame."""


class Pool:
    """A pool that opens when the server is there and says `DatabaseUnavailable` while it is not."""

    def __init__(self, url: str, settings: DatabaseSettings) -> None:
        self._url = url
        self._settings = settings
        self._pool: RawPool | None = None
        self._opening: asyncio.Task[RawPool] | None = None
        self._asking: asyncio.Task[bool] | None = None

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator["Connection"]:
        """Lend a connection for the block.

        Raises:
            DatabaseUnavailable: none to be had, or the server went away within the block; a transaction that was
                committing may have been stored.
        """
        try:
            started = time.monotonic()
            pool = await self._opened()
            async with pool.acquire(timeout=ACQUIRE_TIMEOUT) as connection:
                POOL_WAIT_SECONDS.observe(time.monotonic() - started)
                yield connection
        except AWAY as problem:
            if isinstance(problem, asyncpg.ReadOnlySQLTransactionError) and self._pool is not None:
                await self._pool.expire_connections()  # a demoted primary: connect anew, to whoever leads now
            raise DatabaseUnavailable(repr(problem)) from problem

    async def answers(self) -> bool:
        """Whether the server answers a query within a second.

        asyncpg gives a call to a frozen server up only after seconds, cancelled or not: so that is left behind, and
        asked for again by the next.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="database answers")
        await asyncio.wait([self._asking], timeout=1.0)
        return self._asking.done() and self._asking.result()

    async def _ask(self) -> bool:
        try:
            async with self.connection() as connection:
                return bool(await connection.fetchval("SELECT true"))
        except DatabaseUnavailable:
            return False

    async def aclose(self) -> None:
        """Close the connections, those in use by force after a moment."""
        if (opening := self._opening) is not None and not opening.done():
            opening.cancel()
            await asyncio.wait([opening])
        if (pool := self._pool) is None:
            return
        try:
            async with asyncio.timeout(2.0):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    async def _opened(self) -> "RawPool":
        """The pool; whoever needs it while it opens waits for the same attempt, not in line for one of his own."""
        if self._opening is None or (self._opening.done() and self._pool is None):
            self._opening = asyncio.create_task(self._open(), name="open pool")
        return await asyncio.shield(self._opening)

    async def _open(self) -> "RawPool":
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=self._settings.db_pool_min,
            max_size=self._settings.db_pool_max,
            timeout=CONNECT_TIMEOUT,
            command_timeout=COMMAND_TIMEOUT,
        )
        return self._pool


class PrimaryPool(Pool):
    """Connections to the server that takes writes."""

    def __init__(self, settings: DatabaseSettings) -> None:
        super().__init__(settings.database_url.get_secret_value(), settings)


class ReplicaPool(Pool):
    """Connections for reading; another type, so that a report cannot be wired to the primary by mistake."""

    def __init__(self, settings: DatabaseSettings, url: str) -> None:
        super().__init__(url, settings)
        self.server: Final = url.partition("://")[2].rpartition("@")[2].partition("?")[0]
        """Host, port and database, for people: the address without who opens it."""


def replica_pools(settings: DatabaseSettings) -> Sequence[ReplicaPool]:
    """A pool for each replica; none where there is no replica."""
    return [ReplicaPool(settings, url) for url in settings.replica_urls]
