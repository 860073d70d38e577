"""Owns the trials of single hops: the fleet's part of the way, and the least that could do the same, in turn."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import aio_pika
import asyncpg
from aio_pika.abc import AbstractChannel

from bench.checkins import checkins
from bench.crowd import post
from bench.flow import SECRET, depth
from bench.pace import WARM, Pace, pace
from bench.spending import cpu_seconds
from local.fleet import Fleet, plan
from local.ports import LOOPBACK, free_port
from local.probes import greeted
from local.processes import Child, Program
from local.stage import Stage
from shared.contracts import RECEIVED_AT, UPDATE_ID
from shared.topology import INTERACTIVE, UPDATES, WORK_QUEUES

START_LIMIT = 60.0


@dataclass
class Ground:
    """Where trials take place: engines, a channel to look at queues, and people who have not checked in yet."""

    ready: Stage
    channel: AbstractChannel
    database: asyncpg.Connection
    nobody_yet: int = 0

    def next_people(self, count: int) -> int:
        """The number of the first of so many people who have not checked in yet."""
        first = self.nobody_yet
        self.nobody_yet += count
        return first

    async def clear(self) -> None:
        """Leave every queue empty."""
        for queue in WORK_QUEUES:
            await (await self.channel.get_queue(queue.name)).purge()

    async def fill(self, first: int, count: int) -> None:
        """Let so many people's check-ins wait for a worker."""
        await asyncio.gather(*(self._put(one.update_id, one.body) for one in checkins(first, count)))

    async def replies(self) -> int:
        """How many messages wait for the sender."""
        return await depth(self.channel, INTERACTIVE)

    async def recorded(self) -> int:
        """How many updates have had their effect."""
        return int(await self.database.fetchval("SELECT count(*) FROM inbox"))

    async def _put(self, update_id: int, body: bytes) -> None:
        headers: Mapping[str, int] = {UPDATE_ID: update_id, RECEIVED_AT: time.time_ns() // 1_000_000}
        message = aio_pika.Message(
            body, message_id=f"{update_id}", headers=dict(headers), delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        )
        await self.channel.default_exchange.publish(message, UPDATES.name)


async def door(ground: Ground, count: int, *, bare: bool) -> Pace:
    """Posts that are answered 200, of the ingress or of an aiohttp server that publishes and confirms the same."""
    bodies = [one.body for one in checkins(ground.next_people(count), count)]
    async with _bare_door(ground) if bare else _ingress(ground) as (child, url):
        await post(url, SECRET, bodies[: count // WARM])
        spent, begun, counted = cpu_seconds(child.pid), time.monotonic(), bodies[count // WARM :]
        await post(url, SECRET, counted)
        took, used = time.monotonic() - begun, cpu_seconds(child.pid) - spent
    await ground.clear()
    return Pace(len(counted) / took, used / len(counted))


async def worker(ground: Ground, count: int, *, bare: bool) -> Pace:
    """Check-ins that are recorded: updates by a worker, or their statements by asyncpg alone."""
    first, before = ground.next_people(count), await ground.recorded()

    async def recorded() -> int:
        return await ground.recorded() - before

    if not bare:
        await ground.fill(first, count)
    async with _bare(ground, "bare_worker", str(first), str(count)) if bare else _worker(ground) as child:
        found = await pace(child, recorded, count)
    await ground.clear()
    return found


async def relay(ground: Ground, count: int, *, bare: bool) -> Pace:
    """Messages consumed, published with confirm and acked: by the fleet's own classes, or by aio-pika alone."""
    await ground.fill(0, count)
    async with _bare(ground, "relay", "bare" if bare else "ours") as child:
        found = await pace(child, ground.replies, count)
    await ground.clear()
    return found


def _bare(ground: Ground, module: str, *arguments: str) -> AbstractAsyncContextManager[Child]:
    argv = (sys.executable, "-m", f"bench.{module}", *arguments)
    environment = {**ground.ready.environment, **ground.ready.own["checkin_worker"]}
    return _running(Program(name=module, argv=argv, env=environment, log=ground.ready.logs / f"{module}.log"))


@contextlib.asynccontextmanager
async def _running(program: Program) -> AsyncIterator[Child]:
    child = await Child.spawn(program)
    try:
        yield child
    finally:
        await child.kill()


@contextlib.asynccontextmanager
async def _bare_door(ground: Ground) -> AsyncIterator[tuple[Child, str]]:
    port = free_port()
    async with _bare(ground, "bare_door", str(port)) as child:
        await child.until(lambda: greeted(port), START_LIMIT)
        yield child, f"http://{LOOPBACK}:{port}/webhook"


@contextlib.asynccontextmanager
async def _ingress(ground: Ground) -> AsyncIterator[tuple[Child, str]]:
    async with _fleet(ground, "ingress") as fleet:
        await fleet.start("ingress")
        yield fleet.child("ingress"), f"http://{LOOPBACK}:{fleet.services['ingress'].http_port}/webhook"


@contextlib.asynccontextmanager
async def _worker(ground: Ground) -> AsyncIterator[Child]:
    """As soon as its process has begun: when it is ready it has handled half of what waits."""
    async with _fleet(ground, "checkin_worker") as fleet:
        await fleet.launch("checkin_worker")
        yield fleet.child("checkin_worker")


@contextlib.asynccontextmanager
async def _fleet(ground: Ground, module: str) -> AsyncIterator[Fleet]:
    ready = ground.ready
    fleet = Fleet(plan({module: 1}), ready.environment, ready.logs, own=ready.own)
    try:
        yield fleet
    finally:
        await fleet.stop_all()


@contextlib.asynccontextmanager
async def ground_of(ready: Stage) -> AsyncIterator[Ground]:
    """Open what trials look at."""
    database = await asyncpg.connect(ready.database_url)
    try:
        async with await aio_pika.connect(ready.engines.rabbitmq.url) as connection, connection.channel() as channel:
            yield Ground(ready, channel, database)
    finally:
        await database.close()
