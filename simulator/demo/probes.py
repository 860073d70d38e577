"""What the demo reads from outside the Bot API: rows of the database, and the memory of services."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import asyncpg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESIDENT_MEMORY = re.compile(r"^process_resident_memory_bytes(?:\{[^}]*\})? (\S+)", re.MULTILINE)
MIB = 1024 * 1024
PATIENCE = 5.0

COUNT_EVENTS = "SELECT count(*) FROM attendance_events"
# Only this crowd's people count: the database may have known others before.
COUNT_SESSIONS = """
SELECT count(*) AS people, count(*) FILTER (WHERE sessions <> 1) AS not_one
FROM (SELECT user_id, count(*) AS sessions FROM sessions WHERE user_id = ANY($1::bigint[]) GROUP BY user_id) AS each
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database holds."""

    events: int
    """All events, of whomever."""
    people: int
    """People of the crowd who have a session."""
    not_one: int
    """People of the crowd who have more than one."""


async def read_database(url: str, people: Sequence[int]) -> Stored | str:
    """The rows, or a sentence why they could not be read."""
    try:
        connection = await asyncpg.connect(re.sub(r"^postgresql\+\w+:", "postgresql:", url), timeout=PATIENCE)
        try:
            events = await connection.fetchval(COUNT_EVENTS)
            sessions = await connection.fetchrow(COUNT_SESSIONS, list(people))
        finally:
            await connection.close(timeout=PATIENCE)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
        return f"the database could not be read: {problem!r}"
    return Stored(int(events), int(sessions["people"]), int(sessions["not_one"])) if sessions else Stored(events, 0, 0)


async def read_memory(services: Mapping[str, str]) -> dict[str, float | str]:
    """MiB resident, or a sentence why it could not be read, of each service by name."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
        return {name: await _memory(session, url) for name, url in services.items()}


async def _memory(session: aiohttp.ClientSession, url: str) -> float | str:
    try:
        async with session.get(url) as answer:
            found = RESIDENT_MEMORY.search(await answer.text())
    except (aiohttp.ClientError, OSError, TimeoutError) as problem:
        return f"{url} could not be read: {problem!r}"
    return float(found.group(1)) / MIB if found else f"{url} tells no process_resident_memory_bytes"
