"""PostgreSQL answers within bounds or is `DatabaseUnavailable`; the pool recovers by itself."""

import asyncio
import contextlib
import random
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from prometheus_client import REGISTRY

from local.engines import Engines
from local.ports import LOOPBACK, free_port
from local.postgres import Postgres
from shared import database
from shared.database import ACQUIRE_TIMEOUT, COMMAND_TIMEOUT, PrimaryPool, ReplicaPool, replica_pools
from shared.errors import DatabaseUnavailable
from shared.settings import DatabaseSettings
from tests.integration.broker_side import until
from tests.integration.database_side import left_behind
from tests.integration.proxy import Proxy

if TYPE_CHECKING:
    from shared.database import Connection, Pool


@pytest.fixture(scope="module")
async def server(run: Path) -> AsyncIterator[Postgres]:
    """A PostgreSQL to stop and to kill."""
    folder = run / "own-postgres"
    folder.mkdir()
    folder.chmod(0o755)
    postgres = Postgres(folder, "secret", fsync=False)
    try:
        await postgres.start()
        yield postgres
    finally:
        await postgres.discard()


def settings(url: str, **sizes: int) -> DatabaseSettings:
    return DatabaseSettings.model_validate({"database_url": url, "db_pool_min": 1, "db_pool_max": 3} | sizes)


@pytest.fixture
async def pool(server: Postgres) -> AsyncIterator[PrimaryPool]:
    opened = PrimaryPool(settings(server.url))
    yield opened
    await opened.aclose()


async def one(pool: "Pool") -> object:
    async with pool.connection() as connection:
        return await connection.fetchval("SELECT 1")


async def test_the_pool_opens_when_it_is_first_used_and_answers(pool: PrimaryPool) -> None:
    assert await pool.answers()
    assert await asyncio.gather(*(one(pool) for _ in range(50))) == [1] * 50


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    pool = PrimaryPool(settings(f"postgresql://u:p@{LOOPBACK}:{free_port()}/x"))
    assert not await pool.answers()
    with pytest.raises(DatabaseUnavailable, match="Connect"):
        await one(pool)
    await pool.aclose()


async def test_a_database_that_is_not_there_yet_is_unavailable(server: Postgres) -> None:
    pool = PrimaryPool(settings(server.database_url("not_yet")))
    with pytest.raises(DatabaseUnavailable, match="not_yet"):
        await one(pool)
    await server.create_database("not_yet")
    assert await one(pool) == 1
    await pool.aclose()


async def test_a_password_that_is_refused_is_unavailable_and_no_fault_of_a_message(server: Postgres) -> None:
    pool = PrimaryPool(settings(server.url.replace(server.password, "rotated")))
    assert not await pool.answers()
    with pytest.raises(DatabaseUnavailable, match="password"):
        await one(pool)


async def test_what_is_wrong_with_a_statement_is_not_taken_for_a_server_that_is_away(pool: PrimaryPool) -> None:
    with pytest.raises(asyncpg.PostgresSyntaxError):
        async with pool.connection() as connection:
            await connection.execute("SELEKT")
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with pool.connection() as connection:
            await connection.fetchval("SELECT 1 / 0")
    assert await one(pool) == 1


