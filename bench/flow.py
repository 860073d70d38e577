"""Owns one flow of check-ins through the fleet, from the webhook to where the sender would take the replies."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel

from bench.checkins import CheckIn
from bench.crowd import post
from bench.profiled import BEGIN
from bench.spending import Spending
from local.fleet import Fleet, Launch, plan, python_module
from local.ports import LOOPBACK
from local.processes import ChildFailedError
from local.stage import Stage
from shared.topology import ENRICHMENT, INTERACTIVE, WorkQueue

COUNTS: Final[Mapping[str, int]] = MappingProxyType({"ingress": 1, "checkin_worker": 2, "geo_worker": 1})
"""No sender: what Telegram's cap would do to the figure is known."""
CROWD: Final = "the crowd"
GLANCE: Final = 0.02
"""Seconds between two looks at a queue."""
STANDSTILL: Final = 60.0
"""Seconds without anything new after which it is given up."""
ADDRESSES: Final = 3.0
"""Seconds without an address more after which no other is waited for."""
SECRET: Final = "for-the-bench-only"  # noqa: S105 - opens nothing but a bench
SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "TELEGRAM_BOT_TOKEN": "42:BENCH",
        "TELEGRAM_BOT_USERNAME": "bench_bot",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "CONSENT": "off",
        "GEOCODER": "offline",
    }
)


@dataclass(frozen=True, slots=True)
class Flow:
    """What came of a flow. Seconds count from the first post.

    Attributes:
        taken: until the last update was answered 200.
        handed: until the last reply was in the sender's queue.
        cpu: seconds of a processor by who used them, until the addresses were there, too.
        put_off: how often an update was answered 503, and posted again.
    """

    checkins: int
    taken: float
    handed: float
    cpu: Mapping[str, float]
    put_off: int = 0

    @property
    def rate(self) -> float:
        """Check-ins a second, from the webhook to the sender's queue."""
        return self.checkins / self.handed


@contextlib.asynccontextmanager
async def running(ready: Stage, launch: Launch = python_module) -> AsyncIterator["Line"]:
    """Start the services that a check-in passes."""
    services = plan(COUNTS)
    async with (
        Fleet(services, ready.environment, ready.logs, launch, own=ready.own) as fleet,
        await aio_pika.connect(ready.engines.rabbitmq.url) as connection,
        connection.channel() as channel,
    ):
        yield Line(ready, fleet, channel)


class Line:
    """Services that run, and the queues at their end."""

    def __init__(self, ready: Stage, fleet: Fleet, channel: AbstractChannel) -> None:
        self._pids = _pids(ready, fleet)
        self._fleet = fleet
        self._channel = channel
        (ingress,) = (service for service in fleet.services.values() if service.module == "ingress")
        self._url = f"http://{LOOPBACK}:{ingress.http_port}/webhook"

    async def take(self, checkins: Sequence[CheckIn]) -> Flow:
        """Let all of them come as fast as they are taken in; raises ChildFailedError when replies stay out."""
        for queue in (INTERACTIVE, ENRICHMENT):
            await (await self._channel.get_queue(queue.name)).purge()
        spending, own, begun = Spending(self._pids), time.process_time(), time.monotonic()
        put_off = await post(self._url, SECRET, (one.body for one in checkins))
        taken = time.monotonic() - begun
        await all_told(self._channel, len(checkins))
        handed = time.monotonic() - begun
        await _held(self._channel, ENRICHMENT, len(checkins), ADDRESSES)
        cpu = spending.so_far() | {CROWD: time.process_time() - own}
        return Flow(len(checkins), taken, handed, cpu, put_off)

    def profile(self) -> None:
        """Let services that were started as `profiled` be so from now on."""
        for name in self._fleet.services:
            self._fleet.send(name, BEGIN)


async def depth(channel: AbstractChannel, queue: WorkQueue) -> int:
    """How many messages wait in a queue."""
    seen = await channel.declare_queue(queue.name, passive=True)
    return seen.declaration_result.message_count or 0


async def all_told(channel: AbstractChannel, people: int) -> None:
    """Wait until a reply to each is in the sender's queue; raises ChildFailedError when they stay out."""
    if (replies := await _held(channel, INTERACTIVE, people, STANDSTILL)) < people:
        raise ChildFailedError(f"for {STANDSTILL:.0f} s no more than {replies} of {people} replies came")


async def _held(channel: AbstractChannel, queue: WorkQueue, wanted: int, patience: float) -> int:
    """Wait until the queue holds so many messages, or none more for so many seconds; returns how many it holds."""
    held, since = await depth(channel, queue), time.monotonic()
    while held < wanted and time.monotonic() < since + patience:
        await asyncio.sleep(GLANCE)
        if (now := await depth(channel, queue)) != held:
            held, since = now, time.monotonic()
    return held


def profiled(folder: Path) -> Launch:
    """A way to start services of which each leaves in `folder` its profile, as `<module>-<number>.prof`."""
    numbers = itertools.count(1)

    def launch(module: str) -> Sequence[str]:
        return (*python_module("bench.profiled"), str(folder / f"{module}-{next(numbers)}.prof"), module)

    return launch


def _pids(ready: Stage, fleet: Fleet) -> dict[str, list[int]]:
    pids: dict[str, list[int]] = {}
    for name, service in fleet.services.items():
        pids.setdefault(service.module, []).append(fleet.child(name).pid)
    return pids | {engine.name: [engine.child.pid] for engine in ready.engines.all()}
