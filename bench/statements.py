"""Owns what statements cost in PostgreSQL itself, as its own pg_stat_statements counts them."""

from dataclasses import dataclass
from typing import Final

import asyncpg

PRELOADED: Final = {"shared_preload_libraries": "'pg_stat_statements'"}
"""How it is configured to count."""

# Of one login, without what begins and ends transactions: how long a commit takes is the disk's affair.
READ: Final = """
SELECT coalesce(sum(total_exec_time), 0)::float8 AS milliseconds, coalesce(sum(calls), 0)::bigint AS calls,
       coalesce(sum(shared_blks_hit + shared_blks_read), 0)::bigint AS blocks
FROM pg_stat_statements JOIN pg_roles ON pg_roles.oid = userid
WHERE rolname = $1 AND query !~* '^\\s*(begin|commit|rollback|set|reset|select pg_advisory_unlock_all|close|unlisten)'
"""


@dataclass(frozen=True, slots=True)
class Statements:
    """What a login's statements took: milliseconds, how many they were, and how many blocks of 8 KiB they looked at."""

    milliseconds: float
    calls: int
    blocks: int


async def counted(database_url: str) -> None:
    """Count from now on, from nothing."""
    database = await asyncpg.connect(database_url)
    try:
        await database.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        await database.execute("SELECT pg_stat_statements_reset()")
    finally:
        await database.close()


async def cost_of(database_url: str, login: str) -> Statements:
    """What the login's statements have taken since."""
    database = await asyncpg.connect(database_url)
    try:
        row = await database.fetchrow(READ, login)
    finally:
        await database.close()
    if row is None:
        raise AssertionError("a sum always answers")
    return Statements(row["milliseconds"], row["calls"], row["blocks"])
