"""Owns what a bench asks of PostgreSQL beside the fleet's own business: settings for it, and when updates committed."""

from collections.abc import Collection
from typing import Final

import asyncpg

from local.postgres import Postgres

STAMPED: Final = {"track_commit_timestamp": "on"}
"""Lets it remember when each transaction was committed."""


async def configure(postgres: Postgres, **settings: str) -> None:
    """Set what only a start takes over, and start it anew."""
    database = await asyncpg.connect(postgres.url)
    try:
        for name, value in settings.items():
            await database.execute(f"ALTER SYSTEM SET {name} = {value}")
    finally:
        await database.close()
    await postgres.restart()


async def committed(database_url: str, table: str, updates: Collection[int]) -> dict[int, float]:
    """The time.time() at which the row of each update in a table was committed; of those that were.

    PostgreSQL must be configured with STAMPED, and the rows never be written again.
    """
    database = await asyncpg.connect(database_url)
    try:
        rows = await database.fetch(
            f"SELECT update_id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at FROM {table} "  # noqa: S608 - a name of ours
            "WHERE update_id = ANY($1::bigint[])",
            list(updates),
        )
    finally:
        await database.close()
    return {row["update_id"]: row["at"] for row in rows}
