"""The primary is lost and a replica promoted: writes go on by themselves, and what was acknowledged is there."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.ports import LOOPBACK
from local.postgres import Postgres
from local.replica import Replica
from ops.roles import OPS
from shared.database import PrimaryPool
from shared.errors import DatabaseUnavailable
from shared.settings import DatabaseSettings
from tests.integration.ops_side import fleet
from tests.integration.replica_side import ask, follower, frozen, own_primary, promote

pytestmark = pytest.mark.timeout(300)  # on a busy machine

RESUMES = 10.0
"""Seconds from the promotion to the first write, at most."""
CONNECTIONS = 6


@dataclass(frozen=True)
class Pair:
    """A primary and the replica that follows it."""

    old: Postgres
    new: Replica

    @property
    def url(self) -> str:
        """The database on whichever of the two takes writes."""
        return self.old.url.replace(f":{self.old.port}/", f":{self.old.port},{LOOPBACK}:{self.new.port}/")

    @property
    def replica_first(self) -> str:
        """The same, the other way round."""
        return self.old.url.replace(f"@{LOOPBACK}:", f"@{LOOPBACK}:{self.new.port},{LOOPBACK}:")


@pytest.fixture
async def pair(run: Path) -> AsyncIterator[Pair]:
    """A primary with a table, and its replica, which a commit waits for."""
    async with own_primary(run) as old, follower(old, run) as new:
        names = "ALTER SYSTEM SET synchronous_standby_names = '*'"
        await ask(old.url, "CREATE TABLE marks (n int)", names, "SELECT pg_reload_conf()")
        yield Pair(old, new)


def pool_of(url: str) -> PrimaryPool:
    sizes = {"db_pool_min": CONNECTIONS, "db_pool_max": CONNECTIONS}
    return PrimaryPool(DatabaseSettings.model_validate({"database_url": url, **sizes}))


async def write(pool: PrimaryPool, n: int) -> None:
    async with pool.connection() as db, db.transaction():
        await db.execute("INSERT INTO marks VALUES ($1)", n)


@dataclass
class Writers:
    """As many as there are connections, who write all the time and try again as a worker does."""

    pool: PrimaryPool
    stored: set[int] = field(default_factory=set)
    failures: Counter[str] = field(default_factory=Counter)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self) -> None:
        """Begin, and return when all have written."""
        self.tasks = [asyncio.create_task(self._write(who)) for who in range(CONNECTIONS)]
        await self.more()

    async def more(self) -> None:
        """Wait until as many more are stored as there are writers."""
        before = len(self.stored)
        while len(self.stored) < before + CONNECTIONS:
            self.news.clear()
            await self.news.wait()

    async def end(self) -> None:
        """Let nobody write."""
        for task in self.tasks:
            task.cancel()
        await asyncio.wait(self.tasks)
        assert all(task.cancelled() for task in self.tasks)

    async def _write(self, who: int) -> None:
        for n in range(who, 1_000_000, CONNECTIONS):
            while n not in self.stored:
                try:
                    await write(self.pool, n)
                    self.stored.add(n)
                    self.news.set()
                except DatabaseUnavailable as problem:
                    self.failures[str(problem).partition("(")[0]] += 1
                    await asyncio.sleep(0.1)


@pytest.fixture
async def writers(pair: Pair) -> AsyncIterator[Writers]:
    """Writers at work."""
    async with contextlib.aclosing(pool_of(pair.url)) as pool:
        side = Writers(pool)
        await side.begin()
        yield side
        await side.end()


async def marks(server: Postgres) -> set[int]:
    async with contextlib.aclosing(pool_of(server.url)) as pool, pool.connection() as db:
        return {row["n"] for row in await db.fetch("SELECT n FROM marks")}


async def test_a_killed_primary_is_followed_by_the_promoted_replica_and_nothing_acknowledged_is_lost(
    pair: Pair, writers: Writers
) -> None:
    await pair.old.kill()
    before = set(writers.stored)
    await promote(pair.new)
    async with asyncio.timeout(RESUMES):
        await writers.more()
    await writers.end()
    assert before < writers.stored <= await marks(pair.new)


async def test_a_frozen_primary_is_left_by_connections_that_are_open_and_by_new_ones(
    pair: Pair, writers: Writers
) -> None:
    with frozen(pair.old.child.pid):
        await promote(pair.new)
        async with asyncio.timeout(RESUMES):
            await writers.more()
        async with contextlib.aclosing(pool_of(pair.url)) as fresh, asyncio.timeout(RESUMES):
            await write(fresh, -1)
        await writers.end()
        assert writers.stored < await marks(pair.new)


async def test_a_primary_that_turns_read_only_is_noticed_by_each_connection_at_most_once(
    pair: Pair, writers: Writers
) -> None:
    read_only = "ALTER SYSTEM SET default_transaction_read_only = on"
    await ask(pair.old.url, read_only, "SELECT pg_reload_conf()")
    await promote(pair.new)
    async with asyncio.timeout(RESUMES):
        await writers.more()
        await writers.more()
    await writers.end()
    assert 1 <= writers.failures["ReadOnlySQLTransactionError"] <= CONNECTIONS
    assert writers.stored <= await marks(pair.new)


async def test_an_old_primary_that_comes_back_as_a_standby_is_passed_over(pair: Pair, writers: Writers) -> None:
    await pair.old.kill()
    await promote(pair.new)
    (pair.old.folder / "data" / "standby.signal").touch()
    await pair.old.start()
    await writers.more()
    async with contextlib.aclosing(pool_of(pair.url)) as fresh:
        await write(fresh, -1)
    await writers.end()
    assert await marks(pair.new) >= writers.stored | {-1}
    assert -1 not in await marks(pair.old)


async def test_where_nobody_takes_writes_it_is_said_of_each_server_why(pair: Pair) -> None:
    await pair.old.kill()
    async with contextlib.aclosing(pool_of(pair.url)) as pool:
        with pytest.raises(DatabaseUnavailable) as refused:
            await write(pool, 1)
    assert f"{LOOPBACK}:{pair.old.port}: ConnectionRefusedError" in str(refused.value)
    assert f"{LOOPBACK}:{pair.new.port}: takes no writes" in str(refused.value)
    assert pair.old.password not in str(refused.value)


async def test_operators_commands_find_the_server_that_takes_writes(pair: Pair) -> None:
    assert (await fleet(pair.replica_first, "migrate")).status == 0
    assert (await fleet(pair.replica_first, "roles", "--write")).status == 0
    await pair.old.create_logins({"operator": OPS})
    assert (await fleet(pair.replica_first, "holiday", "add", "2026-07-06", "Founding day")).status == 0
    assert await ask(pair.old.url, "SELECT name FROM holidays") == "Founding day"
