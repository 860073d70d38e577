"""Owns a database with a past: people who came and left on many days before, written by SQL in the order of time."""

from typing import Final

import asyncpg

from bench.known import know, known
from simulator.people import hire

PEOPLE: Final = 10_000
SEED: Final = 10
DAYS: Final = 1001
"""From the first of the past days to today."""

# Each came at nine, at a point of their own, and left at six, from the day numbered $1 to the one numbered $2.
EVENTS: Final = """
INSERT INTO attendance_events (user_id, sent_at, update_id, latitude, longitude, received_at)
SELECT user_id, date + interval '5 hours', day * 100000 + number, 40 + random(), 49 + random(),
       date + interval '5 hours'
FROM generate_series($1::bigint, $2::bigint) AS day,
     LATERAL (SELECT current_date - ($3::bigint - day)::int AS date) AS of_it,
     (SELECT user_id, row_number() OVER () AS number FROM employees) AS people
"""
SESSIONS: Final = """
INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, end_time, closed_by, start_update_id,
                      end_update_id, late_seconds)
SELECT user_id, date, 0, date + interval '1 day', date + interval '5 hours', date + interval '14 hours', 'tap',
       day * 100000 + number, day * 100000 + 50000 + number, 0
FROM generate_series($1::bigint, $2::bigint) AS day,
     LATERAL (SELECT current_date - ($3::bigint - day)::int AS date) AS of_it,
     (SELECT user_id, row_number() OVER () AS number FROM employees) AS people
"""


async def enrol(database_url: str) -> None:
    """Write down all people, who have no past yet."""
    await know(database_url, map(known, hire(PEOPLE, 5, SEED)))


async def remember(database_url: str, first: int, last: int) -> None:
    """Write what everybody did on the days numbered so, of DAYS; one session and one event a person and day."""
    database = await asyncpg.connect(database_url)
    try:
        # Who is referred to is there: looked up ten million times, that would take as long as the rest.
        await database.execute("SET session_replication_role = replica")
        for statement in (EVENTS, SESSIONS):
            await database.execute(statement, first, last, DAYS)
        await database.execute("VACUUM ANALYZE attendance_events, sessions")
    finally:
        await database.close()
