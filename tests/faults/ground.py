"""Owns what a trial stands on: engines behind proxies, the fleet, a simulated Telegram, a geocoder."""

import asyncio
import contextlib
import os
import platform
import random
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import redis.asyncio as redis
from aiohttp import web
from pydantic import SecretStr

from local.command import operate
from local.engines import Engines
from local.fleet import Fleet, plan
from local.folders import LOGS, run_folder, runs_in_memory
from local.ports import LOOPBACK
from local.rabbitmq import RabbitMQ
from local.replica import Replica
from local.stage import DATABASE, Stage
from ops.webhook import WebhookSettings, set_webhook
from shared.publisher import Publisher
from simulator.crowd import Crowd
from simulator.server import Simulator, SimulatorConfig
from tests.faults.cluster import Cluster
from tests.faults.kinds import Kinds
from tests.integration.broker_side import linked
from tests.integration.geo_side import nominatim
from tests.integration.proxy import Proxy
from tests.soak.arena import DOUBLE_TAP_SECONDS, RETRY_SCALE, Arena, own_log
from tests.soak.diary import Diary
from tests.unit.geo_worker.geocoder_stand_in import StandIn, stand_in

PEOPLE: Final = 15_000
"""Nobody is in two trials."""
COUNTS: Final[Mapping[str, int]] = {"ingress": 2, "checkin_worker": 2, "geo_worker": 2, "sender": 2}
REPLICAS: Final = 2
WEBHOOK_TIMEOUT: Final = 10.0
"""Seconds after which Telegram gives a request up; it takes 60, and a trial would wait for them."""
GEOCODER_TAKES: Final = 0.1
"""Seconds for each answer, so that strikes can meet somebody who waits for one."""
DISK: Final = "800m"
"""The file system of PostgreSQL's primary, which one trial fills."""

Reached = Callable[[Proxy, str], str]
"""Gives the address by which services reach an engine, from its proxy and its own address."""


@dataclass(frozen=True)
class Lines:
    """The ways by which services reach engines, and Telegram the webhook."""

    postgres: Proxy
    rabbitmq: Proxy
    redis: Proxy
    webhook: Proxy
    replicas: list[Proxy]

    def all(self) -> list[Proxy]:
        """Each of them."""
        return [self.postgres, self.rabbitmq, self.redis, self.webhook, *self.replicas]


async def _nobody() -> None:
    """Nobody comes."""


@dataclass(kw_only=True)
class Ground(Arena):
    """What is pulled at, and looked at."""

    lines: Lines
    replicas: list[Replica]
    geocoder: StandIn
    cluster: Cluster | None = None
    disk: Path | None = None
    """The primary's file system, where it has one of its own."""
    promoted: Replica | None = None
    """The primary, if it is not the one that was at first."""
    burst: Callable[[], Awaitable[None]] = _nobody
    """Lets a crowd come at once: for strikes of several blows, each of which is to meet one."""
    recoveries: list[float] = field(default_factory=list)
    """Seconds that the services needed after each blow of this trial, as far as the strike itself waited for them."""
    fresh: Iterator[int] = field(default_factory=lambda: iter(range(PEOPLE)))

    @property
    def broker(self) -> RabbitMQ:
        """A node of RabbitMQ that runs."""
        nodes = self.cluster.nodes if self.cluster else [self.engines.rabbitmq]
        return next(node for node in nodes if node.child.status is None)

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask the primary, not by way of the services' proxy."""
        connection = await asyncpg.connect((self.promoted or self.engines.postgres).database_url(DATABASE), timeout=10)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    def names(self, module: str) -> list[str]:
        """The services of one kind."""
        return [name for name, service in self.fleet.services.items() if service.module == module]


@contextlib.asynccontextmanager
async def opened(
    diary: Diary, seed: int, kinds: Kinds, *, clustered: bool, direct: bool = False
) -> AsyncIterator[Ground]:
    """Everything is up and the webhook is set; on leaving, all of it ends.

    Services reach engines by `lines`, or directly: what passes there costs this process time that a burst needs.
    """
    with run_folder("faults", runs_in_memory()) as folder:
        async with contextlib.AsyncExitStack() as running:
            running.enter_context(own_log(folder / LOGS / "faults.log"))
            disk = running.enter_context(_small_disk(folder / "disk"))
            cluster = Cluster(folder / "cluster", secrets.token_hex(8), kinds.node) if clustered else None
            engines = await running.enter_async_context(_engines(folder, disk or folder, kinds, cluster))
            copies = [kinds.replica(_own(folder, f"replica-{n + 1}"), engines.postgres) for n in range(REPLICAS)]
            replicas = [await running.enter_async_context(_running(copy)) for copy in copies]
            services = plan(COUNTS)
            doors = [service.http_port for service in services if service.module == "ingress"]
            brokers = [node.port for node in cluster.nodes] if cluster else [engines.rabbitmq.port]
            lines = Lines(
                Proxy(engines.postgres.port),
                Proxy(*brokers),
                Proxy(engines.redis.port),
                Proxy(*doors),
                [Proxy(replica.port) for replica in replicas],
            )
            for line in lines.all():
                await running.enter_async_context(line)
            telegram = await running.enter_async_context(
                Simulator(SimulatorConfig(seed=seed, time_scale=RETRY_SCALE, webhook_timeout=WEBHOOK_TIMEOUT))
            )
            telegram.faults.random = random.Random(seed)  # noqa: S311 - no secret: repeatable faults
            geocoder = await running.enter_async_context(stand_in(_unhurried))
            reached = _directly if direct else Proxy.before
            environment = await _environment(engines, replicas, lines, reached)
            webhook = WebhookSettings(
                telegram_bot_token=SecretStr(telegram.token),
                telegram_api_url=telegram.url,
                telegram_webhook_url=f"http://{LOOPBACK}:{lines.webhook.port}/webhook",
                telegram_webhook_secret=SecretStr(secrets.token_urlsafe(32)),
            )
            environment |= _company(webhook, geocoder.url)
            ready = Stage(folder, engines, environment)
            await operate("migrate", environment=environment, logs=ready.logs)
            await set_webhook(webhook)  # first, so that no sender sees another one
            fleet = await running.enter_async_context(Fleet(services, environment, ready.logs))
            publisher = Publisher()
            await running.enter_async_context(linked(reached(lines.rabbitmq, engines.rabbitmq.url), publisher))
            crowd = Crowd(telegram, employees=PEOPLE, seed=seed)
            yield Ground(
                diary,
                telegram,
                crowd,
                ready,
                fleet,
                publisher,
                lines=lines,
                replicas=replicas,
                geocoder=geocoder,
                cluster=cluster,
                disk=disk,
            )


