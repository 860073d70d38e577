"""Owns how a message is consumed: a handler returns a verdict, and this one place carries it out.

| what happened                          | fate of the message                                                     |
|----------------------------------------|-------------------------------------------------------------------------|
| `Done`                                 | acked                                                                   |
| `Retry`, an exception, the deadline    | waits in the broker (growing, jittered), counted; dead after the last   |
| `Drop`, `Undecodable`                  | to the dead letters with the reason                                     |
| `Return`                               | back to its place in the queue, counted by the broker alone             |
| `Unavailable` (an engine is away)      | kept, tried again in place, not counted                                 |
| shutdown, connection lost              | not settled: the broker hands it out again, not counted                 |

A failed message is first published to where it waits and then acked: dying between the two doubles it, which every
handler is proof against, and never loses it.
"""

import asyncio
import contextlib
import functools
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

from shared.broker import BROKER_ERRORS, CLOSE_TIMEOUT, Link
from shared.contracts import TRACEPARENT, UPDATE_ID
from shared.errors import BrokerUnavailable, Unavailable, Undecodable
from shared.metrics import HANDLE_SECONDS, SETTLED
from shared.publisher import Headers, Publisher
from shared.topology import WorkQueue

log = structlog.get_logger()

TRIES: Final = "x-tries"
REASON: Final = "x-reason"
FIRST_FAILED: Final = "x-first-failed-at"
LAST_FAILED: Final = "x-last-failed-at"
FAILED_IN: Final = "x-queue"
"""Headers of a message that failed: count, why, unix seconds of the first and last time, the queue it came from."""

CONSUME_TIMEOUT: Final = 5.0
HOLD_PAUSES: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries in place while an engine is away; the last for ever."""


@dataclass(frozen=True, slots=True)
class Done:
    """The message has had its effect."""


@dataclass(frozen=True, slots=True)
class Retry:
    """It failed; another try may succeed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Drop:
    """It can never succeed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Return:
    """It is to be handed out again, to this process or another."""


Verdict = Done | Retry | Drop | Return


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in our hands: its bytes, headers, and how often it has failed before."""

    queue: str
    key: str
    body: bytes
    headers: Mapping[str, object]
    tries: int
    redelivered: bool

    @property
    def trail(self) -> Headers:
        """The headers that a message which follows from this one carries on: the update's id and the trace."""
        kept = {name: self.headers.get(name) for name in (UPDATE_ID, TRACEPARENT)}
        return {name: value for name, value in kept.items() if isinstance(value, str | int)}


Handler = Callable[[Delivery], Awaitable[Verdict]]


