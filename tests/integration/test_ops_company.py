"""`fleet office`, `fleet schedule`, `fleet holiday`: where and when people work, as an operator writes it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import asyncpg
import pytest

from tests.integration.desk_side import PERSON, SENT, DeskSide
from tests.integration.ops_side import connection, fleet, hire

TODAY = date(2026, 7, 6)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connection(database_url) as opened:
        yield opened


async def add_office(database_url: str, name: str, *options: object, at: str = "40.37171,49.8505") -> str:
    said = await fleet(database_url, "office", "add", name, "--at", at, *options)
    assert said.status == 0, said.problems
    return said.out


async def test_an_office_is_added_once_and_changed_by_adding_it_again(
    db: asyncpg.Connection, database_url: str
) -> None:
    assert await add_office(database_url, "Baş ofis") == "Baş ofis: added\n"
    assert await add_office(database_url, "Baş ofis") == "Baş ofis: unchanged\n"
    options = ("--radius", 300, "--timezone", "Europe/Istanbul", "--address", "Neftçilər 153")
    assert await add_office(database_url, "Baş ofis", *options, at="-33.5,-70.25") == "Baş ofis: changed\n"
    [office] = await db.fetch("SELECT latitude, longitude, radius_m, timezone, address FROM offices")
    assert tuple(office) == (-33.5, -70.25, 300, "Europe/Istanbul", "Neftçilər 153")
    await db.execute("UPDATE offices SET removed_at = now()")
    assert await add_office(database_url, "Baş ofis") == "Baş ofis: added\n"
    assert await db.fetchval("SELECT removed_at IS NULL AND timezone = 'Asia/Baku' FROM offices")
    listed = await fleet(database_url, "office", "list", COLUMNS="200")
    assert "Baş ofis" in listed.out


async def test_a_wrong_office_is_status_2_and_says_what_is_wrong(db: asyncpg.Connection, database_url: str) -> None:
    said = await fleet(database_url, "office", "add", "x" * 41, "--at", "here", "--radius", 5, "--timezone", "Baku")
    assert said.status == 2
    assert [problem.split()[0] for problem in said.problems] == ["the", "--timezone", "--at", "--radius"]
    assert await db.fetchval("SELECT count(*) FROM offices") == 0


async def test_people_are_assigned_to_offices_in_order_and_the_home_one_is_first(
    db: asyncpg.Connection, database_url: str
) -> None:
    await hire(db, 5, 6)
    for name in ("A", "B", "C"):
        await add_office(database_url, name)

    async def offices(person: int) -> list[str]:
        query = "SELECT name FROM employee_offices JOIN offices USING (office_id) WHERE user_id = $1 ORDER BY position"
        return [row["name"] for row in await db.fetch(query, person)]

    async def assign(*words: object) -> str:
        said = await fleet(database_url, "office", "assign", *words)
        assert said.status == 0, said.problems
        return said.out

    assert await assign(5, 6, "A") == "A: 2 people assigned, 0 as before\n"
    assert await assign(5, "B") == "B: 1 person assigned, 0 as before\n"
    assert await assign(5, 6, "B") == "B: 1 person assigned, 1 as before\n"
    assert await assign(5, "C", "--home") == "C: 1 person assigned, 0 as before\n"
    assert await assign(5, "B", "--home") == "B: 1 person assigned, 0 as before\n"
    assert await assign(5, "B", "--home") == "B: 0 people assigned, 1 as before\n"
    assert (await offices(5), await offices(6)) == (["B", "C", "A"], ["A", "B"])
    assert await assign(5, 6, "A", "--remove") == "A: 2 people left, 0 as before\n"
    assert (await offices(5), await offices(6)) == (["B", "C"], ["B"])
    for wrong in ((5, "Mars"), (9, "A"), (5, "A", "--home", "--remove")):
        assert (await fleet(database_url, "office", "assign", *wrong)).status == 2


async def test_a_schedule_is_added_once_and_never_changes(db: asyncpg.Connection, database_url: str) -> None:
    async def add(name: str, *options: object) -> tuple[int, str]:
        said = await fleet(database_url, "schedule", "add", name, *options)
        return said.status, said.out + "".join(said.problems)

    night = ("--start", "22:00", "--end", "06:00", "--grace", 10, "--weekdays", "sun-thu", "--country", "none")
    assert await add("night", *night) == (0, "night: added\n")
    assert await add("night", *night) == (0, "night: unchanged\n")
    status, said = await add("night", "--start", "21:00", "--end", "06:00")
    assert status == 2
    assert "under a name of its own" in said
    assert await add("day", "--start", "09:00", "--end", "18:00", "--timezone", "Europe/Istanbul") == (
        0,
        "day: added\n",
    )
    assert await add("bad", "--start", "09:00", "--end", "09:00") == (
        2,
        "--start and --end are the same: the work would have no length",
    )
    assert (await add("bad", "--start", "25:00", "--end", "09:00"))[0] == 2
    rows = await db.fetch("SELECT name, grace_minutes, weekdays, country, timezone FROM schedules ORDER BY schedule_id")
    assert [tuple(row) for row in rows] == [
        ("night", 10, [1, 2, 3, 4, 7], None, None),
        ("day", 0, [1, 2, 3, 4, 5], "AZ", "Europe/Istanbul"),
    ]
    listed = (await fleet(database_url, "schedule", "list", COLUMNS="200")).out
    assert "06:00 next day" in listed
    assert "11:00" in listed, "the company's own is shown too"


async def test_a_schedule_holds_from_its_day_on_and_the_worker_goes_by_it(
    db: asyncpg.Connection, database_url: str, worker: DeskSide
) -> None:
    await hire(db, PERSON)
    await fleet(database_url, "schedule", "add", "early", "--start", "08:00", "--end", "16:00", "--grace", 5)
    said = await fleet(database_url, "schedule", "assign", PERSON, "early", "--since", TODAY)
    assert said.out == "early since 2026-07-06: 1 person assigned, 0 as before\n"
    assert (await fleet(database_url, "schedule", "assign", PERSON, "early", "--since", TODAY)).out.endswith(
        "1 as before\n"
    )
    (call,) = await worker.tap()
    assert "1 saat 58 dəqiqə" in call.params["text"], "late by the schedule: it is 09:58"
    assert (await fleet(database_url, "schedule", "assign", PERSON, "none", "--since", TODAY)).status == 2
    assert (await fleet(database_url, "schedule", "assign", 9, "early", "--since", TODAY)).status == 2
    assert (await fleet(database_url, "schedule", "assign", PERSON, "early", "--since", "06.07.2026")).status == 2


async def test_on_a_day_off_nobody_is_late_or_absent_and_on_a_working_holiday_they_are(
    db: asyncpg.Connection, database_url: str, worker: DeskSide
) -> None:
    worker.later(hours=3)
    await hire(db, 5)
    await db.execute(
        "INSERT INTO absences (user_id, workday) VALUES (5, $1), (5, $2)", TODAY, TODAY - timedelta(days=1)
    )
    said = await fleet(database_url, "holiday", "add", TODAY, "Şirkətin ad günü")
    assert said.out == "2026-07-06 is a day off; 1 person no longer absent\n"
    assert await db.fetchval("SELECT count(*) FROM absences") == 1
    (call,) = await worker.tap()
    assert "Gecikmə" not in call.params["text"]
    assert await db.fetchval("SELECT late_seconds FROM sessions") is None
    assert (
        await fleet(database_url, "holiday", "add", TODAY, "Şirkətin ad günü")
    ).out == "2026-07-06 is a day off already\n"
    listed = await fleet(database_url, "holiday", "list", "--since", "2026-01-01")
    assert "Şirkətin ad günü" in listed.out
    assert (
        await fleet(database_url, "holiday", "add", TODAY, "İş", "--working")
    ).out == "2026-07-06 is a working day\n"
    (call,) = await worker.tap(person=PERSON + 1)
    assert "Gecikmə" in call.params["text"]
    assert (await fleet(database_url, "holiday", "remove", TODAY)).out == "2026-07-06 is as the calendar says\n"
    assert (await fleet(database_url, "holiday", "remove", TODAY)).out == "2026-07-06 is as the calendar says already\n"
    for wrong in (("add", "tomorrow", "x"), ("add", TODAY, ""), ("remove",)):
        assert (await fleet(database_url, "holiday", *wrong)).status == 2
    assert SENT.date() == TODAY
