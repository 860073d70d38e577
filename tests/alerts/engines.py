"""Owns the faults of the engines."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import aio_pika
import asyncpg

from local.command import operate
from shared.topology import FILES
from tests.alerts.fault import Fault
from tests.alerts.ours import LATE, restarted
from tests.faults.ground import Ground
from tests.integration.replica_side import frozen

SLOW: Final = 0.04
"""Seconds by which PostgreSQL is late, either way."""
FULL: Final = 0.8
"""The share of PostgreSQL's connections that somebody else opens, beside the services'."""


@contextlib.asynccontextmanager
async def rabbitmq_away(ground: Ground) -> AsyncIterator[None]:
    """It is killed, and started again."""
    await ground.engines.rabbitmq.kill()
    try:
        yield
    finally:
        await ground.engines.rabbitmq.start()


def alarm(on: tuple[str, ...], off: tuple[str, ...]) -> Callable[[Ground], AbstractAsyncContextManager[None]]:
    """A limit is set so that RabbitMQ is in alarm."""

    @contextlib.asynccontextmanager
    async def wrong(ground: Ground) -> AsyncIterator[None]:
        await ground.engines.rabbitmq.control(*on)
        try:
            yield
        finally:
            await ground.engines.rabbitmq.control(*off)

    return wrong


@contextlib.asynccontextmanager
async def files_pile_up(ground: Ground) -> AsyncIterator[None]:
    """Replies are paused, and files fill their queue; they are thrown away at the end."""
    environment, logs = ground.stage.environment, ground.stage.logs
    await operate("pause", "interactive", environment=environment, logs=logs)
    async with await aio_pika.connect(ground.broker.url) as connection, connection.channel() as channel:
        files = await channel.get_queue(FILES.name)
        message = aio_pika.Message(b"{}", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        many = range(FILES.max_length * 17 // 20)
        await asyncio.gather(*(channel.default_exchange.publish(message, FILES.name) for _ in many))
        try:
            yield
        finally:
            await files.purge()
            await operate("resume", "interactive", environment=environment, logs=logs)


@contextlib.asynccontextmanager
async def postgres_frozen(ground: Ground) -> AsyncIterator[None]:
    """The server and all its sessions stand still."""
    with frozen(ground.engines.postgres.child.pid):
        yield


@contextlib.asynccontextmanager
async def pool_too_small(ground: Ground) -> AsyncIterator[None]:
    """Each worker has one connection, and PostgreSQL is far away."""
    names = ground.names("checkin_worker")
    with ground.away(*names):
        far = ground.lines.postgres.before(ground.stage.environment["DATABASE_URL"])
        ground.lines.postgres.delay = SLOW
        await restarted(ground, names, DB_POOL_MIN="1", DB_POOL_MAX="1", DATABASE_URL=far)
        try:
            yield
        finally:
            ground.lines.postgres.delay = 0.0
            await restarted(ground, names)


@contextlib.asynccontextmanager
async def connections_run_out(ground: Ground) -> AsyncIterator[None]:
    """Somebody else opens so many connections to PostgreSQL that few are left."""
    async with contextlib.AsyncExitStack() as opened:
        for _ in range(int(await _most(ground) * FULL)):
            connection = await asyncpg.connect(ground.engines.postgres.url)
            opened.callback(connection.terminate)
        yield


async def _most(ground: Ground) -> int:
    return int((await ground.fetch("SHOW max_connections"))[0][0])


@contextlib.asynccontextmanager
async def replicas_frozen(ground: Ground) -> AsyncIterator[None]:
    """Both replicas stand still."""
    with frozen(ground.replicas[0].child.pid), frozen(ground.replicas[1].child.pid):
        yield


@contextlib.asynccontextmanager
async def redis_frozen(ground: Ground) -> AsyncIterator[None]:
    """It stands still with all connections open."""
    with ground.frozen(ground.engines.redis.child):
        yield


BLOCKED: Final = frozenset({"RabbitMQAlarm", "WebhookBurn", "ServiceNotReady", "NoActiveSender"})
"""Nothing is published: no webhook, and no knock by which a sender shows that it holds the right."""

FAULTS: Final = (
    Fault(
        name="rabbitmq-away",
        what="RabbitMQ is away",
        wrong=rabbitmq_away,
        raises={"WebhookBurn", "ServiceNotReady", "NoActiveSender", "TargetDown"},
        allows=LATE,  # what was in hand
    ),
    Fault(
        name="memory-alarm",
        what="RabbitMQ is short of memory",
        wrong=alarm(
            ("set_vm_memory_high_watermark", "absolute", "1MB"),
            ("set_vm_memory_high_watermark", "0.4"),
        ),
        raises=BLOCKED,
        allows=LATE | {"UpdatesNotHandled"},  # what was in hand cannot publish its replies
    ),
    Fault(
        name="disk-alarm",
        what="RabbitMQ is short of disk",
        wrong=alarm(("set_disk_free_limit", "900000GB"), ("set_disk_free_limit", "50MB")),
        raises=BLOCKED,
        allows=LATE | {"UpdatesNotHandled"},  # as above
    ),
    Fault(
        name="files-pile-up",
        what="replies are paused, and files wait",
        wrong=files_pile_up,
        raises={"QueueNearlyFull", "RepliesStuck"},
        leaves={"RepliesBurn"},
    ),
    Fault(
        name="postgres-frozen",
        what="PostgreSQL stands still",
        wrong=postgres_frozen,
        raises={"UpdatesNotHandled", "ServiceNotReady"},
        leaves=LATE,
        allows={"DatabasePoolWaits"},  # for who waited for the pool meanwhile
    ),
    Fault(
        name="pool-too-small",
        what="the workers' pools have one connection each, and PostgreSQL is 80 ms away",
        wrong=pool_too_small,
        raises={"DatabasePoolWaits"},
        leaves=LATE,
        allows={"UpdatesNotHandled", "ServiceDown", "ServiceNotReady"},  # while the workers are restarted
    ),
    Fault(
        name="connections-run-out",
        what="somebody opens four fifths of PostgreSQL's connections",
        wrong=connections_run_out,
        raises={"PostgreSQLConnections"},
    ),
    Fault(
        name="replicas-frozen",
        what="both replicas stand still",
        wrong=replicas_frozen,
        raises={"ReplicaBehind"},
    ),
    Fault(name="redis-frozen", what="Redis stands still", wrong=redis_frozen, raises={"RedisAway"}),
)
