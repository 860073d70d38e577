"""Owns the checks that RabbitMQ's queues answer themselves: their arguments, who consumes them, what is dead."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, cast

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused

from ops.doctor.findings import Finding, ok, unchecked, warning, wrong
from ops.doctor.rabbitmq import connected, judge_rights
from ops.doctor.surroundings import Surroundings
from ops.orders import QUEUES
from shared.topology import (
    DEAD_QUEUES,
    GEO_TURN,
    INGRESS_TURN,
    RECEIPTS,
    REPORTS,
    SENDER_TURN,
    UPDATES,
    WorkQueue,
    declare,
)

TIMEOUT: Final = 4.0
WORKERS: Final = (UPDATES, RECEIPTS, REPORTS)
"""What every check-in worker consumes."""


@dataclass(frozen=True, slots=True)
class Depth:
    """What a queue holds, and how many take from it."""

    waiting: int
    consumers: int


class _Wanted:
    """A connection that writes down which queues are declared on it, and with which arguments."""

    def __init__(self) -> None:
        self.queues: dict[str, dict[str, Any]] = {}

    def channel(self) -> Self:
        return self

    async def declare_queue(self, name: str, *, durable: bool, arguments: dict[str, Any]) -> None:
        del durable
        self.queues[name] = arguments

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _kind: type[BaseException] | None, _e: object, _trace: TracebackType | None) -> None:
        """Nothing was opened."""


async def wanted() -> Mapping[str, dict[str, Any]]:
    """The queues that the services make, with their arguments, by asking what makes them."""
    paper = _Wanted()
    await declare(cast("AbstractConnection", paper))
    return paper.queues


async def depths(connection: AbstractConnection, names: Sequence[str]) -> dict[str, Depth]:
    """What each queue holds; those that do not exist are left out."""
    return {name: depth async for name, depth in _looked_at(connection, names)}


async def queues(around: Surroundings) -> Sequence[Finding]:
    """Whether each queue is there, as the services would make it, and whether they may."""
    wishes = await wanted()
    try:
        async with connected(around) as connection:
            there = await depths(connection, tuple(wishes))
            other = [
                judge_arguments(name, said, depth.waiting)
                for name, depth in there.items()
                if (said := await _other(connection, name, wishes[name])) is not None
            ]
    except ChannelAccessRefused as refusal:
        return [judge_rights(around, str(refusal))]
    missing = [name for name in wishes if name not in there]
    fine = len(there) - len(other)
    return [
        *other,
        *judge_missing(missing, len(wishes)),
        *([ok(f"{fine} queues are as they should be")] if fine else []),
    ]


def judge_missing(missing: Sequence[str], of: int) -> Sequence[Finding]:
    """Queues that are not there; every process makes all of them when it connects."""
    if not missing:
        return []
    mend = "start a service, or: fleet pause   (each process makes all of them when it connects)"
    if len(missing) == of:
        return [wrong("none of the queues is there: nobody has connected yet", mend)]
    return [wrong(f"missing: {', '.join(missing)}", mend)]


def judge_arguments(name: str, said: str, waiting: int) -> Finding:
    """A queue that was made with other arguments: whoever declares it is refused, so no service comes up.

    Args:
        name: the queue's.
        said: what RabbitMQ answered.
        waiting: messages that it holds; RabbitMQ deletes a quorum queue with all of them, and knows no --if-empty.
    """
    found = re.search(r"inequivalent arg '([^']+)'.*?received (.*) but current is (.*)$", said)
    how = f"its {found[1]} is {found[3]}, not {found[2]}" if found else said
    first = f"once the release that made it has emptied it, of {waiting:,} messages" if waiting else "it is empty"
    mend = f"rabbitmqctl delete_queue {name}   (with --vhost; {first}; services make it anew)"
    return wrong(f"{name} was made with other arguments: {how}; no service can connect", mend)


async def consumers(around: Surroundings) -> Sequence[Finding]:
    """Whether somebody takes from each queue."""
    names = [queue.name for queue in (*WORKERS, SENDER_TURN, GEO_TURN, INGRESS_TURN)]
    calls = {priority: [queue.name for queue in kinds] for priority, kinds in QUEUES.items()}
    async with connected(around) as connection:
        seen = await depths(connection, [*names, *(name for kinds in calls.values() for name in kinds)])
    if not set(names) <= set(seen):
        return [unchecked("queues are missing")]
    found = [judge_workers([seen[queue.name] for queue in WORKERS])]
    found.append(judge_turn(SENDER_TURN, "sender", seen[SENDER_TURN.name].consumers))
    if around.value("geocoding") is not False:
        found.append(judge_turn(GEO_TURN, "geo worker", seen[GEO_TURN.name].consumers))
    if around.value("ingress_mode") == "polling":
        found.append(judge_turn(INGRESS_TURN, "polling ingress", seen[INGRESS_TURN.name].consumers))
    if seen[SENDER_TURN.name].consumers:
        found += [
            judge_pause(priority, [seen[name] for name in kinds])
            for priority, kinds in calls.items()
            if not any(seen[name].consumers for name in kinds)
        ]
    return found


def judge_workers(depths: Sequence[Depth]) -> Finding:
    """Whether check-in workers take from all that they should: updates, receipts, reports."""
    number, waiting = min(depth.consumers for depth in depths), f"{depths[0].waiting:,} updates wait"
    if not number:
        return wrong(f"no check-in worker is there; {waiting}", "python -m checkin_worker")
    if number == 1:
        return warning(f"only 1 check-in worker is there; {waiting}", "python -m checkin_worker")
    return ok(f"{number} check-in workers are there; {waiting}")


def judge_turn(queue: WorkQueue, who: str, number: int) -> Finding:
    """Whether somebody holds a right; RabbitMQ counts the active consumer only, not those who wait for it."""
    module = queue.name.partition(".")[0]
    if not number:
        return wrong(f"no {who} is there", f"python -m {'geo_worker' if module == 'geo' else module}")
    return ok(f"a {who} is active")


def judge_pause(priority: str, depths: Sequence[Depth]) -> Finding:
    """A priority that nobody consumes while a sender is there."""
    waiting = sum(depth.waiting for depth in depths)
    return warning(f"{priority} is paused; {waiting:,} calls wait", f"fleet resume {priority}")


async def dead_letters(around: Surroundings) -> Sequence[Finding]:
    """How much nobody could handle."""
    async with connected(around) as connection:
        seen = await depths(connection, DEAD_QUEUES)
    if not seen:
        return [unchecked("the dead letters' queues are missing")]
    return judge_dead({name: depth.waiting for name, depth in seen.items()})


def judge_dead(waiting: Mapping[str, int]) -> Sequence[Finding]:
    """What each queue of dead letters holds."""
    held = {name: number for name, number in waiting.items() if number}
    if not held:
        return [ok("nothing is dead")]
    return [
        warning(f"{name} holds {number:,} that nobody could handle", f"fleet dead list --queue {name}")
        for name, number in held.items()
    ]


async def _looked_at(connection: AbstractConnection, names: Sequence[str]) -> AsyncIterator[tuple[str, Depth]]:
    for name in names:
        async with connection.channel() as channel:  # of its own: a queue that is missing closes it
            try:
                seen = (await channel.declare_queue(name, passive=True, timeout=TIMEOUT)).declaration_result
            except ChannelNotFoundEntity:
                continue
            yield name, Depth(seen.message_count or 0, seen.consumer_count or 0)


async def _other(connection: AbstractConnection, name: str, arguments: dict[str, Any]) -> str | None:
    """What RabbitMQ says to these arguments of a queue that exists; None: it has them."""
    async with connection.channel() as channel:
        try:
            await channel.declare_queue(name, durable=True, arguments=arguments, timeout=TIMEOUT)
        except ChannelPreconditionFailed as refusal:
            return str(refusal)
    return None
