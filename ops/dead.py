"""Owns what an operator does with dead letters: looks at them, moves them back to where they came from, or drops them.

Moving back publishes a message before it is taken out of the dead queue: dying between the two doubles it, under the
same key and with the same bytes, which every reader is proof against, and never loses it.

A walk holds all of a queue, so another beside it would see a part and change the order. One has dead letters in hand at
a time: who holds the queue DESK, which the broker gives to one connection and takes back with it.
"""

import asyncio
import contextlib
import heapq
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import aio_pika
from aio_pika import DeliveryMode
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType
from aio_pika.exceptions import DeliveryError
from aiolimiter import AsyncLimiter
from aiormq.exceptions import ChannelLockedResource

from ops.broker import broker, broker_errors
from ops.dead_letters import Choice, DeadLetter
from ops.dead_walk import Walk, walk
from shared.errors import BrokerUnavailable, FleetError

if TYPE_CHECKING:
    from datetime import datetime

    from aio_pika.abc import AbstractConnection
    from pydantic import SecretStr

TIMEOUT: Final = 5.0
DESK: Final = "fleet.dead"
PATIENCE: Final = 50
"""Looks, a tenth of a second apart, until another is said to be at work; one that was killed is gone a moment later."""
HELD: Final = 60.0
"""Seconds of work that are in hand at most: RabbitMQ takes back what is held for half an hour."""


class Busy(FleetError):
    """Somebody else has the dead letters in hand."""


class Watcher(Protocol):
    """Who looks on."""

    def move(self, description: str, done: int, total: int, told: str) -> None:
        """How far it is."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is told of one dead letter among many: it itself may have megabytes."""

    queue: str
    key: str
    reason: str
    first_failed: "datetime | None"
    last_failed: "datetime | None"
    tries: int
    person: str


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen.

    Attributes:
        depths: how many each queue holds.
        found: how many are meant.
        lines: of those, the newest, oldest first.
    """

    depths: dict[str, int]
    found: int
    lines: list[Line]


@dataclass(slots=True)
class Moved:
    """What was done so far: how many messages, by the queue that they were in and the one that they went to."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


async def look(url: "SecretStr", choice: Choice, limit: int, watcher: Watcher) -> Look:
    """Look at the dead letters that are meant, at so many of them.

    Raises:
        Busy: somebody else is at it.
        BrokerUnavailable: RabbitMQ is away, or went.
    """
    depths: dict[str, int] = {}
    newest: list[tuple[float, int, Line]] = []
    found = 0
    async with _desk(url) as connection:
        for queue in choice.queues:
            async with walk(connection, queue) as one:
                depths[queue] = one.total
                async for letter, _ in _meant(one, queue, choice, watcher):
                    line, found = _line(letter), found + 1
                    heapq.heappush(newest, (_last(line), found, line))
                    if len(newest) > limit:
                        heapq.heappop(newest)
    return Look(depths, found, [line for _, _, line in sorted(newest)])


async def read(url: "SecretStr", choice: Choice, limit: int, watcher: Watcher) -> tuple[list[DeadLetter], int]:
    """The last so many dead letters that are meant, as they are, and how many there are.

    Raises:
        Busy: somebody else is at it.
        BrokerUnavailable: RabbitMQ is away, or went.
    """
    letters: deque[DeadLetter] = deque(maxlen=limit)
    found = 0
    async with _desk(url) as connection:
        for queue in choice.queues:
            async with walk(connection, queue) as one:
                async for letter, _ in _meant(one, queue, choice, watcher):
                    found += 1
                    letters.append(letter)
    return list(letters), found


