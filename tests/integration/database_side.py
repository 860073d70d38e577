"""PostgreSQL as tests use it: services and operators connect as members of their roles; others take all there is."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from local.postgres import USER, Postgres

END_OURS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name <> 'others'
"""


def as_login(database_url: str, login: str = USER) -> str:
    """The same address, for another login (as who owns the tables, if none is named): all have one password."""
    return re.sub(r"(?<=://)\w+(?=:)", login, database_url, count=1)


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
