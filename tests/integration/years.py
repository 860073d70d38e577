"""A company of 2,000 that has been there for 1,000 days: 2 million sessions and 2 million events, for plans of queries.

An event a day, not the two that there would be: twice the rows would take twice the time, and make no other plan.
"""

from datetime import UTC, date, datetime, timedelta

import asyncpg

PEOPLE, DAYS = 2000, 1000
TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SOMEBODY, MANAGER, OFFICE = 1_000_777, 1_000_001, 7
UPDATE = 1_500_000

BIG = ("sessions", "attendance_events")
# What costs the time of a load: each of its tables' indexes is made anew after it, in one go.
INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
WHERE indrelid = ANY($1::regclass[]) AND NOT indisprimary
"""
FILL = (
    "SET session_replication_role = replica",  # no look-up of each row's references
    "SET synchronous_commit = off",
    "SET maintenance_work_mem = '256MB'",
    """
    INSERT INTO offices (name, latitude, longitude, radius_m, timezone)
    SELECT 'Ofis ' || n, 40 + n * 0.01, 49.85, 150, 'Asia/Baku' FROM generate_series(1, 20) n
    """,
    """
    INSERT INTO schedules (name, starts, ends) SELECT 'Qrafik ' || n, '09:00', '18:00' FROM generate_series(1, 20) n
    """,
    """
    INSERT INTO employees (user_id, chat_id, full_name, role, enrolled_at)
    SELECT 1000000 + n, 1000000 + n, 'Vəli Əliyev ' || n, CASE WHEN n <= 20 THEN 'manager' ELSE 'employee' END,
           '2024-01-01' FROM generate_series(1, 2000) n
    """,
    "INSERT INTO employee_offices SELECT user_id, 1 + user_id % 20 FROM employees",
    "INSERT INTO office_managers SELECT user_id, 1 + user_id % 20 FROM employees WHERE role = 'manager'",
    "INSERT INTO schedule_assignments SELECT user_id, '2024-01-01', 1 + user_id % 20 FROM employees",
    "INSERT INTO consents SELECT user_id, 1, 'az', '2024-01-01' FROM employees",
    "INSERT INTO throttles SELECT user_id, 'answer', now(), 1 FROM employees",
    """
    INSERT INTO attendance_events (user_id, sent_at, update_id, latitude, longitude, accuracy, received_at, fence,
                                   office_id, distance_m)
    SELECT e.user_id, timestamptz '2026-11-24 05:00Z' - (999 - day) * interval '1 day' + random() * interval '1 hour',
           day * 2000 + e.user_id % 2000, 40.37 + random() * 0.01, 49.85 + random() * 0.01, 10,
           timestamptz '2026-11-24 06:00Z' - (999 - day) * interval '1 day', 'inside', 1 + e.user_id % 20, 50
    FROM employees e, generate_series(0, 999) day ORDER BY e.user_id, day
    """,
    """
    INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, end_time, closed_by, start_update_id,
                          end_update_id, late_seconds, start_fence, start_office_id)
    SELECT e.user_id, date '2026-11-24' - (999 - day), 0, at + interval '20 hours', at,
           CASE WHEN day < 999 THEN at + interval '9 hours' END, CASE WHEN day < 999 THEN 'tap' END,
           day * 2000 + e.user_id % 2000, 1, 0, 'inside', 1 + e.user_id % 20
    FROM employees e, generate_series(0, 999) day, LATERAL (
        SELECT timestamptz '2026-11-24 05:30Z' - (999 - day) * interval '1 day' AS at) clock
    ORDER BY e.user_id, day
    """,
    """
    INSERT INTO corrections (user_id, workday, arrived_at, reason, asked_at, update_id, state)
    SELECT user_id, date '2026-11-24' - day, now(), 'Unutdum', now() - day * interval '1 day', day,
           CASE WHEN day = 1 AND user_id % 100 = 0 THEN 'open' ELSE 'approved' END
    FROM employees, generate_series(1, 10) day
    """,
    "INSERT INTO absences SELECT user_id, date '2026-11-24' - day * 20 FROM employees, generate_series(1, 20) day",
    """
    INSERT INTO inbox SELECT n, 1000001 + n % 2000, '[]', now() - n * interval '2 seconds'
    FROM generate_series(1, 50000) n
    """,
    """
    INSERT INTO audit (actor_id, action, subjects, update_id)
    SELECT 1000001 + n % 20, 'now', ARRAY[1000001 + n % 2000, 1000001 + (n + 7) % 2000], n
    FROM generate_series(1, 20000) n
    """,
)


async def fill(url: str) -> None:
    """Let the years pass in an empty database."""
    connection = await asyncpg.connect(url)
    try:
        indexes = await connection.fetch(INDEXES, list(BIG))
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
        for table in BIG:
            await connection.execute(f"ALTER TABLE {table} SET UNLOGGED")
        for statement in FILL:
            await connection.execute(statement, timeout=120)
        for index in indexes:
            await connection.execute(index["definition"], timeout=120)
        await connection.execute("VACUUM ANALYZE", timeout=120)
    finally:
        await connection.close()


def day(number: int) -> date:
    """A day so many days before today."""
    return TODAY - timedelta(days=number)
