"""Owns the look at the fleet from outside: who is ready, what waits, who consumes, what each process holds."""

import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from local.probes import answers_ok
from shared.topology import DEAD_QUEUES, GEO_TURN, INGRESS_TURN, SENDER_TURN, WORK_QUEUES
from tests.faults.ground import Ground

TURNS: Final = (SENDER_TURN, GEO_TURN, INGRESS_TURN)
WORK: Final = tuple(queue for queue in WORK_QUEUES if queue not in TURNS)
STEADY: Final = tuple(
    queue.name for queue in WORK_QUEUES if not queue.name.startswith("outbound") and queue is not INGRESS_TURN
)
"""Queues whose consumers are always as many: a sender takes more when much waits, and nobody polls."""
LOOK: Final = 0.2
CALM: Final = 1.5
MIB: Final = 2**20


@dataclass(frozen=True)
class Look:
    """One moment: MiB and open files of each service, consumers of each queue, connections at the engines."""

    memory: dict[str, float]
    files: dict[str, int]
    consumers: dict[str, int]
    broker: int
    database: int


async def look(ground: Ground) -> Look:
    """Look now."""
    pids = {name: ground.fleet.child(name).pid for name in ground.fleet.services}
    queues = {queue["name"]: queue for queue in await _queues(ground)}
    backends = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    return Look(
        {name: _resident(pid) for name, pid in pids.items()},
        {name: len(os.listdir(f"/proc/{pid}/fd")) for name, pid in pids.items()},  # noqa: PTH208 - counts, no paths
        {name: queues[name].get("consumers", 0) for name in STEADY},
        len(await ground.broker.asked("connections?columns=name")),
        (await ground.fetch(backends))[0][0],
    )


async def calm_look(ground: Ground) -> Look:
    """Look once every queue has consumers, and as many as a while before: the broker tells of them late."""
    before: dict[str, int] = {}
    while (now := await look(ground)).consumers != before or not all(before.values()):
        before = now.consumers
        await asyncio.sleep(CALM)
    return now


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


def dead_queues() -> tuple[str, ...]:
    """The dead letters' names."""
    return DEAD_QUEUES


async def _queues(ground: Ground) -> list[dict[str, Any]]:
    """As the management interface has them; a second old at most."""
    try:
        found: list[dict[str, Any]] = await ground.broker.asked("queues/%2F?columns=name,messages,consumers")
    except (aiohttp.ClientError, OSError, TimeoutError):
        return [{"name": queue.name, "messages": 1} for queue in WORK]  # nobody can tell that nothing waits
    return found


def _resident(pid: int) -> float:
    """MiB of memory that a process has now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB
