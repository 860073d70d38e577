"""Real engines: one set for the session, and in it a fresh database, virtual host and Redis for each test."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection

from local.command import operate
from local.engines import Engines
from local.fleet import LOGINS
from local.folders import LOGS, run_folder, runs_in_memory
from local.redis import DATABASES
from ops.roles import OPS, READER
from shared.topology import declare
from tests.integration.desk_side import DeskSide, desk_side, worker_settings

TEMPLATE = "template_fleet"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def run() -> Iterator[Path]:
    """The folder of this test run."""
    with run_folder("tests", runs_in_memory()) as folder:
        yield folder


@pytest.fixture(scope="session")
async def engines(run: Path) -> AsyncIterator[Engines]:
    """PostgreSQL, RabbitMQ and Redis. A test that stops one starts it again."""
    async with Engines.start(run, fsync=False) as started:
        yield started


@pytest.fixture(scope="session")
async def template(engines: Engines, run: Path) -> str:
    """A database with all migrations, to copy from: they run once."""
    url = await engines.postgres.create_database(TEMPLATE)
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url}
    await operate("migrate", environment=environment, logs=run / LOGS)
    await operate("roles", "--write", environment=environment, logs=run / LOGS)
    await engines.postgres.create_logins({**LOGINS, "operator": OPS, "replica_reader": READER})
    return TEMPLATE


@pytest.fixture
async def database_url(engines: Engines, template: str) -> AsyncIterator[str]:
    """A migrated, empty database of the test's own."""
    name = f"test_{next(_numbers)}"
    yield await engines.postgres.create_database(name, template)
    await engines.postgres.drop_database(name)


@pytest.fixture
async def rabbitmq_url(engines: Engines) -> AsyncIterator[str]:
    """An empty virtual host of the test's own."""
    vhost = f"test-{next(_numbers)}"
    yield await engines.rabbitmq.create_vhost(vhost)
    await engines.rabbitmq.delete_vhost(vhost)


@pytest.fixture(scope="module")
async def queues(engines: Engines) -> AsyncIterator[AbstractConnection]:
    """A virtual host with our queues for all tests of a file: declaring them takes half a second."""
    vhost = f"queues-{next(_numbers)}"
    async with await aio_pika.connect(await engines.rabbitmq.create_vhost(vhost)) as opened:
        await declare(opened)
        yield opened
    await engines.rabbitmq.delete_vhost(vhost)


@pytest.fixture
async def worker(database_url: str, queues: AbstractConnection) -> AsyncIterator[DeskSide]:
    """A worker that is open to everybody, without a consent."""
    async with desk_side(worker_settings(database_url), queues) as side:
        yield side


@pytest.fixture
async def redis_url(engines: Engines) -> str:
    """An empty logical database, not the one of the test before."""
    return await engines.redis.flushed(next(_numbers) % DATABASES)
