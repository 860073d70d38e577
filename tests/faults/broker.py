"""Owns what happens to RabbitMQ: restarts, freezes, alarms, full queues, cut connections, lost nodes."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Final

import aio_pika
import aiohttp

from shared.topology import UPDATES
from simulator.ledger import WebhookTry
from tests.faults.cluster import Cluster, Node
from tests.faults.ground import Ground
from tests.faults.health import not_ready, returned
from tests.faults.scenario import Door, Scenario

AWAY: Final = 3.0
NODE_AWAY: Final = 8.0
GAP: Final = 5.0
"""Seconds after the loss of one of three nodes from which every update must be taken, with the node still away: a
channel whose publish met the election would refuse until it is back."""
ALARM: Final = 10.0
FREEZE: Final = 40.0
HALF_OPEN: Final = 40.0
"""Seconds: the services give a connection up that has been silent for 33 (three times the heartbeat and one more)."""
FULL: Final = 8.0
SETTLE: Final = 3.0
"""Seconds: a quorum queue that is declared less than a second before a kill stays without a leader."""


async def restarted(ground: Ground) -> None:
    """In order, as for an upgrade."""
    with ground.diary.moment("rabbitmq", "RabbitMQ is restarted"):
        await ground.engines.rabbitmq.restart()


async def killed_twice(ground: Ground) -> None:
    """Kill -9, and away for a while; then once more, as people come."""
    for blow in range(2):
        with ground.diary.moment("rabbitmq", "kill -9 of RabbitMQ"):
            await ground.engines.rabbitmq.kill()
            await asyncio.sleep(AWAY)
            await ground.engines.rabbitmq.start()
        if not blow:
            await asyncio.sleep(SETTLE)
            await returned(ground)
            await ground.burst()


async def frozen(ground: Ground) -> None:
    """It stands still with all connections open."""
    what = f"RabbitMQ is frozen for {FREEZE:.0f} s"
    with ground.diary.moment("rabbitmq", what), ground.frozen(ground.engines.rabbitmq.child):
        before = _given_up(ground)
        await asyncio.sleep(FREEZE)
        await not_ready(ground, "RabbitMQ is frozen")
        _all_gave_up(ground, before)


async def short_of_memory(ground: Ground) -> None:
    """The broker takes nothing more from publishers, and goes on to hand out."""
    await _alarm(ground, ("set_vm_memory_high_watermark", "absolute", "1MB"), ("set_vm_memory_high_watermark", "0.4"))


async def short_of_disk(ground: Ground) -> None:
    """The same, by the other alarm."""
    await _alarm(ground, ("set_disk_free_limit", "900000GB"), ("set_disk_free_limit", "50MB"))


async def _alarm(ground: Ground, on: tuple[str, ...], off: tuple[str, ...]) -> None:
    with ground.diary.moment("rabbitmq", f"RabbitMQ is in alarm for {ALARM:.0f} s: {' '.join(on)}"):
        await ground.engines.rabbitmq.control(*on)
        try:
            await asyncio.sleep(ALARM)
            await not_ready(ground, "RabbitMQ takes nothing")
        finally:
            await ground.engines.rabbitmq.control(*off)


async def full(ground: Ground) -> None:
    """The queue of updates takes nothing more: a policy lets it hold one."""
    broker = ground.engines.rabbitmq
    definition = '{"max-length": 1, "overflow": "reject-publish"}'
    workers, tries = ground.names("checkin_worker"), ground.telegram.ledger.webhook
    with ground.away(*workers), ground.diary.moment("rabbitmq", f"the queue of updates is full for {FULL:.0f} s"):
        # Frozen ones would have room for hundreds in their hands.
        await asyncio.gather(*map(ground.fleet.stop, workers))
        await broker.control("set_policy", "full", f"^{UPDATES.name}$", definition, "--apply-to", "queues")
        before = len(tries)
        await asyncio.sleep(FULL)
        if all(one.accepted for one in tries[before:]):
            ground.diary.accident("RabbitMQ took every update though the queue was full")
        await broker.control("clear_policy", "full")
        await asyncio.gather(*map(ground.fleet.launch, workers))


async def cut(ground: Ground) -> None:
    """Every connection ends at once, and new ones are refused for a while."""
    with ground.diary.moment("rabbitmq", f"connections to RabbitMQ are cut for {AWAY:.0f} s"):
        await ground.lines.rabbitmq.cut()
        await asyncio.sleep(AWAY)
        await not_ready(ground, "nobody is connected to RabbitMQ")
        await ground.lines.rabbitmq.heal()


async def half_open(ground: Ground) -> None:
    """The network swallows what is sent; nobody hears that the connection is gone."""
    with ground.diary.moment("rabbitmq", f"nothing gets through to RabbitMQ for {HALF_OPEN:.0f} s"):
        before = _given_up(ground)
        ground.lines.rabbitmq.freeze()
        await asyncio.sleep(HALF_OPEN)
        await not_ready(ground, "nothing gets through to RabbitMQ")
        _all_gave_up(ground, before)
        await ground.lines.rabbitmq.heal()


def _given_up(ground: Ground) -> dict[str, int]:
    """How many connections to RabbitMQ each service has lost so far, as it says itself."""
    return {
        name: ground.fleet.log(name).read_text(errors="replace").count("broker_link_lost")
        for name in ground.fleet.services
    }


def _all_gave_up(ground: Ground, before: Mapping[str, int]) -> None:
    """The silence has lasted long enough: each service must have lost a connection, or the fault did not hit."""
    kept = [name for name, count in _given_up(ground).items() if count == before[name]]
    if kept:
        ground.diary.accident(f"{', '.join(kept)} held on to a silent connection to RabbitMQ")


async def leader_killed(ground: Ground) -> None:
    """The node that leads the queue of updates dies; then the one that leads it next."""
    cluster = _cluster(ground)
    for blow in range(2):
        await _node_killed(ground, await cluster.leader_of(UPDATES.name), "leads", again=bool(blow))


async def follower_killed(ground: Ground) -> None:
    """A node dies that does not lead the queue of updates; then the other one."""
    first, second = await _cluster(ground).followers_of(UPDATES.name)
    await _node_killed(ground, first, "follows", again=False)
    await _node_killed(ground, second, "followed", again=True)


def _cluster(ground: Ground) -> Cluster:
    assert ground.cluster is not None  # the scenario says that it needs one
    return ground.cluster


async def _node_killed(ground: Ground, node: Node, which: str, *, again: bool) -> None:
    if again:
        await returned(ground)
        await ground.burst()
    with ground.diary.moment("rabbitmq", f"kill -9 of {node.node}, which {which}"):
        await node.kill()
        struck = time.monotonic()
        await asyncio.sleep(NODE_AWAY)
        tries = ground.telegram.ledger.webhook
        if wrong := shut(tries, struck + GAP):
            ground.diary.accident(f"{GAP:.0f} s after {node.node} was lost {wrong}")
        await node.start()
    async with asyncio.timeout(60):
        while not await _whole(ground):  # noqa: ASYNC110 - nodes tell nobody
            await asyncio.sleep(0.5)


def shut(tries: Iterable[WebhookTry], since: float) -> str:
    """What is wrong with a webhook that must take updates again; nothing if it takes each.

    One of two ingresses whose channel keeps nacking would refuse every other one.

    Args:
        tries: all requests to it.
        since: from when on (time.monotonic()) it is judged by those that are sent.
    """
    answered = [one for one in tries if one.sent >= since and one.answered is not None]
    refused = [one for one in answered if not one.accepted]
    if refused:
        return f"{len(refused)} of {len(answered)} updates were refused"
    return "" if answered else "nobody knows whether updates are taken: none was posted"


async def _whole(ground: Ground) -> bool:
    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, aio_pika.exceptions.AMQPError):
        return ground.cluster is not None and await ground.cluster.complete()
    return False


async def majority_lost(ground: Ground) -> None:
    """Two of three nodes die: nobody may say that a message is safe."""
    lost, tries = _cluster(ground).nodes[1:], ground.telegram.ledger.webhook
    with ground.diary.moment("rabbitmq", "kill -9 of two of three nodes"):
        await asyncio.gather(*(node.kill() for node in lost))
        since = len(tries)
        await asyncio.sleep(2 * AWAY)
        if any(one.accepted for one in tries[since:]):
            ground.diary.accident("an update was taken which no majority holds")
        await asyncio.gather(*(node.start() for node in lost))


SCENARIOS: Final = (
    Scenario("restart-rabbitmq", "RabbitMQ is restarted in order", restarted, Door.CLOSED),
    Scenario("kill-rabbitmq", "kill -9 of RabbitMQ, away for 3 s, twice", killed_twice, Door.CLOSED, short=True),
    Scenario("freeze-rabbitmq", "RabbitMQ stands still for 40 s", frozen, Door.CLOSED),
    Scenario("memory-alarm", "RabbitMQ's memory alarm for 10 s", short_of_memory, Door.CLOSED),
    Scenario("disk-alarm", "RabbitMQ's disk alarm for 10 s", short_of_disk, Door.CLOSED),
    Scenario("queue-full", "the queue of updates is full for 8 s", full, Door.CLOSED),
    Scenario("cut-rabbitmq", "connections to RabbitMQ are cut for 3 s", cut, Door.CLOSED),
    Scenario("half-open-rabbitmq", "connections to RabbitMQ are half open for 40 s", half_open, Door.CLOSED),
    Scenario(
        "kill-leader", "kill -9 of the node that leads, away for 8 s, twice", leader_killed, Door.CLOSED, clustered=True
    ),
    Scenario(
        "kill-follower",
        "kill -9 of a node that follows, away for 8 s, twice",
        follower_killed,
        Door.CLOSED,
        clustered=True,
    ),
    Scenario("majority-lost", "kill -9 of two of three nodes", majority_lost, Door.CLOSED, clustered=True),
)
