"""Owns how a message is consumed: a handler returns a verdict, and this one place carries it out.

| what happened                          | fate of the message                                                     |
|----------------------------------------|-------------------------------------------------------------------------|
| `Done`                                 | acked                                                                   |
| `Retry`, an exception, the deadline    | waits in the broker (growing, jittered), counted; dead after the last   |
| `Drop`, `Undecodable`                  | to the dead letters with the reason                                     |
| `Return`                               | back to its place in the queue, counted by the broker alone             |
| `Unavailable` (an engine is away)      | kept, tried again in place, not counted                                 |
| shutdown, connection lost, a death     | not settled: the broker hands it out again, not counted                 |
| it came back without a verdict         | moved to where messages are handled alone (queues with `alone`)         |
| alone, and it ended its process again  | dead with the reason, after HANDLED_ALONE times                         |

A failed message is first published to where it waits and then acked: dying between the two doubles it, which every
handler is proof against, and never loses it.

A process that dies does not say of which message. Each that it held comes back, and whoever takes it next moves it
apart, where a consumer has one in hand and the broker counts for each message how often it came back: so the one that
ends processes is found, and those that were beside it are handled as if nothing had been. Any outcome shows that a
message is harmless; one whose engine is away does not wait there, and one that a shutdown interrupts leaves in time, so
neither is counted against it. A connection that breaks while it is handled alone is, since it looks like a death; and
so is the death of a process by a message that is alone in another of its queues.
"""

import asyncio
import contextlib
import functools
import itertools
import math
import random
import time
from dataclasses import dataclass
from typing import Final, cast

import structlog
from aio_pika.abc import AbstractConnection
from aiormq.abc import DeliveredMessage

from shared import tracing
from shared.acks import Acks
from shared.broker import BROKER_ERRORS, CLOSE_TIMEOUT, Link, below, broker_may_be_gone
from shared.contracts import UPDATE_ID
from shared.delivery import Delivery, Done, Drop, Handler, Retry, Return, Verdict, carried, failed, received
from shared.errors import BrokerUnavailable, Unavailable, Undecodable
from shared.metrics import FATES, HANDLE_SECONDS, SETTLED
from shared.publisher import Headers, Publisher
from shared.topology import WorkQueue

log = structlog.get_logger()

CONSUME_TIMEOUT: Final = 5.0
HOLD_PAUSES: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries in place while an engine is away; the last for ever. Fewer than 20 tries a minute, as it may be
the message that makes an engine look away, and that is not counted."""
JITTER: Final = (0.8, 1.2)
"""By how much, at least and at most, a wait is stretched: so what failed together is not tried together."""
_FAILURES: Final = ("retry", "dead")
"""Fates of what did not have its effect."""
RETURN_PAUSES: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds for which a message that is given back was in hand at least, while this process still consumes, by how often
it came back: what nobody wants now would else be handed out hundreds of times a second."""


