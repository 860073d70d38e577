"""Owns what the old bot has in PostgreSQL: people, updates that it has seen, and sessions with their addresses."""

from typing import Final

import asyncpg
from aiogram.types import Location, Message

POOL: Final = (5, 20)
"""Connections, fewest and most; twenty are the fastest."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS employees (user_id bigint PRIMARY KEY, full_name text NOT NULL);
CREATE TABLE IF NOT EXISTS updates (update_id bigint PRIMARY KEY);
CREATE TABLE IF NOT EXISTS sessions (
    session_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES employees,
    start_time timestamptz NOT NULL,
    end_time timestamptz,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    address text
);
CREATE UNIQUE INDEX IF NOT EXISTS idx_sessions_open ON sessions (user_id) WHERE end_time IS NULL;
"""
SEE: Final = "INSERT INTO updates VALUES ($1) ON CONFLICT DO NOTHING RETURNING update_id"
KNOW: Final = """
INSERT INTO employees VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET full_name = excluded.full_name
"""
REMEMBER: Final = """
INSERT INTO employees SELECT id, name FROM unnest($1::bigint[], $2::text[], $3::text[]) known (id, name, language)
"""
"""Many at once, before they come."""
CLOSE: Final = "UPDATE sessions SET end_time = $2 WHERE user_id = $1 AND end_time IS NULL RETURNING session_id"
OPEN: Final = """
INSERT INTO sessions (user_id, start_time, latitude, longitude) VALUES ($1, $2, $3, $4) RETURNING session_id
"""
PLACE: Final = "UPDATE sessions SET address = $2 WHERE session_id = $1"


class OldBook:
    """Writes over a pool, in one transaction for a location."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def write(self, message: Message, place: Location, update_id: int) -> int | None:
        """Open or close a session; its number, None for an update that was written down before."""
        person = message.chat
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(SEE, update_id) is None:
                return None
            await connection.execute(KNOW, person.id, person.full_name)
            closed: int | None = await connection.fetchval(CLOSE, person.id, message.date)
            if closed is not None:
                return closed
            opened: int = await connection.fetchval(OPEN, person.id, message.date, place.latitude, place.longitude)
            return opened

    async def place(self, session: int, address: str) -> None:
        """Say where that was."""
        await self._pool.execute(PLACE, session, address)
