"""`fleet close-day`: days end, the absent are marked, and nothing happens twice or behind a worker's back."""

import asyncio
import functools
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import asyncpg
import pytest

from ops.closing import close_day, end_sessions
from ops.due import Company
from tests.integration.broker_side import until
from tests.integration.desk_side import PERSON, SENT, DeskSide
from tests.integration.ops_side import baku, came, company_settings, connection, fleet, hire

MONDAY = date(2026, 7, 6)
SUNDAY = MONDAY - timedelta(days=1)
NOON = baku(MONDAY, "12:00")
WAITS = """
SELECT count(*) > 0 FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
"""


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connection(database_url) as opened:
        yield opened


async def close(db: asyncpg.Connection, now: datetime, back: int = 1) -> tuple[int, dict[date, int]]:
    closed = await close_day(db, await Company.read(db, company_settings()), now, back)
    return closed.ended, {day: number for day, number in closed.absent.items() if number}


async def absent(db: asyncpg.Connection, day: date = MONDAY) -> set[int]:
    return {row["user_id"] for row in await db.fetch("SELECT user_id FROM absences WHERE workday = $1", day)}


async def test_a_session_ends_with_its_day_and_not_before(db: asyncpg.Connection) -> None:
    await hire(db, 5, 6)
    over, later = baku(MONDAY, "04:00"), baku(MONDAY + timedelta(days=1), "04:00")
    await came(db, 5, SUNDAY, baku(SUNDAY, "09:00"), over)
    await came(db, 6, MONDAY, baku(MONDAY, "09:00"), later)
    assert await end_sessions(db, over - timedelta(seconds=1)) == 0
    assert await end_sessions(db, over) == 1
    assert await end_sessions(db, over) == 0
    rows = await db.fetch("SELECT user_id, end_time, closed_by, end_update_id FROM sessions ORDER BY user_id")
    assert [tuple(row) for row in rows] == [(5, over, "boundary", None), (6, None, None, None)]


async def test_the_job_and_the_next_days_tap_end_a_forgotten_session_alike(
    db: asyncpg.Connection, worker: DeskSide
) -> None:
    await worker.tap()
    await worker.tap(person=PERSON + 1)
    await db.execute("UPDATE sessions SET start_update_id = 0")
    worker.later(days=1)
    await worker.tap(person=PERSON + 1)
    assert await end_sessions(db, worker.now) == 1
    first, second = await db.fetch("SELECT * FROM sessions WHERE workday = $1 ORDER BY user_id", MONDAY)
    assert dict(first) == {**second, "user_id": PERSON}


async def test_a_tap_that_was_still_on_its_way_ends_the_session_after_all(
    db: asyncpg.Connection, worker: DeskSide
) -> None:
    await worker.tap()
    assert await end_sessions(db, SENT + timedelta(days=1)) == 1
    worker.later(hours=9)
    await worker.tap()
    [row] = await db.fetch("SELECT end_time, closed_by FROM sessions")
    assert tuple(row) == (worker.now, "tap")


async def test_who_is_locked_by_a_worker_is_waited_for_and_the_others_are_not_kept(
    db: asyncpg.Connection, database_url: str
) -> None:
    people = list(range(1, 1203))
    await hire(db, *people)
    over = baku(MONDAY, "04:00")
    for person in people:
        await came(db, person, SUNDAY, baku(SUNDAY, "09:00"), over)
    async with connection(database_url) as worker, connection(database_url) as job:
        transaction = worker.transaction()
        await transaction.start()
        await worker.execute("SELECT pg_advisory_xact_lock($1)", 7)
        closing = asyncio.create_task(end_sessions(job, over))
        await until(functools.partial(db.fetchval, WAITS))
        assert await db.fetchval("SELECT count(*) FROM sessions WHERE end_time IS NOT NULL") == 499
        tap = "UPDATE sessions SET end_time = $1, closed_by = 'tap', end_update_id = 9 WHERE user_id = 7"
        await worker.execute(tap, baku(SUNDAY, "18:00"))
        await transaction.commit()
        assert await closing == 1201
    assert await db.fetchval("SELECT closed_by FROM sessions WHERE user_id = 7") == "tap"


async def test_who_was_due_and_did_not_come_is_absent_once_the_deadline_has_passed(db: asyncpg.Connection) -> None:
    await hire(db, 5, 6)
    await came(db, 6, MONDAY, baku(MONDAY, "12:30"), baku(MONDAY + timedelta(days=1), "04:00"))
    assert await close(db, baku(MONDAY, "11:00")) == (0, {})
    assert await close(db, NOON) == (0, {MONDAY: 1})
    assert await absent(db) == {5}
    assert await close(db, NOON) == (0, {}), "repeating changes nothing"


async def test_who_is_not_due_is_not_missed(db: asyncpg.Connection) -> None:
    await hire(db, 1, status="inactive")
    await hire(db, 2, status="pending")
    await hire(db, 3, since=baku(MONDAY, "05:00"))
    await hire(db, 4, since=baku(MONDAY, "03:59"))
    await hire(db, 5, chat=False)
    await close(db, NOON)
    assert await absent(db) == {4, 5}


@pytest.mark.parametrize("holiday", [date(2026, 1, 1), SUNDAY])
async def test_nobody_is_missed_on_a_holiday_or_at_the_weekend_unless_the_company_works(
    db: asyncpg.Connection, holiday: date
) -> None:
    await hire(db, 5, since=baku(date(2025, 1, 1), "09:00"))
    assert await close(db, baku(holiday, "12:00")) == (0, {})
    await db.execute("INSERT INTO holidays VALUES ($1, false, 'iş günü')", holiday)
    assert await close(db, baku(holiday, "12:00")) == (0, {holiday: 1})


