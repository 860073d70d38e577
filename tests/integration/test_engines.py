import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aio_pika
import asyncpg
import pytest
import redis.asyncio

from local.engines import Engines
from local.families import descendants
from local.ports import FIRST, LAST
from local.postgres import Postgres

STARTER = """
import asyncio, sys
from pathlib import Path
from local.engines import Engines

async def main():
    async with Engines.start(Path(sys.argv[1])):
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def select_one(url: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'mine%'")
    finally:
        await connection.close()
    return {row["relname"] for row in rows}


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def watched(pids: list[int]) -> Iterator[list[int]]:
    """Handles of processes that are not our children; one can be read when its process has ended."""
    handles = [os.pidfd_open(pid) for pid in pids]
    try:
        yield handles
    finally:
        for handle in handles:
            os.close(handle)


def listeners() -> set[tuple[str, int]]:
    """Who listens on IPv4, as (address in the kernel's hexadecimal, port)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = [row[1].split(":") for row in rows if row[3] == "0A"]
    return {(address, int(port, 16)) for address, port in addresses}


async def test_all_three_answer(engines: Engines) -> None:
    assert await select_one(engines.postgres.url) == 1
    assert [await engine.answers() for engine in engines.all()] == [True, True, True]


async def test_they_listen_on_loopback_only(engines: Engines) -> None:
    ours = {engine.port for engine in engines.all()} | {engines.rabbitmq.management_port}
    private = {(address, port) for address, port in listeners() if port in ours}
    assert private == {("0100007F", port) for port in ours}
    assert all(FIRST <= port < LAST for port in ours)


async def test_a_wrong_password_opens_nothing(engines: Engines) -> None:
    url = engines.postgres.url.replace(engines.postgres.password, "wrong")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url)


async def test_a_database_made_from_a_template_has_its_tables_and_no_others_rows(engines: Engines) -> None:
    postgres = engines.postgres
    template = await postgres.create_database("mine_template")
    await execute(template, "CREATE TABLE mine (a int)")
    first = await postgres.create_database("mine_first", "mine_template")
    await execute(first, "CREATE TABLE mine_too (a int)")
    second = await postgres.create_database("mine_second", "mine_template")
    assert await tables(first) == {"mine", "mine_too"}
    assert await tables(second) == {"mine"}
    for name in ("mine_first", "mine_second", "mine_template"):
        await postgres.drop_database(name)


async def test_a_virtual_host_of_one_s_own_is_empty_and_open(rabbitmq_url: str) -> None:
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("updates", durable=True, arguments={"x-queue-type": "quorum"})
        assert queue.declaration_result.message_count == 0


async def test_a_redis_of_one_s_own_is_empty(engines: Engines) -> None:
    async with redis.asyncio.from_url(await engines.redis.flushed(3)) as client:
        await client.set("key", "value")
    async with redis.asyncio.from_url(await engines.redis.flushed(3)) as client:
        assert await client.get("key") is None


async def test_postgres_keeps_what_was_committed_before_a_kill(engines: Engines) -> None:
    url = await engines.postgres.create_database("mine_killed")
    await execute(url, "CREATE TABLE mine (a int)")
    await engines.postgres.kill()
    assert not await engines.postgres.answers()
    await engines.postgres.start()
    assert await tables(url) == {"mine"}
    await engines.postgres.drop_database("mine_killed")


@pytest.mark.parametrize("way", ["kill", "restart"])
async def test_rabbitmq_keeps_a_confirmed_message(engines: Engines, rabbitmq_url: str, way: str) -> None:
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        await channel.declare_queue("kept", durable=True)
    await engines.rabbitmq.restart()  # the broker writes of a new queue later than it answers, and nobody sees when
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, "kept")
    if way == "kill":
        await engines.rabbitmq.kill()
        await engines.rabbitmq.start()
    else:
        await engines.rabbitmq.restart()
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("kept")
        received = await queue.get(timeout=10)
        assert received.body == b"kept"
        await received.ack()


async def test_redis_comes_back_empty(engines: Engines) -> None:
    async with redis.asyncio.from_url(engines.redis.url) as client:
        await client.set("key", "value")
    await engines.redis.kill()
    await engines.redis.start()
    async with redis.asyncio.from_url(engines.redis.url) as client:
        assert await client.get("key") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become another user for PostgreSQL")
async def test_postgres_runs_below_a_folder_that_only_root_may_enter(tmp_path: Path) -> None:
    assert any(not parent.stat().st_mode & 0o001 for parent in tmp_path.parents)
    postgres = Postgres(tmp_path, "password", fsync=False)
    try:
        await postgres.start()
        assert await select_one(postgres.url) == 1
    finally:
        await postgres.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_its_starter(tmp_path: Path, number: signal.Signals) -> None:
    command = (sys.executable, "-c", STARTER, str(tmp_path))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as starter:  # noqa: S603 - ours
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        pids = descendants(starter.pid)
        assert len(pids) > len(("postgres", "redis", "rabbitmq", "epmd"))
        with watched(pids) as handles:
            starter.send_signal(number)
            for handle in handles:
                assert select.select([handle], [], [], 20)[0]


async def test_each_test_s_database_is_migrated(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM employees") == 0
    finally:
        await connection.close()


async def test_each_test_s_redis_is_empty(redis_url: str) -> None:
    async with redis.asyncio.from_url(redis_url) as client:
        assert await client.dbsize() == 0