async def replay(url: "SecretStr", choice: Choice, rate: float, watcher: Watcher, moved: Moved) -> None:
    """Move those that are meant back, in their order, so many a second at most; none that die meanwhile.

    Raises:
        Busy: somebody else is at it.
        BrokerUnavailable: RabbitMQ is away, or went, or a queue is full; the same again goes on.
    """
    limiter = AsyncLimiter(1, 1 / rate)
    async with _desk(url) as connection:
        with broker_errors("opening a channel:"):
            out = await connection.channel(publisher_confirms=True, on_return_raises=True)
        for queue in choice.queues:
            async with walk(connection, queue, most=max(1, int(rate * HELD))) as one:
                async for letter, message in _meant(one, queue, choice, watcher):
                    await limiter.acquire()
                    await _publish(out, letter)
                    await one.settle(message)
                    moved.counts[queue, letter.source] += 1


async def drop(url: "SecretStr", choice: Choice, watcher: Watcher, moved: Moved) -> None:
    """Take those that are meant out of their queues, for ever.

    Raises:
        Busy: somebody else is at it.
        BrokerUnavailable: RabbitMQ is away, or went; the same again goes on.
    """
    async with _desk(url) as connection:
        await _each(connection, choice, watcher, moved, settled=True)


async def count(url: "SecretStr", choice: Choice, watcher: Watcher, moved: Moved) -> None:
    """Count those that are meant as if they were moved.

    Raises:
        Busy: somebody else is at it.
        BrokerUnavailable: RabbitMQ is away, or went.
    """
    async with _desk(url) as connection:
        await _each(connection, choice, watcher, moved, settled=False)


@contextlib.asynccontextmanager
async def _desk(url: "SecretStr") -> AsyncIterator["AbstractConnection"]:
    """Connect for the block, as the only one who has dead letters in hand."""
    async with broker(url) as connection:
        for _ in range(PATIENCE):
            if await _taken(connection):
                break
            await asyncio.sleep(0.1)
        else:
            raise Busy(
                "another `fleet dead` is at work, and each would see only a part: say it again when that has ended"
            )
        yield connection


async def _taken(connection: "AbstractConnection") -> bool:
    with broker_errors(f"{DESK}:"):
        channel = await connection.channel()
        try:
            await channel.declare_queue(DESK, exclusive=True, timeout=TIMEOUT)
        except ChannelLockedResource:
            return False
        return True


async def _each(
    connection: "AbstractConnection", choice: Choice, watcher: Watcher, moved: Moved, *, settled: bool
) -> None:
    for queue in choice.queues:
        async with walk(connection, queue) as one:
            async for letter, message in _meant(one, queue, choice, watcher):
                if settled:
                    await one.settle(message)
                moved.counts[queue, letter.source] += 1


async def _meant(
    one: Walk, queue: str, choice: Choice, watcher: Watcher
) -> AsyncIterator[tuple[DeadLetter, AbstractIncomingMessage]]:
    found = 0
    async for message in one:
        letter = DeadLetter(queue, message.message_id or "", message.body, message.headers)
        if choice.means(letter):
            found += 1
            yield letter, message
        watcher.move(queue, one.taken, one.total, f"{found:,} of them")


async def _publish(channel: AbstractChannel, letter: DeadLetter) -> None:
    # aio-pika's mapping is invariant in its values, hence the copy under its own type
    headers: HeadersType = dict(letter.home)
    message = aio_pika.Message(
        letter.body, message_id=letter.key or None, headers=headers, delivery_mode=DeliveryMode.PERSISTENT
    )
    with broker_errors(f"{letter.source}:"), _refusal(letter.source):
        await channel.default_exchange.publish(message, letter.source, mandatory=True, timeout=TIMEOUT)


@contextlib.contextmanager
def _refusal(queue: str) -> Iterator[None]:
    try:
        yield
    except DeliveryError as problem:
        raise BrokerUnavailable(
            f"{queue} takes no more; is it full, or most of its nodes away? See to that, and say the same again"
        ) from problem


def _line(letter: DeadLetter) -> Line:
    return Line(
        queue=letter.queue,
        key=letter.key,
        reason=letter.reason,
        first_failed=letter.first_failed,
        last_failed=letter.last_failed,
        tries=letter.tries,
        person=letter.person,
    )


def _last(line: Line) -> float:
    return 0.0 if line.last_failed is None else line.last_failed.timestamp()