async def test_nobody_is_missed_on_a_day_that_the_company_has_off(db: asyncpg.Connection) -> None:
    await hire(db, 5)
    await db.execute("INSERT INTO holidays VALUES ($1, true, 'bayram')", MONDAY)
    assert await close(db, NOON) == (0, {})


async def test_everybody_is_missed_by_the_schedule_that_holds_on_the_day_and_the_clock_of_their_first_office(
    db: asyncpg.Connection,
) -> None:
    await hire(db, *range(1, 7))
    await db.execute(
        "INSERT INTO schedules (name, starts, ends, grace_minutes, weekdays, country, timezone) VALUES "
        "('night', '22:00', '06:00', 10, '{1,2,3,4,5,6,7}', NULL, NULL), "
        "('early', '08:00', '16:00', 15, '{1}', NULL, NULL), ('utc', '08:00', '16:00', 0, '{1}', NULL, 'UTC')"
    )
    await db.execute(
        "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) VALUES "
        "('Bakı', 40, 49, 100, 'Asia/Baku'), ('İstanbul', 41, 29, 100, 'Europe/Istanbul')"
    )
    assign = "INSERT INTO schedule_assignments SELECT $1, $2, schedule_id FROM schedules WHERE name = $3"
    for person, since, name in (
        (1, SUNDAY, "night"),
        (2, SUNDAY, "early"),
        (3, SUNDAY, "early"),
        (3, MONDAY + timedelta(days=1), "night"),
        (4, SUNDAY, "utc"),
        (5, SUNDAY, "early"),
    ):
        await db.execute(assign, person, since, name)
    place = "INSERT INTO employee_offices SELECT $1, office_id, $2 FROM offices WHERE name = $3"
    for person, position, name in ((2, 0, "Bakı"), (2, 1, "İstanbul"), (5, -1, "İstanbul"), (5, 0, "Bakı")):
        await db.execute(place, person, position, name)

    async def missed_at(clock: str) -> set[int]:
        await close(db, baku(MONDAY, clock))
        return await absent(db)

    assert await missed_at("08:15") == set()
    assert await missed_at("08:16") == {2, 3}
    assert await missed_at("09:16") == {2, 3, 5}, "08:15 in Istanbul"
    assert await missed_at("11:01") == {2, 3, 5, 6}, "the company's own"
    assert await missed_at("12:01") == {2, 3, 5, 6, 4}, "08:00 UTC"
    assert await missed_at("22:11") == {1, 2, 3, 4, 5, 6}


async def test_a_job_that_did_not_run_for_days_can_be_told_to_look_back(db: asyncpg.Connection) -> None:
    await hire(db, 5)
    wednesday = MONDAY + timedelta(days=2)
    assert await close(db, baku(wednesday, "12:00")) == (0, {wednesday: 1})
    days = {MONDAY: 1, MONDAY + timedelta(days=1): 1}
    assert await close(db, baku(wednesday, "12:00"), back=3) == (0, days)


@pytest.mark.long
async def test_fifty_thousand_people_are_closed_and_marked(db: asyncpg.Connection) -> None:
    await db.execute(
        "INSERT INTO employees (user_id, full_name, enrolled_at) "
        "SELECT n, 'Ləman', '2026-01-05' FROM generate_series(1, 50000) n"
    )
    await db.execute(
        "INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, start_update_id) "
        "SELECT n, $1, 0, $2, $3, 1 FROM generate_series(1, 50000) n",
        *(SUNDAY, baku(MONDAY, "04:00"), baku(SUNDAY, "09:00")),
    )
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert await close(db, NOON) == (50_000, {MONDAY: 50_000})
    closed = loop.time()
    assert await close(db, NOON) == (0, {})
    print(f"50,000 people: closed in {closed - started:.1f} s, again in {loop.time() - closed:.1f} s")  # noqa: T201 - a figure


async def test_two_jobs_at_once_share_the_work(db: asyncpg.Connection, database_url: str) -> None:
    await db.execute(
        "INSERT INTO employees (user_id, full_name, enrolled_at) "
        "SELECT n, 'Ləman', '2026-01-05' FROM generate_series(1, 3000) n"
    )
    await db.execute(
        "INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, start_update_id) "
        "SELECT n, $1, 0, $2, $3, 1 FROM generate_series(1, 3000) n",
        *(SUNDAY, baku(MONDAY, "04:00"), baku(SUNDAY, "09:00")),
    )
    async with connection(database_url) as one, connection(database_url) as other:
        (ended, absent_1), (also_ended, absent_2) = await asyncio.gather(close(one, NOON), close(other, NOON))
    assert ended + also_ended == 3000
    assert absent_1.get(MONDAY, 0) + absent_2.get(MONDAY, 0) == 3000


async def test_the_command_says_how_many_and_repeating_it_changes_nothing(
    db: asyncpg.Connection, database_url: str
) -> None:
    await hire(db, 5)
    await came(db, 5, SUNDAY, baku(SUNDAY, "09:00"), baku(MONDAY, "04:00"))
    assert (await fleet(database_url, "close-day")).out.startswith("1 open sessions ended; newly marked: ")
    again = await fleet(database_url, "close-day")
    assert again.out == "0 open sessions ended; newly marked: nobody\n"
    assert (await fleet(database_url, "close-day", "--days", 0)).status == 2
