"""Owns a backlog of check-ins: put into the queue while workers that are ready stand still, then let go at once."""

import asyncio
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aio_pika
import asyncpg

from bench.commits import committed
from bench.flow import STANDSTILL, all_told
from bench.spending import Spending
from local.fleet import plan
from local.processes import ChildFailedError
from local.stage import Stage, started
from shared import topology
from shared.contracts import RECEIVED_AT, UPDATE_ID
from simulator.crowd import Crowd
from simulator.people import Employee
from simulator.server import Simulator, SimulatorConfig

GLANCE: Final = 0.1
"""Seconds between two looks at the database."""


@dataclass(frozen=True, slots=True)
class Handled:
    """A backlog that was handled.

    Attributes:
        checkins: how many.
        seconds: until the last was committed.
        workers, postgres: seconds of a processor that they used until all were told, too.
    """

    checkins: int
    seconds: float
    workers: float
    postgres: float

    @property
    def rate(self) -> float:
        """Check-ins a second."""
        return self.checkins / self.seconds


async def handled(ready: Stage, people: Sequence[Employee], *, workers: int) -> Handled:
    """Let each of the people, who are employees, check in, by so many workers and nothing else of the fleet."""
    bodies = _updates(people)
    services = plan({"checkin_worker": workers})
    async with await aio_pika.connect(ready.environment["RABBITMQ_URL"]) as connection, connection.channel() as channel:
        await topology.declare(connection)
        async with started(ready, services) as fleet:
            pids = {
                "workers": [child.pid for child in fleet.children()],
                "postgres": [ready.engines.postgres.child.pid],
            }
            for name in fleet.services:
                fleet.send(name, signal.SIGSTOP)
            try:
                await asyncio.gather(*(_put(channel, number, body) for number, body in bodies.items()))
            finally:
                spending, begun = Spending(pids), time.time()
                for name in fleet.services:
                    fleet.send(name, signal.SIGCONT)
            url = ready.database_url
            await _all_in(url, bodies)
            await all_told(channel, len(bodies))  # which belongs to what a check-in takes
            cpu = spending.so_far()
            at = await committed(url, "inbox", bodies)
        for queue in topology.WORK_QUEUES:
            await (await channel.get_queue(queue.name, ensure=False)).purge()
    return Handled(len(bodies), max(at.values()) - begun, cpu["workers"], cpu["postgres"])


def _updates(people: Sequence[Employee]) -> dict[int, bytes]:
    """A location of each, as Telegram posts it."""
    telegram = Simulator(SimulatorConfig(seed=people[0].id))
    crowd = Crowd(telegram, employees=1)
    return {crowd.send_location(one): telegram.updates.lanes["chat", one.id][-1].body() for one in people}


async def _put(channel: aio_pika.abc.AbstractChannel, number: int, body: bytes) -> None:
    message = aio_pika.Message(
        body,
        message_id=str(number),
        headers={UPDATE_ID: number, RECEIVED_AT: time.time_ns() // 1_000_000},
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
    await channel.default_exchange.publish(message, topology.UPDATES.name)


async def _all_in(database_url: str, updates: dict[int, bytes]) -> None:
    database = await asyncpg.connect(database_url)
    query, ids = "SELECT count(*) FROM inbox WHERE update_id = ANY($1::bigint[])", list(updates)
    seen, since = -1, time.monotonic()
    try:
        while (now := await database.fetchval(query, ids)) < len(ids):
            if now > seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() > since + STANDSTILL:
                raise ChildFailedError(
                    f"for {STANDSTILL:.0f} s no more than {now} of {len(ids)} check-ins are recorded"
                )
            await asyncio.sleep(GLANCE)
    finally:
        await database.close()
