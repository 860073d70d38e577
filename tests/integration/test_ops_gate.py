"""`fleet migrate --wait`: it lets nobody start before the schema is there, and keeps nobody from an older release."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import asyncpg
import pytest
from pydantic import SecretStr

from local.engines import Engines
from local.ports import LOOPBACK, free_port
from ops.gate import until_migrated, what_is_missing
from ops.migrate import migrate
from shared.settings import DatabaseSettings
from tests.integration.database_side import as_login
from tests.integration.ops_side import connection, fleet

_numbers = itertools.count(1)


def settings(url: str) -> DatabaseSettings:
    return DatabaseSettings(database_url=SecretStr(url))


@pytest.fixture
async def empty(engines: Engines) -> AsyncIterator[str]:
    name = f"gate_{next(_numbers)}"
    yield await engines.postgres.create_database(name)
    await engines.postgres.drop_database(name)


async def test_it_waits_for_another_to_migrate_and_then_goes_on(empty: str) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    waiting = asyncio.create_task(until_migrated(settings(empty), told.put_nowait))
    assert "no schema yet" in await told.get()
    assert not waiting.done()
    _, after = await migrate(empty)
    assert await waiting == after
    assert told.empty()


async def test_it_waits_for_a_database_that_is_away() -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    away = settings(f"postgresql://fleet:secret@{LOOPBACK}:{free_port()}/x")
    waiting = asyncio.create_task(until_migrated(away, told.put_nowait))
    said = await told.get()
    assert "away" in said
    assert "secret" not in said
    waiting.cancel()


async def test_a_newer_releases_schema_will_do(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    finally:
        await connection.close()
    said = await fleet(database_url, "migrate", "--wait")
    assert (said.status, said.out) == (0, "schema 9999: go on\n")


@pytest.mark.parametrize("login", ["checkin_worker", "geo_worker", "operator"])
async def test_each_services_own_login_sees_that_the_schema_is_there(database_url: str, login: str) -> None:
    said = await fleet(as_login(database_url, login), "migrate", "--wait")
    assert (said.status, said.problems) == (0, [])


async def test_it_waits_for_the_right_to_see_the_schema(database_url: str) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    async with connection(database_url) as owner:
        await owner.execute("REVOKE SELECT ON alembic_version FROM fleet_geo")
        waiting = asyncio.create_task(until_migrated(settings(as_login(database_url, "geo_worker")), told.put_nowait))
        assert "fleet roles --write" in await told.get()
        assert not waiting.done()
        assert (await fleet(database_url, "roles", "--write")).status == 0
    assert await waiting is not None


def test_only_this_releases_and_unknown_revisions_are_enough() -> None:
    steps = ["0003", "0002", "0001"]
    found = {revision: what_is_missing(revision, steps) for revision in (None, *steps, "0004")}
    assert {revision for revision, missing in found.items() if missing is None} == {"0003", "0004"}
    assert found["0002"] == "the schema is at 0002; `fleet migrate` brings it to 0003"
