"""A report reads a replica, and sees there what was committed before it was asked for."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from checkin_worker.reports.__main__ import reading, snapshot
from checkin_worker.settings import WorkerSettings
from local.engines import Engines
from local.replica import Replica
from tests.integration.database_side import as_login
from tests.integration.desk_side import DeskSide, worker_settings
from tests.integration.replica_side import follower, replay_paused, twin

WAIT = "checkin_worker.reports.__main__._WAIT"
IN_RECOVERY = "SELECT pg_is_in_recovery()"
TAPS = "SELECT count(*) FROM attendance_events"


@pytest.fixture(scope="module")
async def replica(engines: Engines, run: Path) -> AsyncIterator[Replica]:
    """A replica of the session's PostgreSQL."""
    async with follower(engines.postgres, run) as started:
        yield started


@pytest.fixture
async def settings(replica: Replica, database_url: str) -> WorkerSettings:
    """A worker's, with a replica."""
    url = as_login(await twin(replica, database_url), "replica_reader")
    return worker_settings(database_url, database_replica_urls=SecretStr(url))


async def test_a_report_is_made_from_a_replica_that_has_reached_what_was_committed(
    worker: DeskSide, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WAIT, 60.0)  # a busy machine makes no read late
    for taps in range(1, 4):
        await worker.tap()
        worker.later(hours=1)
        async with snapshot(settings) as db:
            assert await db.fetchval(TAPS) == taps
            assert await db.fetchval(IN_RECOVERY)


async def test_a_report_is_made_from_the_primary_while_the_replica_is_behind(
    worker: DeskSide, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WAIT, 0.2)
    async with replay_paused(as_login(settings.replica_urls[0])):
        await worker.tap()
        async with snapshot(settings) as db:
            assert await db.fetchval(TAPS) == 1
            assert not await db.fetchval(IN_RECOVERY)


async def test_nothing_can_be_written_while_a_report_is_made(settings: WorkerSettings) -> None:
    async with snapshot(settings) as db:
        assert await db.fetchval("SHOW transaction_read_only") == "on"
        assert await db.fetchval("SHOW transaction_isolation") == "repeatable read"


WHO = "SELECT current_user"
WRITES = "INSERT INTO throttles SELECT * FROM throttles"


async def refused(settings: WorkerSettings) -> None:
    """Outside of the transaction of a report nothing can be written either, whatever the connection says before."""
    async with reading(settings) as db:
        assert await db.fetchval(WHO) == "replica_reader"
        await db.execute("SET default_transaction_read_only = off")
        assert not await db.fetchval(IN_RECOVERY)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(WRITES)


async def test_where_a_replica_is_read_the_primary_too_lets_a_report_only_read(
    settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WAIT, 0.0)  # so that the primary serves
    await refused(settings)


async def test_without_a_replica_the_primary_itself_may_be_read_as_who_only_reads(database_url: str) -> None:
    reader = SecretStr(as_login(database_url, "replica_reader"))
    await refused(worker_settings(database_url, database_replica_urls=reader))


async def test_where_no_login_that_only_reads_is_known_the_workers_is_left(database_url: str) -> None:
    async with reading(worker_settings(database_url)) as db:
        assert await db.fetchval(WHO) == "checkin_worker"
        await db.execute(WRITES)
