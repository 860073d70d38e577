"""`fleet amnesty`: lates whose check-in was long on its way are shown, forgiven once, and stay forgiven."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import asyncpg
import pytest

from ops.amnesty import Period, forgive, lates
from tests.integration.desk_side import PERSON, DeskSide
from tests.integration.ops_side import connection, fleet

MONDAY = date(2026, 7, 6)
USUAL = Period(MONDAY, MONDAY, timedelta(seconds=60))


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connection(database_url) as opened:
        yield opened


async def late(worker: DeskSide, db: asyncpg.Connection, person: int, waited: float) -> None:
    """Somebody comes at 11:12:07, and it is recorded `waited` seconds later."""
    await worker.tap(person=person)
    await db.execute(
        "UPDATE attendance_events SET recorded_at = sent_at + make_interval(secs => $2) WHERE user_id = $1",
        *(person, waited),
    )


@pytest.fixture
async def morning(worker: DeskSide, db: asyncpg.Connection) -> DeskSide:
    """Three lates: one waited, one did not, one waited and is of another day; and one who waited and is in time."""
    await late(worker, db, 4, 300)
    worker.later(hours=1, minutes=14)
    await late(worker, db, PERSON, 61)
    await late(worker, db, 2, 60)
    worker.later(days=1)
    await late(worker, db, 3, 61)
    worker.later(days=-1)
    return worker


async def excused(db: asyncpg.Connection) -> list[int]:
    return [row["user_id"] for row in await db.fetch("SELECT user_id FROM sessions WHERE excused ORDER BY user_id")]


async def test_only_lates_of_these_days_that_waited_longer_are_shown(morning: DeskSide, db: asyncpg.Connection) -> None:
    [row] = await lates(db, USUAL)
    assert dict(row) == {
        "user_id": PERSON,
        "name": "Ləman Əliyeva",
        "workday": MONDAY,
        "sent_at": morning.now,
        "recorded_at": morning.now + timedelta(seconds=61),
        "late_seconds": 12 * 60 + 7,
    }
    assert [row["user_id"] for row in await lates(db, Period(MONDAY, MONDAY + timedelta(days=1), USUAL.waited))] == [
        PERSON,
        3,
    ]
    assert len(await lates(db, Period(MONDAY, MONDAY, timedelta(seconds=59)))) == 2
    assert await excused(db) == []


async def test_what_is_forgiven_is_forgiven_once_and_noted_beside_the_location(
    morning: DeskSide, db: asyncpg.Connection
) -> None:
    assert await forgive(db, USUAL, morning.now + timedelta(hours=5)) == 1
    assert await excused(db) == [PERSON]
    assert await lates(db, USUAL) == []
    assert await forgive(db, USUAL, morning.now + timedelta(hours=6)) == 0
    rows = await db.fetch(
        "SELECT a.received_at, a.latitude FROM attendance_events a JOIN attendance_events l "
        "USING (user_id, sent_at, update_id) WHERE a.kind = 'amnesty' AND l.kind = 'location'"
    )
    assert [tuple(row) for row in rows] == [(morning.now + timedelta(hours=5), None)]


async def test_a_worker_that_folds_the_day_anew_forgives_it_too(morning: DeskSide, db: asyncpg.Connection) -> None:
    await forgive(db, USUAL, morning.now)
    await db.execute("UPDATE sessions SET excused = false")
    morning.later(hours=7)
    await morning.tap()
    assert await excused(db) == [PERSON]
    [row] = await db.fetch("SELECT late_seconds, end_time FROM sessions WHERE user_id = $1", PERSON)
    assert tuple(row) == (12 * 60 + 7, morning.now)


async def test_two_that_forgive_at_once_forgive_everybody_once(
    morning: DeskSide, db: asyncpg.Connection, database_url: str
) -> None:
    async with connection(database_url) as one, connection(database_url) as other:
        wide = Period(MONDAY, MONDAY + timedelta(days=1), timedelta(seconds=1))
        forgiven = await asyncio.gather(*(forgive(each, wide, morning.now) for each in (one, other)))
    assert sum(forgiven) == 3
    assert await db.fetchval("SELECT count(*) FROM attendance_events WHERE kind = 'amnesty'") == 3


async def test_the_command_shows_first_and_forgives_with_confirm(
    morning: DeskSide, db: asyncpg.Connection, database_url: str
) -> None:
    del morning
    days = ("--since", MONDAY, "--until", MONDAY)
    shown = await fleet(database_url, "amnesty", *days)
    assert shown.out.endswith("1 lates waited longer than 60 s; forgive them with --confirm\n")
    assert await excused(db) == []
    done = await fleet(database_url, "amnesty", *days, "--confirm")
    assert done.out.endswith("1 lates forgiven\n")
    assert await excused(db) == [PERSON]
    assert (await fleet(database_url, "amnesty", *days, "--confirm")).out.endswith("0 lates forgiven\n")
    backwards = await fleet(database_url, "amnesty", "--since", "2026-07-07", "--until", "2026-07-06")
    assert (backwards.status, backwards.problems) == (2, ["--until 2026-07-06 lies before --since 2026-07-07"])
    assert (await fleet(database_url, "amnesty", *days, "--waited", 0)).status == 2
