"""Owns one competitor's run: queues of its own, a Telegram of its own, its process, and what all of it comes to."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aio_pika

from bench.competitors import Competitor
from bench.figures import Figures, figures_of
from bench.spending import cpu_seconds
from bench.workload import Size, Workload
from local.engines import Engines
from local.folders import LOGS
from local.ports import LOOPBACK, free_port
from local.processes import Child, Program, first_death
from shared import topology
from simulator.faults import Faults
from simulator.server import Simulator

VHOST = "bench"
STOP_LIMIT_SECONDS = 30.0


async def trial(competitor: Competitor, size: Size, engines: Engines, run: Path) -> Figures:
    """Run one competitor from its start to its end; raises ChildFailedError when its process ends before."""
    async with (
        _virtual_host(engines) as rabbitmq_url,
        Simulator(faults=Faults(latency=competitor.answers)) as telegram,
        await aio_pika.connect(rabbitmq_url) as connection,
        connection.channel() as channel,
    ):
        await topology.declare(connection)
        environment = {
            "RABBITMQ_URL": rabbitmq_url,
            "REDIS_URL": await engines.redis.flushed(0),
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_BOT_TOKEN": telegram.token,
        }
        async with _running(competitor, environment, run / LOGS) as child:
            return await _measure(Workload(telegram, channel), size, child)


async def _measure(work: Workload, size: Size, child: Child) -> Figures:
    await work.warm_up()
    spent, calls = cpu_seconds(child.pid), len(work.telegram.ledger.calls)
    burst = await work.burst(size.checkins)
    load, waits = await work.load(size)
    return figures_of(burst, work.telegram.ledger.calls[calls:], load, waits, cpu_seconds(child.pid) - spent)


@contextlib.asynccontextmanager
async def _virtual_host(engines: Engines) -> AsyncIterator[str]:
    url = await engines.rabbitmq.create_vhost(VHOST)
    try:
        yield url
    finally:
        await engines.rabbitmq.delete_vhost(VHOST)


@contextlib.asynccontextmanager
async def _running(competitor: Competitor, environment: Mapping[str, str], logs: Path) -> AsyncIterator[Child]:
    """Keep the process for the block, which is cancelled when the process ends by itself."""
    own = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "LISTEN_ADDRESS": LOOPBACK,
        "METRICS_PORT": str(free_port()),
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "json",
    }
    name = "-".join(competitor.module)
    child = await Child.spawn(
        Program(name=competitor.name, argv=competitor.argv, env=own | dict(environment), log=logs / f"{name}.log")
    )
    try:
        async with asyncio.TaskGroup() as group:
            death = group.create_task(first_death([child]))
            yield child
            death.cancel()
    finally:
        await child.stop(STOP_LIMIT_SECONDS)
