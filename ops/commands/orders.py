"""Owns the words `fleet pause` and `fleet resume`: what the sender lets wait."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from ops.orders import QUEUES, OrderDesk, Seen, order_desk
from ops.terminal import Refused, done, say, show
from shared.contracts import CallPriority, Order
from shared.settings import BrokerSettings, read

PRIORITY: Final = typer.Argument(
    metavar="[interactive|enrichment|bulk]...", help="Replies and files; addresses found late; campaigns and reminders."
)
AGAIN: Final = 1.0
"""Seconds after which a queue without a consumer is looked at again: a sender that begins attaches to one by one."""


def pause(priorities: Annotated[list[str] | None, PRIORITY] = None) -> None:
    """Let calls wait in RabbitMQ until `fleet resume`; without words, say what waits now.

    Whichever sender is active obeys, also after a restart. One campaign alone is paused by `fleet campaign pause`.
    """
    settings = read(BrokerSettings)
    if priorities:
        _order(settings, priorities, paused=True)
    else:
        show(("priority", "state", "waiting"), done(_states(settings), "Looking at the queues"))


def resume(priorities: Annotated[list[str], PRIORITY]) -> None:
    """Let calls go out again."""
    _order(read(BrokerSettings), priorities, paused=False)


def _order(settings: BrokerSettings, words: Sequence[str], *, paused: bool) -> None:
    seen = done(_give(settings, words, paused=paused), "Telling the sender (say it again)")
    for priority, one in seen.items():
        say(_said(priority, one, paused=paused))
    if not all(one.obeys(paused=paused) or not one.senders for one in seen.values()):
        raise typer.Exit(1)


async def _give(settings: BrokerSettings, words: Sequence[str], *, paused: bool) -> dict[CallPriority, Seen]:
    if unknown := sorted({*words} - {*QUEUES}):
        raise Refused(*(f"there is no priority {word!r}: say {', '.join(QUEUES)}" for word in unknown))
    priorities = [priority for priority in QUEUES if priority in words]
    async with order_desk(settings.rabbitmq_url) as desk:
        for priority in priorities:
            await desk.give(Order(subject=priority, state="paused" if paused else "running", given_at=time.time()))
        return {priority: await desk.obeyed(priority, paused=paused) for priority in priorities}


def _said(priority: CallPriority, seen: Seen, *, paused: bool) -> str:
    wait = f"{seen.depth.waiting:,} calls wait"
    if not seen.senders:
        return f"{priority}: RabbitMQ keeps the order; no sender is there now, the next one obeys; {wait}"
    if not seen.obeys(paused=paused):
        state = "is not paused yet" if paused else "does not go on yet"
        return f"{priority} {state}: RabbitMQ keeps the order; look with `fleet pause`, is a sender active? {wait}"
    return f"{priority} {'is paused' if paused else 'goes on'}: {wait}"


async def _states(settings: BrokerSettings) -> list[tuple[str, str, str]]:
    async with order_desk(settings.rabbitmq_url) as desk:
        before = await _look(desk)
        await asyncio.sleep(AGAIN)
        after = await _look(desk)
    taken = {priority for look in (before, after) for priority, seen in look.items() if seen.depth.consumers}
    return [(priority, _state(priority, seen, taken), f"{seen.depth.waiting:,}") for priority, seen in after.items()]


async def _look(desk: OrderDesk) -> dict[CallPriority, Seen]:
    return {priority: await desk.seen(priority) for priority in QUEUES}


def _state(priority: CallPriority, seen: Seen, taken: set[CallPriority]) -> str:
    """What can be said: a sender consumes what is not paused, and one that is taking over nothing yet."""
    if not seen.senders:
        return "no sender is there"
    if priority in taken:
        return "goes out"
    return "paused" if taken else "paused, or a sender is taking over"
