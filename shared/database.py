"""Owns the connections to PostgreSQL: bounded waits, one way to fail, and types that keep reports off the primary."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final, NewType, cast

import asyncpg
import structlog

from shared.connecting import Connected, Origin, Servers
from shared.errors import DatabaseUnavailable
from shared.metrics import POOL_CONNECTIONS, POOL_LIMIT, POOL_WAIT_SECONDS
from shared.settings import DatabaseSettings

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]
    ReadConnection = NewType("ReadConnection", PoolConnectionProxy[asyncpg.Record])
    """What `shared.replicas.Reader` lends: what only reads takes no other, so it cannot be given the primary's."""
    RawPool = asyncpg.Pool[asyncpg.Record]

log = structlog.get_logger()

CONNECT_TIMEOUT: Final = 5.0
COMMAND_TIMEOUT: Final = 4.0
"""Seconds; without them a frozen server hangs a call for ever, `asyncio.wait_for` around it or not."""
ACQUIRE_TIMEOUT: Final = 5.0
RELEASE_TIMEOUT: Final = 1.0
"""Seconds to give a connection back, in which a call that was given up is cancelled; after them it is closed."""

AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.TooManyConnectionsError,
    asyncpg.OperatorInterventionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresSystemError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
)
"""What asyncpg raises when the server is away, starting, stopping, demoted, full, does not let us in, cannot read its
disk, has not been migrated yet or is just being, keeps a lock too long, or chose us to end a deadlock: whatever it is,
no message is to blame."""


class Pool:
    """A pool that opens when the server is there and says `DatabaseUnavailable` while it is not.

    Args:
        url: the address; see `Servers`.
        settings: how many connections.
        server: what the pool is called in metrics.
    """

    def __init__(self, url: str, settings: DatabaseSettings, server: str) -> None:
        self._servers = Servers(url)
        self._settings = settings
        self._pool: RawPool | None = None
        self._opening: asyncio.Task[RawPool] | None = None
        self._asking: asyncio.Task[bool] | None = None
        POOL_CONNECTIONS.labels(server, "used").set_function(self._used)
        POOL_CONNECTIONS.labels(server, "idle").set_function(self._idle)
        POOL_LIMIT.labels(server).set(settings.db_pool_max)
        self._waits = POOL_WAIT_SECONDS.labels(server)

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator["Connection"]:
        """Lend a connection for the block.

        Raises:
            DatabaseUnavailable: none to be had, or the server went away within the block; a transaction that was
                committing may have been stored.
        """
        try:
            pool, connection = await self._acquired()
            origin = cast("Connected", connection).origin  # what is lent stands for it, and shows all that it has
            try:
                yield connection
            except asyncpg.ReadOnlySQLTransactionError:
                await self._move_on(pool, origin)
                raise
            finally:
                if not await _given_back(pool, connection):
                    await self._move_on(pool, origin)
        except AWAY as problem:
            raise DatabaseUnavailable(repr(problem)) from problem

    async def _move_on(self, pool: "RawPool", lost: Origin) -> None:
        """Make all connections anew, to whoever takes writes now, instead of finding out about each in turn.

        One that is lost later, of those that were made before, does not harm those that have been made since.
        """
        if self._servers.leave(lost):
            await pool.expire_connections()

    async def _acquired(self) -> "tuple[RawPool, Connection]":
        with self._waits.time():  # of those who get none, too: they have waited longest
            pool = await self._opened()
            return pool, await pool.acquire(timeout=ACQUIRE_TIMEOUT)

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
            connect=self._connect,
            min_size=self._settings.db_pool_min,
            max_size=self._settings.db_pool_max,
        )
        return self._pool

    async def _connect(self, *_dsn: object, **_defaults: object) -> "asyncpg.Connection[asyncpg.Record]":
        return await self._servers.connect(timeout=CONNECT_TIMEOUT, command_timeout=COMMAND_TIMEOUT)

    def _idle(self) -> int:
        return 0 if self._pool is None else self._pool.get_idle_size()

    def _used(self) -> int:
        return 0 if self._pool is None else self._pool.get_size() - self._pool.get_idle_size()


async def roll_back(connection: "Connection") -> None:
    """End the transaction; where the server does not hear of it, the connection is lost, and the transaction with it.

    Why it ends stays what is told, and a server that is frozen has had its time: it gets no more than for giving the
    connection back.
    """
    with contextlib.suppress(*AWAY):
        await connection.execute("ROLLBACK", timeout=RELEASE_TIMEOUT)


async def _given_back(pool: "RawPool", connection: "Connection") -> bool:
    """Give a connection back; False if it was lost: the server is gone, or does not even cancel what was given up."""
    try:
        lost = connection.is_closed()
        await pool.release(connection, timeout=RELEASE_TIMEOUT)
    except AWAY:
        return False
    return not lost


class PrimaryPool(Pool):
    """Connections to the server that takes writes."""

    def __init__(self, settings: DatabaseSettings) -> None:
        super().__init__(settings.database_url.get_secret_value(), settings, "primary")


class ReplicaPool(Pool):
    """Connections for reading; another type, so that a report cannot be wired to the primary by mistake."""

    def __init__(self, settings: DatabaseSettings, url: str) -> None:
        self.server: Final = url.partition("://")[2].rpartition("@")[2].partition("?")[0]
        """Host, port and database, for people: the address without who opens it."""
        super().__init__(url, settings, self.server)


def replica_pools(settings: DatabaseSettings) -> Sequence[ReplicaPool]:
    """A pool for each replica; none where there is no replica."""
    return [ReplicaPool(settings, url) for url in settings.replica_urls]
