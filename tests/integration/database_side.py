"""PostgreSQL as tests use it: services and operators connect as members of their roles; others take all there is."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from local.postgres import USER, Postgres
from shared.database import PrimaryPool

END_OURS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name <> 'others'
"""

# By the session that is asked. What it has changed back is as it was; a cursor without a name is this query's own.
LEFT_BEHIND = """
SELECT format('set %s to %s', name, setting) FROM pg_settings
WHERE source = 'session' AND setting IS DISTINCT FROM reset_val
UNION ALL SELECT 'holds a lock' FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'
UNION ALL SELECT 'listens to ' || channel FROM pg_listening_channels() channel
UNION ALL SELECT 'holds the cursor ' || name FROM pg_cursors WHERE name <> ''
UNION ALL SELECT 'keeps the table ' || relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()
"""


def as_login(database_url: str, login: str = USER) -> str:
    """The same address, for another login (as who owns the tables, if none is named): all have one password."""
    return re.sub(r"(?<=://)\w+(?=:)", login, database_url, count=1)


async def left_behind(pool: PrimaryPool) -> list[str]:
    """What a pool's connections that are not lent still hold of those who had them."""
    found = []
    async with contextlib.AsyncExitStack() as lent:
        for _ in range(pool._idle()):  # noqa: SLF001 - if more were lent, new ones would be made
            connection = await lent.enter_async_context(pool.connection())
            found += ["a transaction"] if connection.is_in_transaction() else []
            found += [row[0] for row in await connection.fetch(LEFT_BEHIND)]
    return found


@contextlib.asynccontextmanager
async def all_connections_taken(server: Postgres) -> AsyncIterator[None]:
    """Ours are ended, and others are quicker to come back."""
    async with contextlib.AsyncExitStack() as taken:
        first = await asyncpg.connect(server.url, server_settings={"application_name": "others"})
        taken.push_async_callback(first.close)
        while await first.fetchval(END_OURS):
            with contextlib.suppress(asyncpg.TooManyConnectionsError):
                while True:
                    other = await asyncpg.connect(server.url, server_settings={"application_name": "others"})
                    taken.push_async_callback(other.close)
        yield


@contextlib.asynccontextmanager
async def disk_full(server: Postgres, folder: Path) -> AsyncIterator[None]:
    """Not a byte is left in the file system of this folder, which is where the server writes."""
    ballast = folder / "ballast"
    await asyncio.to_thread(_fill, ballast)
    yield
    ballast.unlink()
    if server.child.status is not None:  # it ends itself when its log has no room; whoever keeps it starts it again
        await server.start()


def _fill(ballast: Path) -> None:
    """Unbuffered, since what is held back would be written, or refused, when the file is closed."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
