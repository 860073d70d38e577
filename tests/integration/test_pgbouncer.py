"""Behind PgBouncer in transaction mode everything works that works without, but for `fleet migrate`, which says so."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aio_pika.abc import AbstractConnection

from local.engines import Engines
from local.fleet import LOGINS
from local.pgbouncer import PgBouncer
from ops.doctor.findings import State
from shared.database import PrimaryPool
from shared.errors import DatabaseUnavailable
from shared.settings import DatabaseSettings
from tests.integration.broker_side import until
from tests.integration.desk_side import PERSON, desk_side, worker_settings
from tests.integration.doctor_side import Patient
from tests.integration.ops_side import fleet
from tests.integration.report_side import employee, report_side

FEW = 4
"""Connections that PgBouncer lends to all of a database's clients."""
CLIENTS = 16
ROUNDS = 32


@pytest.fixture(scope="module")
async def bouncer(engines: Engines, run: Path) -> AsyncIterator[PgBouncer]:
    """A PgBouncer before the session's PostgreSQL."""
    started = PgBouncer(run, engines.postgres, (*LOGINS, "operator"), connections=FEW)
    try:
        await started.start()
        yield started
    finally:
        await started.discard()


@pytest.fixture
async def pooled_url(bouncer: PgBouncer, database_url: str) -> str:
    """The test's database, by way of the pooler."""
    return bouncer.before(database_url)


async def transactions(url: str) -> Counter[str]:
    """How 512 transactions of many clients end, each of several statements with parameters."""
    sizes = {"database_url": url, "db_pool_min": CLIENTS, "db_pool_max": CLIENTS}
    ends: Counter[str] = Counter()

    async def works(pool: PrimaryPool, client: int) -> None:
        for number in range(ROUNDS):
            try:
                async with pool.connection() as db, db.transaction():
                    await db.execute("SELECT pg_advisory_xact_lock($1)", client)
                    await db.execute("INSERT INTO marks VALUES ($1, $2)", client, number)
                    assert await db.fetchval("SELECT count(*) FROM marks WHERE client = $1", client) == number + 1
            except DatabaseUnavailable as problem:
                ends["failed"] += 1
                raise AssertionError from problem
            ends["done"] += 1

    async with contextlib.aclosing(PrimaryPool(DatabaseSettings.model_validate(sizes))) as pool:
        async with pool.connection() as db:
            await db.execute("CREATE TABLE marks (client int, number int)")
        await asyncio.gather(*(works(pool, client) for client in range(CLIENTS)), return_exceptions=True)
    return ends


async def test_512_transactions_of_many_clients_over_few_connections_all_succeed(pooled_url: str) -> None:
    assert await transactions(pooled_url) == {"done": CLIENTS * ROUNDS}


async def test_with_prepared_statements_they_do_not_so_the_address_must_say_that_there_is_a_pooler(
    pooled_url: str,
) -> None:
    ends = await transactions(pooled_url.removesuffix("?statement_cache_size=0"))
    assert ends["done"] < CLIENTS * ROUNDS


async def test_the_whole_way_of_a_check_in_and_what_people_look_at(
    pooled_url: str, database_url: str, queues: AbstractConnection
) -> None:
    everybody = range(PERSON, PERSON + 24)
    settings = worker_settings(pooled_url, database_replica_urls=pooled_url, db_pool_max=CLIENTS)
    async with desk_side(settings, queues) as worker:
        await asyncio.gather(*(worker.tap(person=each) for each in everybody))
        (sessions,) = await worker.rows("SELECT count(*) FROM sessions WHERE end_time IS NULL")
        assert sessions["count"] == len(everybody)
        worker.later(hours=8)
        (day,) = await worker.text("/today", person=PERSON)
        assert "09:58" in day.params["text"]
    said_to_operator = await fleet(pooled_url, "employees", "list", "--csv")
    assert said_to_operator.status == 0
    assert len(said_to_operator.out.splitlines()) == 1 + len(everybody)
    assert await fleet(database_url, "employees", "list", "--csv") == said_to_operator


async def test_files_are_made_one_after_the_other_over_the_same_connections(
    pooled_url: str, queues: AbstractConnection
) -> None:
    async with (
        desk_side(worker_settings(pooled_url), queues) as worker,
        report_side(worker, queues, pooled_url) as side,
    ):
        await employee(worker, 31, "Admin", role="admin")
        for _ in range(2):  # each in a process of its own, which calls its prepared statements by the same names
            worker.later(hours=1)
            await side.report("2026-07", person=31)


async def test_fleet_migrate_refuses_a_pooler_and_says_what_to_do(pooled_url: str) -> None:
    said = await fleet(pooled_url, "migrate")
    assert said.status == 2
    assert "address of PostgreSQL itself" in " ".join(said.problems)


async def test_doctor_sees_by_the_address_that_a_pooler_stands_there(pooled_url: str) -> None:
    """Whose port may be the server's own, as CloudNativePG's is."""
    seen = await Patient({"DATABASE_URL": pooled_url}).seen("--workers", 1000, "--geo-workers", 0)
    assert "a pooler stands before it" in seen.one("pool", State.WARNING).what


async def test_while_postgresql_is_away_behind_the_pooler_calls_end_within_bounds_and_resume(
    engines: Engines, pooled_url: str
) -> None:
    settings = DatabaseSettings.model_validate({"database_url": pooled_url, "db_pool_min": 1, "db_pool_max": 2})
    async with contextlib.aclosing(PrimaryPool(settings)) as pool:
        assert await pool.answers()
        await engines.postgres.kill()
        assert not await pool.answers()
        await engines.postgres.start()
        await until(pool.answers)
