"""Whatever becomes of PostgreSQL, a message in hand is kept, no try is counted, and the pool is whole afterwards."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from local.engines import Engines
from local.postgres import Postgres
from shared.consume import Consumer
from shared.database import ACQUIRE_TIMEOUT, COMMAND_TIMEOUT, RELEASE_TIMEOUT, PrimaryPool
from shared.delivery import Delivery, Done, Verdict
from shared.errors import DatabaseUnavailable
from shared.publisher import Publisher
from shared.settings import DatabaseSettings
from tests.integration.broker_side import held, linked, own_queue, put, until
from tests.integration.database_side import all_connections_taken, disk_full
from tests.integration.replica_side import ask, frozen, own_primary

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]  # on a busy machine

SIZE = 4
MESSAGES = 8
"""Before the fault, and again during it."""
BOUND = ACQUIRE_TIMEOUT + 2 * COMMAND_TIMEOUT + RELEASE_TIMEOUT
"""Seconds of one try with one statement in a transaction: to a frozen server, the rollback takes as long as it."""
SLOW_MACHINE = 10.0
HEALS = 60.0
OURS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
MIB = 1 << 20

Fault = Callable[[Postgres], AbstractAsyncContextManager[None]]


@dataclass
class Rows:
    """A handler that stores a row for each message, a second time without effect, and tells of its failures."""

    pool: PrimaryPool
    failures: int = 0
    slowest: float = 0.0
    tries: list[int] = field(default_factory=list)
    failed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, delivery: Delivery) -> Verdict:
        began = time.monotonic()
        try:
            async with self.pool.connection() as db, db.transaction():
                statement = "INSERT INTO rows VALUES ($1, $2) ON CONFLICT DO NOTHING"
                await db.execute(statement, int(delivery.body), os.urandom(MIB // 4))
        except DatabaseUnavailable:
            self.failures += 1
            if self.failures >= MESSAGES:
                self.failed.set()
            raise
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
        self.tries.append(delivery.tries)
        return Done()


@pytest.fixture
async def small(run: Path) -> AsyncIterator[Postgres]:
    """A PostgreSQL on a disk of 256 MiB, which lets in 12."""
    folder = run / "small-disk"
    folder.mkdir(mode=0o755, exist_ok=True)
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    if await _run("mount", "-t", "tmpfs", "-o", "size=256M,mode=755", "tmpfs", str(folder)) != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        async with own_primary(folder) as server:
            few = "ALTER SYSTEM SET max_connections = 12"
            await ask(server.url, few, "ALTER SYSTEM SET max_wal_senders = 0", "SELECT 1")
            await ask(server.url, "CREATE TABLE rows (n int PRIMARY KEY, content bytea)", "SELECT 1")
            await server.restart()
            yield server
    finally:
        await _run("umount", str(folder))


async def _run(*argv: str) -> int:
    process = await asyncio.create_subprocess_exec(*argv)
    return await process.wait()


@contextlib.asynccontextmanager
async def a_lock_held(server: Postgres) -> AsyncIterator[None]:
    connection = await asyncpg.connect(server.url)
    async with connection.transaction():
        await connection.execute("LOCK TABLE rows")
        yield
    await connection.close()


@contextlib.asynccontextmanager
async def frozen_server(server: Postgres) -> AsyncIterator[None]:
    with frozen(server.child.pid):
        yield


@contextlib.asynccontextmanager
async def crashed(server: Postgres) -> AsyncIterator[None]:
    await server.kill()
    yield
    await server.start()


@contextlib.asynccontextmanager
async def stopped(server: Postgres) -> AsyncIterator[None]:
    await server.stop()
    yield
    await server.start()


FAULTS: dict[str, Fault] = {
    "all_connections_taken": all_connections_taken,
    "a_lock_held": a_lock_held,
    "frozen": frozen_server,
    "crashed": crashed,
    "stopped": stopped,
    "a_full_disk": lambda server: disk_full(server, server.folder),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_message_is_kept_and_no_try_is_counted_while_the_database_suffers(
    fault: Fault, small: Postgres, engines: Engines
) -> None:
    url = engines.rabbitmq.url
    queue = await own_queue(url, retries=(1, 1))
    sizes = {"database_url": small.url, "db_pool_min": 1, "db_pool_max": SIZE}
    async with contextlib.aclosing(PrimaryPool(DatabaseSettings.model_validate(sizes))) as pool:
        rows, publisher = Rows(pool), Publisher()
        consumer = Consumer(queue, rows, publisher, prefetch=2 * SIZE, deadline=30.0)

        async def stored(number: int) -> None:
            async def all_are_settled() -> bool:
                return len(rows.tries) == number

            await until(all_are_settled, HEALS)

        async with linked(url, publisher), linked(url, consumer):
            for n in range(MESSAGES):
                await put(url, queue.name, str(n).encode())
            await stored(MESSAGES)
            async with fault(small):
                for n in range(MESSAGES, 2 * MESSAGES):
                    await put(url, queue.name, str(n).encode())
                async with asyncio.timeout(HEALS):
                    await rows.failed.wait()
            await stored(2 * MESSAGES)

        assert rows.tries == [0] * (2 * MESSAGES)
        assert rows.slowest < BOUND + SLOW_MACHINE
        assert [await held(url, each) for each in (queue.name, *queue.retry_names, queue.dead)] == [[]] * 4
        await pool_is_whole(pool, small)
    assert await ask(small.url, "SELECT count(*) FROM rows") == 2 * MESSAGES


async def pool_is_whole(pool: PrimaryPool, server: Postgres) -> None:
    """All of its connections can be had at once, and the server knows of no others."""
    async with contextlib.AsyncExitStack() as lent:
        for _ in range(SIZE):
            await lent.enter_async_context(pool.connection())

        async def the_server_knows_no_others() -> bool:
            return await ask(server.url, OURS) == SIZE

        await until(the_server_knows_no_others)
