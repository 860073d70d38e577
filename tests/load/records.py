"""Owns what is read of the fleet's database after a load: whether everything that was taken has had its effect."""

import asyncio
import time
from collections.abc import Collection
from typing import Final

import asyncpg

from tests.load.verdict import Recorded

GLANCE: Final = 0.5
"""Seconds between two looks."""
STANDSTILL: Final = 30.0
"""Seconds without anything new after which the rest is given up."""

COUNT: Final = "SELECT count(*) FROM inbox WHERE update_id = ANY($1::bigint[])"
READ: Final = """
SELECT update_id, inbox.user_id, extract(epoch FROM handled_at)::float8 AS at,
       count(events.update_id) FILTER (WHERE events.kind = 'location') AS locations
FROM inbox LEFT JOIN attendance_events events USING (user_id, update_id)
WHERE update_id = ANY($1::bigint[]) GROUP BY update_id
"""


async def drained(database: asyncpg.Connection, updates: Collection[int], since: float) -> float | None:
    """Wait until all updates are handled; seconds from `since` (unix), None where they stand still."""
    handled, last = -1, time.monotonic()
    while (now := await database.fetchval(COUNT, list(updates))) < len(updates):
        if now > handled:
            handled, last = now, time.monotonic()
        elif time.monotonic() > last + STANDSTILL:
            return None
        await asyncio.sleep(GLANCE)
    return max(0.0, time.time() - since)


async def recorded(database: asyncpg.Connection, updates: Collection[int]) -> dict[int, Recorded]:
    """What is there of these updates."""
    rows = await database.fetch(READ, list(updates))
    return {row["update_id"]: Recorded(row["user_id"], row["locations"], row["at"]) for row in rows}