class Consumer:
    """Consumes one queue with one handler, many messages at a time; may be stopped and resumed.

    Args:
        queue: what to consume.
        handler: called with each delivery; must stand being cancelled and being called again with the same message.
        publisher: for messages that must wait or are dead.
        prefetch: messages in hand at once.
        deadline: seconds a handler may take; None where waiting is the handler's work (the sender).
    """

    def __init__(
        self,
        queue: WorkQueue,
        handler: Handler,
        publisher: Publisher,
        *,
        prefetch: int,
        deadline: float | None,
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._publisher = publisher
        self._prefetch = prefetch
        self._deadline = deadline
        self._paused = False
        self._source: AbstractQueue | None = None
        self._channel: AbstractChannel | None = None
        self._tags: list[str] = []
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def attach(self, connection: AbstractConnection, link: Link) -> None:
        """Begin to consume on this connection."""
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=self._prefetch)
        source = await channel.get_queue(self._queue.name, ensure=False)
        await link.watch(channel)
        async with self._changing:
            self._channel, self._source, self._tags = channel, source, []
            if not self._paused:
                await self._consume()

    async def detach(self) -> None:
        """Let go of everything in hand: the connection is lost, and the broker hands it out again."""
        self._source = self._channel = None
        self._tags = []
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def resume(self) -> None:
        """Consume, now or as soon as there is a connection; harmless when called again."""
        async with self._changing:
            self._paused = False
            if not self._tags:
                await self._consume_more()

    async def widen(self) -> None:
        """Hold as many messages more, if the consumer is at work."""
        async with self._changing:
            if self._tags:
                await self._consume_more()

    async def narrow(self) -> None:
        """Hold no more than it began with, once what is in hand is settled."""
        async with self._changing:
            while len(self._tags) > 1:
                await self._cancel(self._tags.pop())

    async def stop(self) -> None:
        """Take nothing new until told to `resume`; harmless when called again."""
        async with self._changing:
            self._paused = True
            while self._tags:
                await self._cancel(self._tags.pop())

    async def _consume(self) -> None:
        """Each consumer on the channel takes `prefetch` messages: their number belongs to the consumer."""
        if self._source is not None and self._channel is not None:
            take = functools.partial(self._take, self._channel)
            self._tags.append(await self._source.consume(take, timeout=CONSUME_TIMEOUT))

    async def _consume_more(self) -> None:
        with contextlib.suppress(*BROKER_ERRORS):  # the channel is gone, and everything is attached anew
            await self._consume()

    async def _cancel(self, tag: str) -> None:
        if self._source is not None:
            with contextlib.suppress(*BROKER_ERRORS):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._source.cancel(tag)

    async def drain(self, seconds: float) -> None:
        """Take nothing new, and give what is in hand this long to finish; harmless when called again."""
        await self.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def _take(self, channel: AbstractChannel, message: AbstractIncomingMessage) -> None:
        if channel is not self._channel:
            return  # of a channel that is lost, though it is not closed yet: the broker hands it out again
        # A task of our own: aiormq cancels its callbacks when a channel closes, and we decide about ours ourselves.
        task = asyncio.create_task(self._process(message), name=f"{self._queue.name}:{message.message_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _process(self, message: AbstractIncomingMessage) -> None:
        delivery = _delivery(self._queue.name, message)
        context = {"queue": delivery.queue, "key": delivery.key}
        if TRACEPARENT in delivery.headers:
            context["trace"] = str(delivery.headers[TRACEPARENT])[3:35]
        with structlog.contextvars.bound_contextvars(**context):
            started = time.monotonic()
            verdict = await self._judge(delivery)
            fate = await self._settle(message, delivery, verdict)
            seconds = time.monotonic() - started
        HANDLE_SECONDS.labels(delivery.queue).observe(seconds)
        SETTLED.labels(delivery.queue, fate).inc()
        reason = {"reason": verdict.reason} if isinstance(verdict, Retry | Drop) else {}
        log.info(
            "settled",
            **context,
            fate=fate,
            tries=delivery.tries,
            redelivered=delivery.redelivered,
            ms=round(seconds * 1e3, 1),
            **reason,
        )

    async def _judge(self, delivery: Delivery) -> Verdict:
        """Call the handler until it has a verdict; an engine that is away is waited for."""
        for attempt in itertools.count():
            try:
                async with asyncio.timeout(self._deadline):
                    return await self._handler(delivery)
            except Undecodable as problem:
                return Drop(str(problem))
            except Unavailable as problem:
                log.warning("engine_away", error=str(problem), attempt=attempt)
            except TimeoutError:
                return Retry(f"took longer than {self._deadline} s")
            except Exception as problem:
                log.exception("handler_failed")
                return Retry(repr(problem))
            await _hold(attempt)
        raise AssertionError  # pragma: no cover - count() has no end

    async def _settle(self, message: AbstractIncomingMessage, delivery: Delivery, verdict: Verdict) -> str:
        """Carry the verdict out and return what became of the message: done, retry, dead or lost."""
        fate = "done"
        if isinstance(verdict, Return):
            return await self._give_back(message)
        if isinstance(verdict, Retry) and delivery.tries < len(self._queue.retries):
            fate = "retry"
            seconds = self._queue.retries[delivery.tries] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
            await self._move(delivery, self._queue.retry_names[delivery.tries], verdict.reason, expires=seconds)
        elif not isinstance(verdict, Done):
            fate = "dead"
            await self._move(delivery, self._queue.dead, verdict.reason, expires=None)
        try:
            await message.ack()
        except BROKER_ERRORS:
            return "lost"  # the channel is gone; the broker hands the message out again
        return fate

    async def _give_back(self, message: AbstractIncomingMessage) -> str:
        try:
            await message.nack(requeue=True)
        except BROKER_ERRORS:
            return "lost"
        return "returned"

    async def _move(self, delivery: Delivery, queue: str, reason: str, *, expires: float | None) -> None:
        now = int(time.time())
        kept = {key: value for key, value in delivery.headers.items() if isinstance(value, str | int)}
        headers = {
            FIRST_FAILED: now,
            **kept,
            TRIES: delivery.tries + 1,
            REASON: reason[:500],
            LAST_FAILED: now,
            FAILED_IN: delivery.queue,
        }
        for attempt in itertools.count():
            try:
                await self._publisher.publish(queue, delivery.body, key=delivery.key, headers=headers, expires=expires)
            except BrokerUnavailable as problem:
                log.warning("engine_away", error=str(problem), attempt=attempt)
                await _hold(attempt)
            else:
                return


def _delivery(queue: str, message: AbstractIncomingMessage) -> Delivery:
    tries = message.headers.get(TRIES, 0)
    return Delivery(
        queue=queue,
        key=message.message_id or "",
        body=message.body,
        headers=message.headers,
        tries=max(tries, 0) if isinstance(tries, int) else 0,
        redelivered=bool(message.redelivered),
    )


async def _hold(attempt: int) -> None:
    pause = HOLD_PAUSES[min(attempt, len(HOLD_PAUSES) - 1)]
    await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
