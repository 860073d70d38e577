"""Owns the look at the fleet from outside: who is ready, what waits, who consumes and reads, what a process holds."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aio_pika
import aiohttp

from local.probes import answers_ok
from shared.topology import GEO_TURN, INGRESS_TURN, SENDER_TURN, WORK_QUEUES
from tests.faults.ground import COUNTS, Ground

TURNS: Final = (SENDER_TURN, GEO_TURN, INGRESS_TURN)
WORK: Final = tuple(queue for queue in WORK_QUEUES if queue not in TURNS)
OUTBOUND: Final = tuple(queue.name for queue in WORK if queue.name.startswith("outbound"))
"""Queues with one consumer or more: a sender takes more when much waits."""
STEADY: Final = tuple(
    name
    for queue in WORK_QUEUES
    if queue.name not in OUTBOUND and queue is not INGRESS_TURN
    for name in queue.handed_out
)
"""Queues whose consumers are always as many; nobody polls."""
RECOVERY: Final = 30.0
"""Seconds after which every service must be ready again by itself."""
BACKENDS: Final = """
SELECT count(*) AS number, count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
LOOK: Final = 0.2
MIB: Final = 2**20


@dataclass(frozen=True)
class Look:
    """One moment of the fleet.

    Attributes:
        memory, files: MiB and open files of each service.
        consumers: of each queue.
        links: the services' to RabbitMQ, by name.
        backends: connections to PostgreSQL's primary, and how many of them hold a transaction open and do nothing.
    """

    memory: dict[str, float]
    files: dict[str, int]
    consumers: dict[str, int]
    links: dict[str, int]
    backends: tuple[int, int]


async def look(ground: Ground) -> Look:
    """Look now."""
    pids = {name: ground.fleet.child(name).pid for name in ground.fleet.services if name not in ended(ground)}
    return Look(
        {name: _resident(pid) for name, pid in pids.items()},
        {name: len(os.listdir(f"/proc/{pid}/fd")) for name, pid in pids.items()},  # noqa: PTH208 - counts, no paths
        await _consumers(ground),
        await _links(ground),
        tuple((await ground.fetch(BACKENDS))[0]),
    )


def ended(ground: Ground) -> list[str]:
    """Services whose process is gone."""
    return [name for name in ground.fleet.services if ground.fleet.child(name).status is not None]


async def ready(ground: Ground) -> bool:
    """Whether every service says so."""
    urls = [service.ready_url for service in ground.fleet.services.values()]
    return all(await asyncio.gather(*map(answers_ok, urls)))


async def until_ready(ground: Ground, limit: float) -> bool:
    """Wait for it; false when it takes longer."""
    try:
        async with asyncio.timeout(limit):
            while not await ready(ground):  # noqa: ASYNC110 - services tell nobody
                await asyncio.sleep(LOOK)
    except TimeoutError:
        return False
    return True


async def returned(ground: Ground) -> None:
    """Wait until every service is ready after a blow; that they are not in time is an accident."""
    began = time.monotonic()
    if not await until_ready(ground, RECOVERY):
        ground.diary.accident(f"not everybody was ready {RECOVERY:.0f} s after a blow")
    ground.recoveries.append(time.monotonic() - began)


async def not_ready(ground: Ground, what: str) -> None:
    """The fault has lasted a while: some service must know that it cannot work, or the fault did not hit."""
    if await ready(ground):
        ground.diary.accident(f"every service says that it is ready while {what}")


async def reads(ground: Ground, source: str) -> float:
    """How many reads of the check-in workers a `replica` or the `primary` has served."""
    return await _counted(ground, ("checkin_worker",), f'fleet_reads_total{{source="{source}"}} ')


async def asked_in_vain(ground: Ground) -> float:
    """How many questions Redis has not answered those who use it."""
    return await _counted(ground, ("sender", "geo_worker"), "fleet_cache_failures_total ")


async def _counted(ground: Ground, modules: Sequence[str], sample: str) -> float:
    """The sum of a metric's sample, given as its line begins, over all services of these kinds."""
    total = 0.0
    async with aiohttp.ClientSession() as session:
        for name in (name for module in modules for name in ground.names(module)):
            async with session.get(ground.fleet.services[name].metrics_url) as response:
                lines = (await response.text()).splitlines()
            total += sum(float(line.removeprefix(sample)) for line in lines if line.startswith(sample))
    return total


async def waiting(ground: Ground) -> dict[str, int]:
    """What is in the queues of work, in hand or not; those that are empty are left out.

    One of which nothing is known, as shortly after a restart, counts as holding something.
    """
    names = sorted(name for queue in WORK for name in queue.names)
    known = {queue["name"]: queue.get("messages", 1) for queue in await _queues(ground)}
    counts = {name: known.get(name, 1) for name in names}
    return {name: count for name, count in counts.items() if count}


async def _consumers(ground: Ground) -> dict[str, int]:
    """Asked of the queues themselves: the management interface learns of consumers seconds later."""
    async with await aio_pika.connect(ground.broker.url) as connection, connection.channel() as channel:
        declared = [await channel.declare_queue(name, passive=True) for name in (*STEADY, *OUTBOUND)]
    return {queue.name: queue.declaration_result.consumer_count or 0 for queue in declared}


async def _links(ground: Ground) -> dict[str, int]:
    """How many connections have each of the names that services give them."""
    listed = await ground.broker.asked("connections?columns=client_properties")
    names = [connection.get("client_properties", {}).get("connection_name", "") for connection in listed]
    return dict(Counter(name for name in names if name.startswith(tuple(COUNTS))))


async def _queues(ground: Ground) -> list[dict[str, Any]]:
    """As the management interface has them; a second old at most."""
    try:
        found: list[dict[str, Any]] = await ground.broker.asked("queues/%2F?columns=name,messages")
    except (aiohttp.ClientError, OSError, TimeoutError):
        return []  # nobody can tell that nothing waits
    return found


def _resident(pid: int) -> float:
    """MiB of memory that a process has now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB
