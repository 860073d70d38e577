"""Owns the right to do what only one process may do at a time: send to Telegram, or poll it.

The right is being the active consumer of a queue with a single active consumer, of which the broker keeps exactly
one. What follows from being fed, and why two never hold at once, stands in `shared.lease`; here it meets the broker.

Three kinds of message are in the queue, told apart by their AMQP type: knocks, wills, and notes (`shared.notes`).
Any of them shows that the broker feeds us. A process holds only after everything that was in the queue before it
became active has come: so it knows all notes.
"""

import asyncio
import contextlib
import functools
import time
import uuid
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from shared.broker import BROKER_ERRORS, Link, asked_to_end, closed_by_name
from shared.lease import KNOCK, Knock, Lease, Will
from shared.notes import Hand, Notes
from shared.topology import WorkQueue

log = structlog.get_logger()

NOTE: Final = "order"
"""The AMQP type of a note: publish one with it, persistent, without expiry, into the queue of the right."""
KNOCKS: Final = "knock"
WILL: Final = "will"
LIFE: Final = 60
"""Seconds that knocks and wills live if nobody takes them."""
HAND_OVER: Final = 0.3
"""Seconds that a hand-over may take; afterwards the next one waits for its lease."""


_BOOT: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux's monotonic clock stands still while the machine is suspended, in which time another gets the right."""


def boot_clock() -> float:
    """Seconds since the start of the machine, those included in which it was suspended."""
    return time.clock_gettime(_BOOT)


class Turn:
    """One process's view of the right; `held` is the only thing to ask before acting.

    Attributes:
        epoch: differs from before when another may have held the right meanwhile.
        inheritance: of this epoch, if the holder before left on purpose: when its will came here, by
            `time.monotonic`, and its estate. Ages in an estate count from there. None: nothing is known.
    """

    def __init__(self, queue: WorkQueue, clock: Callable[[], float] = boot_clock, notes: Notes | None = None) -> None:
        self._queue = queue
        self._clock = clock
        self._lease = Lease("", clock())
        self._hand = Hand(notes)
        self._kept: dict[int, AbstractIncomingMessage] = {}
        self._way: tuple[AbstractConnection, AbstractChannel] | None = None
        self._knocking: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._eager = asyncio.Event()
        self.epoch = 0
        self.inheritance: tuple[float, bytes] | None = None

    @property
    def active(self) -> bool:
        """Whether the broker feeds this process; it may act later."""
        return self._lease.active

    @property
    def settled(self) -> bool:
        """Whether it is clear what this process is: it holds the right, or had the time to learn that another does."""
        return self._lease.settled(self._clock())

    @property
    def held(self) -> bool:
        """Whether this process may act at this moment."""
        return self._lease.held(self._clock())

    @property
    def held_for(self) -> float:
        """Seconds for which this process has held the right without a break; 0 while it does not."""
        return self._lease.held_for(self._clock())

    async def wait(self) -> None:
        """Return when the right is held. `epoch` differs from before when another may have held it meanwhile."""
        while not self.held:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease.begins_in(self._clock())):
                    await self._changed.wait()

    async def lost(self) -> None:
        """Return when this process is not the active one."""
        while self.active:
            self._changed.clear()
            await self._changed.wait()

    async def attach(self, connection: AbstractConnection, link: Link) -> None:
        """Queue up for the right on this connection."""
        lease = self._lease = Lease(uuid.uuid4().hex, self._clock(), self.epoch)
        channel = await connection.channel(publisher_confirms=True)
        await link.watch(channel)
        # No limit: notes in hand must not keep knocks away. RabbitMQ makes 2,000 of it for a quorum queue.
        await channel.set_qos(prefetch_count=0)
        source = await channel.get_queue(self._queue.name, ensure=False)
        await source.consume(functools.partial(self._take, lease))
        self._way = connection, channel
        self._knocking = asyncio.create_task(self._knock_for_ever(lease, link), name=f"knock:{self._queue.name}")

    async def detach(self) -> None:
        """The right is lost with the connection, at once."""
        await self._let_go()

    async def hand_over(self, estate: Callable[[], bytes | None]) -> None:
        """Give the right up until attached again, and let the next one have it at once, with this estate.

        Without an estate the next one waits its lease: something of ours may still have its effect.

        Call it when nothing more will be done by this right. It takes HAND_OVER seconds at most; the broker being
        away is no error, the next one waits then as if we had died.
        """
        lease, way = self._lease, self._way
        left = estate()
        will = Will(lease.me, left) if lease.leave(self._clock()) and left is not None else None
        await self._let_go()
        if way is None:
            return
        try:
            with closed_by_name():
                async with asyncio.timeout(HAND_OVER):
                    await self._bequeath(*way, will)
        except BROKER_ERRORS as problem:
            log.warning("turn_not_handed_over", queue=self._queue.name, error=repr(problem))
        except asyncio.CancelledError:
            if asked_to_end():
                raise
            # aio-pika reports a connection that died of missed heartbeats as a cancellation
            log.warning("turn_not_handed_over", queue=self._queue.name, error="the connection died")

    async def _bequeath(self, connection: AbstractConnection, channel: AbstractChannel, will: Will | None) -> None:
        channel.close_callbacks.clear()  # its end is no loss of the link
        await channel.close()
        if will is not None:
            async with connection.channel(publisher_confirms=True) as last_words:
                await self._publish(last_words, WILL, will)

    async def _let_go(self) -> None:
        if self._lease.active:
            log.info("turn_lost", queue=self._queue.name)
        self._lease, self._way, self.inheritance = Lease("", self._clock(), self.epoch), None, None
        self._kept = {}
        self._hand.drop()
        self._changed.set()
        if self._knocking is not None:
            self._knocking.cancel()
            await asyncio.wait([self._knocking])

    async def _publish(self, channel: AbstractChannel, kind: str, what: Knock | Will) -> None:
        body = msgspec.json.encode(what)
        message = Message(body, type=kind, delivery_mode=DeliveryMode.PERSISTENT, expiration=LIFE)
        await channel.default_exchange.publish(message, self._queue.name, timeout=5.0)

    async def _knock_for_ever(self, lease: Lease, link: Link) -> None:
        while self._way is not None and lease is self._lease:
            try:
                await self._publish(self._way[1], KNOCKS, lease.knock(self._clock()))
                await self._hand.renew(self._clock())
            except BROKER_ERRORS as problem:
                link.lose(problem)
                return
            except asyncio.CancelledError:
                if asked_to_end():
                    raise
                link.lose("the connection died")
                return
            self._eager.clear()
            if not lease.eager:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(KNOCK):
                        await self._eager.wait()

    async def _take(self, lease: Lease, message: AbstractIncomingMessage) -> None:
        if lease is not self._lease:
            return  # of a connection that is lost, though it is not closed yet
        now, kept = self._clock(), self._kept
        was_active, was_counted = lease.active, lease.counted
        lease.fed(now)
        over = self._heed(lease, message, now)
        if lease.epoch != self.epoch and (was_counted or not was_active):
            log.info("turn_taken", queue=self._queue.name)
        if lease.inheritance is not None and self.inheritance is None:
            log.info("turn_inherited", queue=self._queue.name)
        self.epoch, self.inheritance = lease.epoch, lease.inheritance
        self._changed.set()
        with contextlib.suppress(*BROKER_ERRORS):
            if was_counted and not lease.counted:
                await self._hand.give_back()
            if over is None:
                await self._hand.take(message, now)
            for tag in over or ():
                await kept.pop(tag).ack()
        if lease.eager:
            self._eager.set()

    def _heed(self, lease: Lease, message: AbstractIncomingMessage, now: float) -> list[int] | None:
        """Tell the lease what came; returns the deliveries to ack, None for a note."""
        tag = message.delivery_tag
        if message.type == NOTE:
            return None
        if tag is None:
            raise AssertionError  # what is consumed has one
        self._kept[tag] = message
        try:
            if message.type == KNOCKS:
                return lease.knocked(msgspec.json.decode(message.body, type=Knock), tag, now)
            if message.type == WILL:
                lease.bequeathed(msgspec.json.decode(message.body, type=Will), time.monotonic(), now)
                return [tag]
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors, and so is what is no UTF-8
            pass
        log.warning("turn_message_unknown", queue=self._queue.name, kind=message.type)
        return [tag]
