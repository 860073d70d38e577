"""Owns a command's one connection to PostgreSQL, and its work under people's locks."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from shared.connecting import Servers
from shared.settings import DatabaseSettings

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

CONNECT_TIMEOUT: Final = 10.0
COMMAND_TIMEOUT: Final = 60.0
"""Seconds of one statement; the largest writes a row for each of 50,000 people."""
LOCKED_AT_ONCE: Final = 500
"""People whose locks one transaction holds; the check-ins of these wait for it, some 10 ms."""

# The lock under which a worker keeps a person's page. Never waited for while others' are held: workers that hold two
# people's take the second one in any order.
TRY_LOCKS: Final = """
SELECT user_id FROM unnest($1::bigint[]) AS given (user_id) WHERE pg_try_advisory_xact_lock(user_id)
"""
LOCK: Final = "SELECT pg_advisory_xact_lock($1)"


@contextlib.asynccontextmanager
async def connected(settings: DatabaseSettings) -> "AsyncIterator[Connection]":
    """Connect for the block."""
    servers = Servers(settings.database_url.get_secret_value())
    connection = await servers.connect(timeout=CONNECT_TIMEOUT, command_timeout=COMMAND_TIMEOUT)
    try:
        yield connection
    finally:
        with contextlib.suppress(TimeoutError):
            await connection.close(timeout=2.0)


async def under_locks(
    db: "Connection", people: Sequence[int], change: Callable[[list[int]], Awaitable[int]]
) -> AsyncIterator[int]:
    """Have the people's rows changed while no worker has their pages open.

    Those whose lock is free are changed many at a time, the others one by one after a wait; each time within a
    transaction of its own. Yields what `change` returned, each time when it is stored.
    """
    waiting = iter(people)
    while batch := list(islice(waiting, LOCKED_AT_ONCE)):
        async with db.transaction():
            free = [row["user_id"] for row in await db.fetch(TRY_LOCKS, batch)]
            changed = await change(free)
        yield changed
        for person in sorted({*batch} - {*free}):
            async with db.transaction():
                await db.execute(LOCK, person)
                changed = await change([person])
            yield changed


def rows_of(status: str) -> int:
    """How many rows a command changed, from its status, such as `UPDATE 3`."""
    return int(status.rpartition(" ")[2])