@dataclass(frozen=True, slots=True)
class _Move:
    """It belongs into another queue, as it is."""

    queue: str
    fate: str


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
        self._acks: Acks | None = None
        self._tags: list[str] = []
        self._apart: list[str] = []
        self._stopped = asyncio.Event()
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._alone: set[asyncio.Task[None]] = set()
        for fate in FATES:
            SETTLED.labels(queue.name, fate)

    async def attach(self, connection: AbstractConnection, link: Link) -> None:
        """Begin to consume on this connection."""
        channel = await connection.channel(publisher_confirms=False)
        await link.watch(channel)
        acks = Acks(await below(channel))
        async with self._changing:
            self._acks, self._tags, self._apart = acks, [], []
            if not self._stopped.is_set():
                await self._begin()

    async def detach(self) -> None:
        """Let go of everything in hand: the connection is lost, and the broker hands it out again."""
        if self._acks is not None:
            self._acks.give_up()
        self._acks, self._tags, self._apart = None, [], []
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def resume(self) -> None:
        """Consume, now or as soon as there is a connection; harmless when called again."""
        async with self._changing:
            self._stopped.clear()
            if not self._tags:
                with broker_may_be_gone():
                    await self._begin()

    async def hold(self, *, beside: int) -> None:
        """Hold `prefetch` messages at least beside so many, by whole windows of that size, if the consumer is at work.

        Of fewer than it holds, it takes no new ones until what is in hand is settled.
        """
        windows = 1 + math.ceil(beside / self._prefetch)
        async with self._changing:
            with broker_may_be_gone():
                while self._tags and self._acks is not None and len(self._tags) < windows:
                    self._tags.append(await self._consume(self._acks, self._queue.name, self._prefetch))
                while len(self._tags) > windows:
                    await self._cancel(self._tags.pop())

    async def stop(self) -> None:
        """Take nothing new until told to `resume`; harmless when called again."""
        async with self._changing:
            self._stopped.set()
            for tags in (self._tags, self._apart):
                while tags:
                    await self._cancel(tags.pop())

    async def _begin(self) -> None:
        if self._acks is not None:
            self._tags.append(await self._consume(self._acks, self._queue.name, self._prefetch))
        if self._acks is not None and self._queue.alone:
            self._apart.append(await self._consume(self._acks, self._queue.alone_name, 1))

    async def _consume(self, acks: Acks, name: str, prefetch: int) -> str:
        """Each consumer on the channel takes `prefetch` messages: their number belongs to the consumer."""
        await acks.wire.basic_qos(prefetch_count=prefetch, timeout=CONSUME_TIMEOUT)
        take = functools.partial(self._take, acks, alone=name == self._queue.alone_name)
        consuming = await acks.wire.basic_consume(name, take, timeout=CONSUME_TIMEOUT)
        return str(consuming.consumer_tag)

    async def _cancel(self, tag: str) -> None:
        if self._acks is not None:
            with broker_may_be_gone():
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._acks.wire.basic_cancel(tag)

    async def drain(self, seconds: float) -> None:
        """Take nothing new, and give what is in hand this long to finish; harmless when called again."""
        await self.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._alone:
            task.cancel()
        if self._alone:
            await asyncio.wait(self._alone, timeout=CLOSE_TIMEOUT)
        if self._acks is not None:
            await self._acks.written()

    async def _take(self, acks: Acks, message: DeliveredMessage, *, alone: bool) -> None:
        if acks is not self._acks:
            return  # of a channel that is lost, though it is not closed yet: the broker hands it out again
        acks.taken(_tag(message))
        # A task of our own: aiormq cancels its callbacks when a channel closes, and we decide about ours ourselves.
        task = asyncio.create_task(
            self._process(acks, message, received(self._queue.name, message, alone=alone)),
            name=f"{self._queue.name}:{message.header.properties.message_id}",
        )
        for tasks in (self._tasks, self._alone) if alone else (self._tasks,):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def _process(self, acks: Acks, message: DeliveredMessage, delivery: Delivery) -> None:
        step = tracing.step(f"process {delivery.queue}", delivery.trace, "consumer", _facts(delivery))
        with structlog.contextvars.bound_contextvars(**delivery.names), step:
            delivery = delivery.after(step)
            started = time.monotonic()
            verdict = self._suspect(delivery) or await self._judge_in_time(delivery)
            fate = await self._settle(acks, message, delivery, verdict)
            seconds = time.monotonic() - started
            _say(delivery, verdict, fate, seconds)
            step.tell({"fleet.fate": fate})
            if fate in _FAILURES:
                step.fail(fate)
        HANDLE_SECONDS.labels(delivery.queue).observe(seconds)
        SETTLED.labels(delivery.queue, fate).inc()

    def _suspect(self, delivery: Delivery) -> _Move | Drop | None:
        """What is to be done with a message that may have ended the process that had it, instead of handling it."""
        if not self._queue.alone or not delivery.returns:
            return None
        if not delivery.alone:
            return _Move(self._queue.alone_name, "apart")
        if not delivery.ends_processes:
            return None
        return Drop(f"ended its process {delivery.returns + 1} times, the last {delivery.returns} while handled alone")

    async def _judge_in_time(self, delivery: Delivery) -> Verdict | _Move:
        """Judge, unless we end before; what is alone would count that as an end of its own making, so it rejoins."""
        try:
            return await self._judge(delivery)
        except asyncio.CancelledError:
            if self._acks is None or not delivery.alone:
                raise
            return _Move(self._queue.name, "rejoined")

    async def _judge(self, delivery: Delivery) -> Verdict | _Move:
        """Call the handler until it has a verdict; an engine that is away is waited for."""
        for attempt in itertools.count():
            try:
                async with asyncio.timeout(self._deadline):
                    return await self._handler(delivery)
            except Undecodable as problem:
                return Drop(str(problem))
            except Unavailable as problem:
                log.warning("engine_away", error=str(problem), attempt=attempt)
                if delivery.alone:
                    return _Move(self._queue.name, "rejoined")
            except TimeoutError:
                return Retry(f"took longer than {self._deadline} s")
            except Exception as problem:
                log.exception("handler_failed")
                return Retry(repr(problem))
            await _hold(attempt)
        raise AssertionError  # pragma: no cover - count() has no end

    async def _settle(self, acks: Acks, message: DeliveredMessage, delivery: Delivery, verdict: Verdict | _Move) -> str:
        """Carry the verdict out and return what became of the message, as docs/telemetry.md names it."""
        fate = "done"
        if isinstance(verdict, Return):
            return await self._give_back(acks, message, delivery)
        if isinstance(verdict, _Move):
            fate = verdict.fate
            await self._publish(delivery, verdict.queue, carried(delivery))
        elif isinstance(verdict, Retry) and delivery.tries < len(self._queue.retries):
            fate = "retry"
            seconds = _jittered(self._queue.retries[delivery.tries])
            room = self._queue.retry_names[delivery.tries]
            await self._publish(delivery, room, failed(delivery, verdict.reason), expires=seconds)
        elif not isinstance(verdict, Done):
            fate = "dead"
            await self._publish(delivery, self._queue.dead, failed(delivery, verdict.reason))
        return fate if acks.ack(_tag(message)) else "lost"  # if lost, the broker hands the message out again

    async def _give_back(self, acks: Acks, message: DeliveredMessage, delivery: Delivery) -> str:
        pause = RETURN_PAUSES[min(delivery.returns, len(RETURN_PAUSES) - 1)]
        left = _jittered(pause) - (time.monotonic() - delivery.taken_at)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await self._stopped.wait()
        try:
            # RabbitMQ counts a reject; from 4.3 on a nack is not counted.
            await message.channel.basic_reject(_tag(message), requeue=True)
            acks.given_back(_tag(message))
        except BROKER_ERRORS:
            return "lost"
        return "returned"

    async def _publish(self, delivery: Delivery, queue: str, headers: Headers, *, expires: float | None = None) -> None:
        """Publish the message to another queue; for as long as that takes."""
        for attempt in itertools.count():
            try:
                await self._publisher.publish(queue, delivery.body, key=delivery.key, headers=headers, expires=expires)
            except BrokerUnavailable as problem:
                log.warning("engine_away", error=str(problem), attempt=attempt)
                await _hold(attempt)
            else:
                return


def _tag(message: DeliveredMessage) -> int:
    """By which the broker knows it; what is consumed always has one."""
    return cast("int", message.delivery_tag)


def _facts(delivery: Delivery) -> tracing.Facts:
    facts = tracing.about(delivery.queue, delivery.key, len(delivery.body))
    facts |= {"messaging.operation.type": "process", "fleet.tries": delivery.tries}
    if isinstance(update_id := delivery.headers.get(UPDATE_ID), int):
        facts[tracing.UPDATE] = update_id
    return facts


def _say(delivery: Delivery, verdict: Verdict | _Move, fate: str, seconds: float) -> None:
    """Write the canonical line: the message's names, its fate, and whatever its handler has bound to the task."""
    reason = {"reason": verdict.reason} if isinstance(verdict, Retry | Drop) else {}
    ms = round(seconds * 1e3, 1)
    log.info("settled", fate=fate, tries=delivery.tries, redelivered=delivery.redelivered, ms=ms, **reason)


async def _hold(attempt: int) -> None:
    await asyncio.sleep(_jittered(HOLD_PAUSES[min(attempt, len(HOLD_PAUSES) - 1)]))


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(*JITTER)  # noqa: S311 - jitter needs no secrecy