async def _unhurried(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(GEOCODER_TAKES)
    return await nominatim(request)


def _own(folder: Path, name: str) -> Path:
    """A folder into which PostgreSQL's user may look."""
    own = folder / name
    own.mkdir()
    own.chmod(0o755)
    return own


async def versions(ground: Ground) -> str:
    """Of the engines, and of Python."""
    rabbitmq = (await ground.broker.asked("overview"))["rabbitmq_version"]
    postgres = (await ground.fetch("SHOW server_version"))[0][0].split()[0]
    async with redis.from_url(ground.engines.redis.url) as client:
        of_redis = (await client.info("server"))["redis_version"]
    python = platform.python_version()
    return f"RabbitMQ {rabbitmq}, PostgreSQL {postgres}, Redis {of_redis}, Python {python}"


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[Path | None]:
    """A file system in memory that can be filled; None where nobody lets us make one."""
    folder.mkdir()
    mount = shutil.which("mount") or ""
    made = bool(mount) and os.geteuid() == 0
    if made:
        options = f"size={DISK},mode=755"
        made = not subprocess.run([mount, "-t", "tmpfs", "-o", options, "faults", folder], check=False).returncode  # noqa: S603 - our own folder
    try:
        yield folder if made else None
    finally:
        if made:
            subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607 - what was mounted above


@contextlib.asynccontextmanager
async def _engines(folder: Path, disk: Path, kinds: Kinds, cluster: Cluster | None) -> AsyncIterator[Engines]:
    password = cluster.nodes[0].password if cluster else secrets.token_hex(8)
    broker = cluster.nodes[0] if cluster else kinds.rabbitmq(folder, password)
    engines = Engines(kinds.postgres(disk, password), broker, kinds.redis(folder, password))
    async with contextlib.AsyncExitStack() as begun:  # each is ended, whatever befalls the end of another
        for engine in (engines.postgres, engines.redis, cluster or broker):
            begun.push_async_callback(engine.discard)
            await engine.start()
        yield engines


@contextlib.asynccontextmanager
async def _running(replica: Replica) -> AsyncIterator[Replica]:
    try:
        await replica.start()
        yield replica
    finally:
        await replica.discard()


def _directly(_line: Proxy, url: str) -> str:
    return url


async def _environment(engines: Engines, replicas: list[Replica], lines: Lines, reached: Reached) -> dict[str, str]:
    primary = reached(lines.postgres, await engines.postgres.create_database(DATABASE))
    heir = f",{LOOPBACK}:{lines.replicas[0].port}/"  # who takes the primary's place in one trial
    copies = zip(lines.replicas, replicas, strict=True)
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "PYTHONUNBUFFERED": "1",
        "LISTEN_ADDRESS": LOOPBACK,
        "RABBITMQ_URL": reached(lines.rabbitmq, engines.rabbitmq.url),
        "DATABASE_URL": heir.join(primary.rsplit("/", 1)),
        "DATABASE_REPLICA_URLS": ",".join(reached(line, copy.database_url(DATABASE)) for line, copy in copies),
        "REDIS_URL": reached(lines.redis, engines.redis.url),
        "DB_POOL_MIN": "2",
        "DB_POOL_MAX": "10",
    }


def _company(webhook: WebhookSettings, geocoder: str) -> dict[str, str]:
    """Where Telegram and the geocoder are, and who may come."""
    return {
        "TELEGRAM_BOT_TOKEN": webhook.telegram_bot_token.get_secret_value(),
        "TELEGRAM_API_URL": webhook.telegram_api_url,
        "TELEGRAM_WEBHOOK_URL": webhook.telegram_webhook_url,
        "TELEGRAM_WEBHOOK_SECRET": webhook.telegram_webhook_secret.get_secret_value(),
        "REGISTRATION": "open",
        "CONSENT": "off",
        "GEOCODER": "nominatim",
        "GEOCODER_URL": geocoder,
        "GEOCODER_CONTACT": "sre@example.org",
        "DOUBLE_TAP_SECONDS": str(DOUBLE_TAP_SECONDS),
        # No trial begins on one working day and ends on the next.
        "WORKDAY_BOUNDARY": f"{datetime.now(ZoneInfo('Asia/Baku')) + timedelta(hours=12):%H:%M}",
    }
