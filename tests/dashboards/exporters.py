"""Owns the exporters of PostgreSQL and Redis, as docker-compose.yml has them."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Final

from local import binaries
from local.engine import SYSTEM_PATH
from local.ports import LOOPBACK, free_port
from local.probes import answers_ok
from local.processes import Child, Program
from local.stage import DATABASE
from tests.alerts.broker import ScrapedRabbitMQ
from tests.faults.ground import Ground

START_LIMIT: Final = 30.0


@contextlib.asynccontextmanager
async def exporters(ground: Ground) -> AsyncIterator[Mapping[str, str]]:
    """Where each engine's exporter listens, by the name that the engine's machine has in docker-compose.yml."""
    broker = ground.engines.rabbitmq
    assert isinstance(broker, ScrapedRabbitMQ)
    ports = {"postgres-exporter": free_port(), "redis-exporter": free_port()}
    postgres, redis = ground.engines.postgres, ground.engines.redis
    address = f"--web.listen-address={LOOPBACK}"
    programs = {
        "postgres-exporter": (
            (binaries.postgres_exporter(), f"{address}:{ports['postgres-exporter']}"),
            {"DATA_SOURCE_NAME": f"{postgres.database_url(DATABASE)}?sslmode=disable"},
        ),
        "redis-exporter": (
            (binaries.redis_exporter(), f"{address}:{ports['redis-exporter']}", f"--redis.addr={redis.url}"),
            {"REDIS_PASSWORD": redis.password},
        ),
    }
    async with contextlib.AsyncExitStack() as running:
        for name, (argv, environment) in programs.items():
            log = ground.stage.logs / f"{name}.log"
            program = Program(name=name, argv=argv, env={"PATH": SYSTEM_PATH, **environment}, log=log)
            child = await Child.spawn(program)
            running.push_async_callback(child.kill)
            await child.until(partial(answers_ok, f"http://{LOOPBACK}:{ports[name]}/metrics"), START_LIMIT)
        yield {"rabbitmq": f"{LOOPBACK}:{broker.exporter_port}"} | {
            name: f"{LOOPBACK}:{port}" for name, port in ports.items()
        }