async def test_a_pool_that_is_exhausted_is_unavailable_within_the_bound_and_recovers(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ACQUIRE_TIMEOUT", 1.0)  # instead of five seconds
    pool = PrimaryPool(settings(server.url, db_pool_max=1))
    began = time.monotonic()
    async with pool.connection():
        with pytest.raises(DatabaseUnavailable, match="Timeout"):
            await one(pool)
    assert time.monotonic() - began < 4.0
    assert await one(pool) == 1
    await pool.aclose()


async def test_a_lock_that_somebody_holds_ends_the_call_within_the_bound_and_leaks_no_connection(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "COMMAND_TIMEOUT", 1.0)  # instead of four seconds
    pool = PrimaryPool(settings(database_url, db_pool_max=1))
    blocker = await asyncpg.connect(database_url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("LOCK TABLE employees")
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        async with pool.connection() as connection:
            await connection.fetchval("SELECT count(*) FROM employees")
    assert time.monotonic() - began < 4.0
    await transaction.rollback()
    await blocker.close()
    assert await one(pool) == 1
    await pool.aclose()


async def test_a_frozen_server_ends_every_call_within_bounds_and_the_pool_recovers(server: Postgres) -> None:
    async with Proxy(server.port) as proxy:
        pool = PrimaryPool(settings(proxy.before(server.url)))
        assert await one(pool) == 1
        proxy.freeze()
        began = time.monotonic()
        assert not await pool.answers()
        assert time.monotonic() - began < 4.0
        ends = await asyncio.gather(*(one(pool) for _ in range(6)), return_exceptions=True)
        assert {type(end) for end in ends} == {DatabaseUnavailable}
        assert time.monotonic() - began < COMMAND_TIMEOUT + ACQUIRE_TIMEOUT + 6.0
        await proxy.heal()
        await until(pool.answers)
        assert await asyncio.gather(*(one(pool) for _ in range(6))) == [1] * 6
        await pool.aclose()


async def test_closing_does_not_wait_for_a_frozen_server(server: Postgres) -> None:
    async with Proxy(server.port) as proxy:
        pool = PrimaryPool(settings(proxy.before(server.url)))
        assert await one(pool) == 1
        proxy.freeze()
        began = time.monotonic()
        await pool.aclose()
        assert time.monotonic() - began < 5.0


async def test_a_crash_within_a_call_is_unavailable_and_the_pool_recovers_when_the_server_is_back(
    pool: PrimaryPool, server: Postgres
) -> None:
    async def interrupted() -> None:
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")
            await server.kill()
            await connection.execute("SELECT 1")

    with pytest.raises(DatabaseUnavailable):
        await interrupted()
    assert not await pool.answers()
    with pytest.raises(DatabaseUnavailable):
        await one(pool)
    await server.start()
    await until(pool.answers)
    assert await one(pool) == 1


async def test_a_server_that_was_stopped_in_order_is_unavailable_and_the_pool_recovers(
    pool: PrimaryPool, server: Postgres
) -> None:
    assert await one(pool) == 1
    await server.restart()
    await until(pool.answers)
    assert await asyncio.gather(*(one(pool) for _ in range(10))) == [1] * 10


async def test_a_demoted_primary_is_unavailable_and_its_connections_are_made_anew(
    pool: PrimaryPool,
) -> None:
    async def backend() -> object:
        async with pool.connection() as connection:
            return await connection.fetchval("SELECT pg_backend_pid()")

    before = await backend()
    with pytest.raises(DatabaseUnavailable, match="read-only"):
        async with pool.connection() as connection, connection.transaction(readonly=True):
            await connection.execute("CREATE TABLE t ()")
    assert await backend() != before


async def test_a_loss_that_is_noticed_late_leaves_the_connections_that_were_made_since(pool: PrimaryPool) -> None:
    pid = "SELECT pg_backend_pid()"
    since: object = None

    async def backend() -> object:
        async with pool.connection() as connection:
            return await connection.fetchval(pid)

    async def lose(connection: "Connection") -> None:
        async with pool.connection() as other:
            await other.fetchval("SELECT pg_terminate_backend($1)", await connection.fetchval(pid))
        await connection.fetchval(pid)

    async def lose_two() -> None:
        nonlocal since
        async with pool.connection() as late:
            with pytest.raises(DatabaseUnavailable):
                async with pool.connection() as early:
                    await lose(early)
            since = await backend()
            await lose(late)

    with pytest.raises(DatabaseUnavailable):
        await lose_two()
    assert await backend() == since


async def test_there_is_a_pool_for_each_replica_and_it_is_called_by_its_address_without_the_password(
    database_url: str,
) -> None:
    both = {"database_url": database_url, "database_replica_urls": f"{database_url},{database_url}"}
    pools = replica_pools(DatabaseSettings.model_validate(both))
    assert [type(pool) for pool in pools] == [ReplicaPool, ReplicaPool]
    assert await one(pools[0]) == 1
    assert "postgresql://" + pools[0].server == re.sub("//.*@", "//", database_url)
    for pool in pools:
        await pool.aclose()
    assert replica_pools(settings(database_url)) == []


async def test_a_schema_that_is_not_there_yet_is_waited_for_and_no_message_is_to_blame(engines: Engines) -> None:
    url = await engines.postgres.create_database("unmigrated")
    async with contextlib.aclosing(PrimaryPool(settings(url))) as pool:
        with pytest.raises(DatabaseUnavailable, match="inbox"):
            async with pool.connection() as connection:
                await connection.fetchval("SELECT replies FROM inbox")
    await engines.postgres.drop_database("unmigrated")


async def test_a_storm_of_cancellations_at_any_point_leaks_no_connection(server: Postgres) -> None:
    size, tasks, chance = 4, 400, random.Random(6)  # noqa: S311 - nothing secret
    async with contextlib.aclosing(PrimaryPool(settings(server.url, db_pool_max=size))) as pool:

        async def works() -> None:
            async with pool.connection() as db, db.transaction():
                await db.execute("SELECT pg_sleep($1)", chance.random() / 50)

        for _ in range(3):
            running = [asyncio.create_task(works()) for _ in range(tasks)]
            for task in chance.sample(running, tasks - 20):
                await asyncio.sleep(chance.random() / 500)
                task.cancel()
            ends = await asyncio.gather(*running, return_exceptions=True)
            assert {type(end) for end in ends} <= {type(None), asyncio.CancelledError}
        async with contextlib.AsyncExitStack() as lent:
            for _ in range(size):
                await lent.enter_async_context(pool.connection())
            assert connections("used") == size
        assert (connections("used"), connections("idle")) == (0, size)
        others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"

        async def the_server_knows_no_others() -> bool:
            async with pool.connection() as db:
                return bool(await db.fetchval(f"SELECT ({others}) = $1", size))

        await until(the_server_knows_no_others)


async def test_a_transaction_that_nobody_ended_ends_when_its_connection_is_given_back(pool: PrimaryPool) -> None:
    async with pool.connection() as connection:
        await connection.execute("BEGIN; CREATE TABLE unended (n int); SELECT pg_advisory_xact_lock(7)")
    assert await left_behind(pool) == []
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT to_regclass('unended')") is None


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("SET work_mem = '5MB'", "set work_mem to 5120"),
        ("SELECT pg_advisory_lock(7)", "holds a lock"),
        ("LISTEN news", "listens to news"),
        ("CREATE TEMP TABLE notes (n int)", "keeps the table notes"),
        ("BEGIN; DECLARE leaf CURSOR WITH HOLD FOR SELECT 1; COMMIT", "holds the cursor leaf"),
    ],
)
async def test_whatever_outlives_its_transaction_is_seen_by_the_tests_that_look_for_it(
    pool: PrimaryPool, statement: str, told: str
) -> None:
    """Connections are given back as they are: those tests say of the worker's statements that they leave nothing."""
    async with pool.connection() as connection:
        await connection.execute(statement)
    assert await left_behind(pool) == [told]


