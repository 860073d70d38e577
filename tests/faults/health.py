"""Owns the look at the fleet from outside: who is ready, what waits, who consumes, what each process holds."""

import asyncio
import os
from collections import Counter
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
STEADY: Final = tuple(
    queue.name for queue in WORK_QUEUES if not queue.name.startswith("outbound") and queue is not INGRESS_TURN
)
"""Queues whose consumers are always as many: a sender takes more when much waits, and nobody polls."""
LOOK: Final = 0.2
MIB: Final = 2**20


@dataclass(frozen=True)
class Look:
    """One moment: MiB and open files of each service, consumers of each queue, and the services' links to RabbitMQ."""

    memory: dict[str, float]
    files: dict[str, int]
    consumers: dict[str, int]
    links: dict[str, int]


async def look(ground: Ground) -> Look:
    """Look now."""
    pids = {name: ground.fleet.child(name).pid for name in ground.fleet.services if name not in ended(ground)}
    return Look(
        {name: _resident(pid) for name, pid in pids.items()},
        {name: len(os.listdir(f"/proc/{pid}/fd")) for name, pid in pids.items()},  # noqa: PTH208 - counts, no paths
        await _consumers(ground),
        await _links(ground),
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


async def waiting(ground: Ground) -> dict[str, int]:
    """What is in the queues of work, in hand or not; those that are empty are left out."""
    names = {name for queue in WORK for name in (queue.name, *queue.retry_names)}
    counts = Counter({queue["name"]: queue.get("messages", 0) for queue in await _queues(ground)})
    return {name: counts[name] for name in sorted(names) if counts[name]}


async def _consumers(ground: Ground) -> dict[str, int]:
    """Asked of the queues themselves: the management interface learns of consumers seconds later."""
    async with await aio_pika.connect(ground.broker.url) as connection, connection.channel() as channel:
        declared = [await channel.declare_queue(name, passive=True) for name in STEADY]
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
        return [{"name": queue.name, "messages": 1} for queue in WORK]  # nobody can tell that nothing waits
    return found


def _resident(pid: int) -> float:
    """MiB of memory that a process has now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB
