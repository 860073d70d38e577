"""Owns what Redis and RabbitMQ add to an update's journey: ends that the ledger has not, dead letters, what waits.

What a service has in hand cannot be seen from outside, and a queue cannot be searched without taking everything out of
it. So of what waits only the number is told; dead letters, which nobody waits for, are looked through, up to MOST.
"""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ops import dead
from ops.dead_letters import Choice
from ops.journey import Journey, Step, called
from ops.orders import OrderDesk, order_desk
from shared.cache import Cache
from shared.contracts import OutboundCall, decode
from shared.errors import BrokerUnavailable, CacheUnavailable, Undecodable
from shared.remembered import NOT_SENT, UNDER_WAY, place_of, sent_as
from shared.topology import GEO_REQUESTS, INTERACTIVE, REPORTS, UPDATES, WORK_QUEUES, WorkQueue

if TYPE_CHECKING:
    from pydantic import SecretStr

    from shared.sealed import Outgoing

MOST: Final = 10_000
"""Dead letters of a queue that are looked through; each is taken out and put back."""
SHOWN: Final = 20
"""Dead letters of one update that are told."""
TRIES: Final = 3
"""Redis gets 50 ms a try, which a busy machine may miss; it is left alone for a second after that."""
_QUEUES: Final = {queue.name: queue for queue in WORK_QUEUES}


class _Nobody:
    """Who looks on at a walk that takes a moment."""

    def move(self, description: str, done: int, total: int, told: str) -> None:
        """Say nothing."""


async def ask_redis(journey: Journey, url: "SecretStr") -> None:
    """Let the sender's marks tell how calls ended that the ledger does not have."""
    due = [message for message in journey.due if message.queue.startswith("outbound.")]
    if not due:
        return
    async with contextlib.aclosing(Cache(url)) as cache:
        for message in due:
            try:
                value = await _patiently(cache, place_of(message.key))
            except CacheUnavailable as problem:
                journey.notes.append(f"Redis, which the sender tells first, is away ({problem})")
                return
            _hear(journey, message, value)


async def ask_rabbitmq(journey: Journey, url: "SecretStr") -> None:
    """Look for the update, and for what followed from it, among the dead letters; and tell what waits.

    Raises:
        BrokerUnavailable: RabbitMQ is away, and nothing is known of the update without it.
    """
    try:
        async with order_desk(url) as desk:
            queues = await _searched(journey, desk)
            waiting = [await _waiting(desk, queue) for queue in _where(journey)]
        await _find_dead(journey, url, queues)
    except (BrokerUnavailable, dead.Busy) as problem:
        if not journey.steps:
            raise
        journey.notes.append(f"RabbitMQ does not say what waits or is dead ({problem})")
    else:
        if not any(step.what == "dead" for step in journey.steps):
            journey.notes += [said for said in waiting if said]


async def _patiently(cache: Cache, place: str) -> str | None:
    for _ in range(TRIES - 1):
        with contextlib.suppress(CacheUnavailable):
            return await cache.get(place)
        await asyncio.sleep(1.1)
    return await cache.get(place)


def _hear(journey: Journey, message: "Outgoing", value: str | None) -> None:
    if (sent := sent_as(value)) is not None:
        try:
            call = decode(OutboundCall, message.body)
        except Undecodable as problem:  # of another release
            journey.notes.append(f"{message.key} was sent; more cannot be read here ({problem})")
            return
        entry = {
            "chat_id": call.chat_id,
            "key": call.key,
            "method": call.method,
            "outcome": "sent",
            "message_id": sent.message_id,
            "created_at": datetime.fromtimestamp(call.created_at, UTC),
            "settled_at": datetime.fromtimestamp(sent.at, UTC),
        }
        journey.steps.append(called(entry, "Redis; its receipt has not come yet"))
        journey.due.remove(message)
    elif value == UNDER_WAY:
        journey.notes.append(f"{message.key} was being written to Telegram, and what became of it is not known yet")
    elif value == NOT_SENT:
        journey.notes.append(f"{message.key} ended without being sent; the receipt that says why has not come yet")


def _where(journey: Journey) -> list[WorkQueue]:
    """The queues in which it, or what followed from it, may wait."""
    if not journey.steps:
        return [UPDATES]
    return [queue for name in dict.fromkeys(message.queue for message in journey.due) if (queue := _QUEUES.get(name))]


async def _searched(journey: Journey, desk: OrderDesk) -> list[str]:
    """The dead queues that hold something, and not too much to look through."""
    queues = []
    for queue in (UPDATES, GEO_REQUESTS, INTERACTIVE, REPORTS):
        number = await desk.length(queue.dead)
        if number > MOST:
            journey.notes.append(
                f"{queue.dead} holds {number:,} messages, too many to look through here: "
                f"`fleet dead list --queue {queue.dead.removeprefix('dead.')} --key KEY` does"
            )
        elif number:
            queues.append(queue.dead)
    return queues


async def _waiting(desk: OrderDesk, queue: WorkQueue) -> str:
    depth = await desk.depth(queue)
    if not depth.waiting and not depth.later:
        return ""
    later = f", and {depth.later:,} to be tried again later" if depth.later else ""
    taken = "" if depth.consumers else "; nobody takes from it"
    return f"{queue.name} has {depth.waiting:,} waiting{later}, it may be among them{taken}"


def _is(message: "Outgoing", line: dead.Line) -> bool:
    """Whether this is the dead letter; an address is asked for under its reply's key, in another queue."""
    queue = _QUEUES.get(message.queue)
    return message.key == line.key and queue is not None and queue.dead == line.queue


async def _find_dead(journey: Journey, url: "SecretStr", queues: list[str]) -> None:
    if not queues:
        return
    choice = Choice(queues=tuple(queues), update_id=journey.update_id)
    seen = await dead.look(url, choice, SHOWN, _Nobody())
    for line in seen.lines:
        at = line.last_failed or datetime.now(UTC)
        facts = {"key": line.key, "queue": line.queue, "reason": line.reason, "tries": line.tries}
        journey.steps.append(Step(at, "dead", facts))
        journey.due = [message for message in journey.due if not _is(message, line)]