def connections(state: str) -> float | None:
    """The gauge of the pool that was made last."""
    return REGISTRY.get_sample_value("fleet_pool_connections", {"server": "primary", "state": state})


def waits() -> float:
    """How many tasks have waited for a connection, and are done with it."""
    return REGISTRY.get_sample_value("fleet_pool_wait_seconds_count", {"server": "primary"}) or 0


async def test_who_waits_for_a_connection_in_vain_is_counted_as_well(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ACQUIRE_TIMEOUT", 0.2)
    async with contextlib.aclosing(PrimaryPool(settings(server.url, db_pool_max=1))) as pool, pool.connection():
        before = waits()
        with pytest.raises(DatabaseUnavailable):
            await one(pool)
        assert waits() == before + 1


async def test_a_migration_beside_open_connections_is_no_messages_fault(database_url: str) -> None:
    async with contextlib.aclosing(PrimaryPool(settings(database_url, db_pool_max=1))) as pool:

        async def look() -> int:
            async with pool.connection() as db, db.transaction():
                return len(await db.fetch("SELECT * FROM offices"))

        assert await look() == 0
        operator = await asyncpg.connect(database_url)
        await operator.execute("ALTER TABLE offices ADD COLUMN its_new text")
        await operator.close()
        with pytest.raises(DatabaseUnavailable, match="cached statement plan"):
            await look()
        assert await look() == 0


async def test_a_lock_that_the_server_waits_for_no_longer_is_no_messages_fault(database_url: str) -> None:
    blocker = await asyncpg.connect(database_url)
    impatient = PrimaryPool(settings(f"{database_url}?lock_timeout=50ms"))
    async with contextlib.aclosing(impatient) as pool, blocker.transaction():
        await blocker.execute("LOCK TABLE offices")
        with pytest.raises(DatabaseUnavailable, match="lock timeout"):
            async with pool.connection() as db:
                await db.execute("SELECT FROM offices")
    await blocker.close()
