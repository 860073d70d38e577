"""`fleet retain`: old locations become coarse and old rows go, in batches; what is needed stays."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from ops import retention
from ops.retention import retain
from tests.integration.desk_side import PERSON, DeskSide
from tests.integration.ops_side import connection, fleet

NINETY = timedelta(days=90)
HERE = (40.37171, 49.85050)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connection(database_url) as opened:
        yield opened


@pytest.fixture
async def person(worker: DeskSide, db: asyncpg.Connection) -> DeskSide:
    """Somebody who came outside, left from the office, and did the same on the next day."""
    await db.execute(
        "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) "
        "VALUES ('Baş ofis', $1, $2, 150, 'Asia/Baku')",
        *HERE,
    )
    for _ in range(2):
        await worker.tap(40.40404, 49.90909, horizontal_accuracy=10)
        worker.later(hours=8)
        await worker.tap(*HERE, horizontal_accuracy=10)
        worker.later(hours=16)
    await db.execute("UPDATE attendance_events SET address = 'Nizami 5' WHERE address IS NULL")
    await db.execute("UPDATE sessions SET start_address = 'Nizami 5'")
    return worker


async def test_a_location_that_is_old_is_known_to_a_kilometre_and_its_address_is_gone(
    person: DeskSide, db: asyncpg.Connection
) -> None:
    second = person.now - timedelta(days=1)
    changed = await retain(db, second + NINETY, NINETY)
    assert changed["locations"] == 2
    columns = "latitude, longitude, accuracy, distance_m, address, coarse, fence"
    old = await db.fetch(f"SELECT {columns} FROM attendance_events WHERE sent_at < $1 ORDER BY sent_at", second)  # noqa: S608 - constants
    assert [tuple(row) for row in old] == [
        (40.4, 49.91, None, None, None, True, "outside"),
        (40.37, 49.85, None, None, None, True, "inside"),
    ]
    young = await db.fetch(f"SELECT {columns} FROM attendance_events WHERE sent_at >= $1", second)  # noqa: S608 - as above
    assert {(row["latitude"], row["coarse"]) for row in young} == {(40.40404, False), (40.37171, False)}
    assert None not in {row["address"] for row in young} | {row["distance_m"] for row in young}


async def test_a_session_keeps_its_times_and_the_address_of_an_office_only(
    person: DeskSide, db: asyncpg.Connection
) -> None:
    before = await db.fetch("SELECT * FROM sessions ORDER BY workday")
    await retain(db, person.now - timedelta(days=1) + NINETY, NINETY)
    after = await db.fetch("SELECT * FROM sessions ORDER BY workday")
    assert [dict(row) for row in after] == [{**before[0], "start_address": None}, dict(before[1])]
    assert before[0]["end_address"] == "Baş ofis"


async def test_an_undo_or_an_amnesty_beside_an_old_location_does_not_come_up_again(
    person: DeskSide, db: asyncpg.Connection
) -> None:
    await db.execute(
        "INSERT INTO attendance_events (user_id, sent_at, update_id, kind, received_at) "
        "SELECT user_id, sent_at, update_id, 'amnesty', sent_at FROM attendance_events"
    )
    later = person.now + NINETY
    assert (await retain(db, later, NINETY))["locations"] == 8
    assert (await retain(db, later, NINETY))["locations"] == 0
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE start_address IS NOT NULL") == 0
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE end_address = 'Baş ofis'") == 2


async def test_many_rows_are_changed_in_batches_and_all_of_them(
    db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 10)
    now = datetime(2026, 7, 6, tzinfo=UTC)
    await db.execute("INSERT INTO employees (user_id, full_name) VALUES (5, 'Ləman')")
    await db.execute(
        "INSERT INTO attendance_events (user_id, sent_at, update_id, latitude, longitude, received_at) "
        "SELECT 5, $1::timestamptz - make_interval(days => 100, mins => n), n, 40.12345, 49.12345, $1 "
        "FROM generate_series(1, 35) n",
        now,
    )
    batches = [rows async for rows in retention._batches(db, retention.COARSEN, now - NINETY)]  # noqa: SLF001 - how many at a time shows nowhere else
    assert batches == [10, 10, 10, 5]
    assert await db.fetchval("SELECT count(*) FROM attendance_events WHERE latitude = 40.12 AND coarse") == 35


async def test_what_has_served_its_purpose_is_deleted_and_nothing_else(db: asyncpg.Connection) -> None:
    now = datetime(2026, 7, 6, tzinfo=UTC)
    ages = {"inbox": timedelta(days=3), "throttles": timedelta(days=2), "invites": timedelta(days=30)}
    call = "INSERT INTO calls VALUES (5, $1, 'sendMessage', 'bulk', NULL, '', 'sent', '', 0, 0, $2, $2, $3)"
    campaign = "INSERT INTO campaigns (name, texts, created_at, ends_at) VALUES ($1, '{}', $2, $3)"
    await db.execute("INSERT INTO employees (user_id, full_name) VALUES (5, 'Ləman')")
    for number, late in enumerate((timedelta(seconds=1), timedelta(0)), start=1):
        await db.execute("INSERT INTO inbox VALUES ($1, 5, '', $2)", number, now - ages["inbox"] - late)
        await db.execute("INSERT INTO throttles VALUES ($1, 'hint', $2, 1)", number, now - ages["throttles"] - late)
        expired = now - ages["invites"] - late
        invite = await db.fetchval(
            "INSERT INTO invites (created_by, uses_left, expires_at) VALUES (5, 1, $1) RETURNING invite_id", expired
        )
        await db.execute("INSERT INTO invite_uses (invite_id, user_id) VALUES ($1, 5)", invite)
        await db.execute(campaign, str(number), now - timedelta(days=30) - late, now)
        for stranger, kept in ((False, timedelta(days=30)), (True, timedelta(days=3))):
            await db.execute(call, f"{number} {stranger}", now - kept - late, stranger)
    deleted = {**dict.fromkeys((*ages, "campaigns", "calls", "strangers' calls"), 1), "locations": 0}
    assert await retain(db, now, NINETY) == deleted
    for table in (*ages, "invite_uses", "campaigns"):
        assert await db.fetchval(f"SELECT count(*) FROM {table}") == 1, table  # noqa: S608 - our own names
    assert await db.fetchval("SELECT array_agg(key ORDER BY key) FROM calls") == ["2 False", "2 True"]
    assert await retain(db, now, NINETY) == dict.fromkeys(deleted, 0)


async def test_what_a_message_said_of_a_place_is_kept_no_longer_than_the_place(db: asyncpg.Connection) -> None:
    now = datetime(2026, 7, 6, tzinfo=UTC)
    call = "INSERT INTO calls VALUES (5, $1, 'sendMessage', 'bulk', NULL, 'Nizami 5', 'sent', '', 0, 0, $2, $2)"
    for days in (6, 8):
        await db.execute(call, str(days), now - timedelta(days=days))
    assert (await retain(db, now, timedelta(days=7)))["calls"] == 1
    assert await db.fetchval("SELECT key FROM calls") == "6"


async def test_the_command_goes_by_location_retention_days_and_says_how_many(
    person: DeskSide, db: asyncpg.Connection, database_url: str
) -> None:
    del person
    await db.execute("UPDATE attendance_events SET sent_at = now() - interval '29 days' - (received_at - sent_at)")
    said = await fleet(database_url, "retain", LOCATION_RETENTION_DAYS="30")
    assert said.out.startswith("0 locations made coarse; deleted: ")
    said = await fleet(database_url, "retain", LOCATION_RETENTION_DAYS="28")
    tables = ("inbox", "throttles", "invites", "campaigns", "calls", "strangers' calls")
    assert said.out == f"4 locations made coarse; deleted: {', '.join(f'0 of {table}' for table in tables)}\n"
    assert (await fleet(database_url, "retain", LOCATION_RETENTION_DAYS="0")).status == 2
    assert await db.fetchval("SELECT count(*) FROM employees WHERE user_id = $1", PERSON) == 1
