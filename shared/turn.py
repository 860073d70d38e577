"""Owns the right to do what only one process may do at a time: send to Telegram, or poll it.

The right is being the active consumer of a queue with a single active consumer, of which the broker keeps exactly
one. A process learns that it is active by being handed a message, so each knocks: it publishes a message into the
queue every KNOCK seconds. The latest knock stays unacked in the holder's hand, and goes to the next when the holder
dies. A process that was frozen believes on waking that it still holds the right; therefore

- a holder's lease ends LEASE seconds after it *published* the latest knock that came back to it;
- a process that becomes active, or whose lease ran out and came back, does nothing for LEASE seconds.

Claim: two processes never hold at once. A's last knock came back to A before the broker made B active at time t, so A
published it before t, and A's lease ends before t + LEASE, which is when B begins. The claim needs clocks that run at
one rate (not clocks that agree), and a holder that asks `held` right before it acts: what is paused between the
question and the act escapes it.
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

from shared.broker import BROKER_ERRORS, Link
from shared.topology import WorkQueue

log = structlog.get_logger()

KNOCK: Final = 0.5
LEASE: Final = 1.5
"""Seconds. The lease outlives a broker that is slow for a second, and a takeover is complete well within three."""


class _Knock(msgspec.Struct):
    by: str
    at: float


class Turn:
    """One process's view of the right; `held` is the only thing to ask before acting."""

    def __init__(self, queue: WorkQueue, clock: Callable[[], float] = time.monotonic) -> None:
        self._queue = queue
        self._clock = clock
        self._me = ""
        self._active_since: float | None = None
        self._lease_until = 0.0
        self._attached_at = 0.0
        self._kept: AbstractIncomingMessage | None = None
        self._knocking: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.epoch = 0

    @property
    def active(self) -> bool:
        """Whether the broker feeds this process; it may act a lease later."""
        return self._active_since is not None

    @property
    def settled(self) -> bool:
        """Whether it is clear what this process is: it holds the right, or had the time to learn that another does."""
        return self.held if self.active else self._clock() >= self._attached_at + LEASE

    @property
    def held(self) -> bool:
        """Whether this process may act at this moment."""
        now = self._clock()
        return self._active_since is not None and self._active_since + LEASE <= now < self._lease_until

    @property
    def held_for(self) -> float:
        """Seconds for which this process has held the right without a break; 0 while it does not."""
        if self._active_since is None or not self.held:
            return 0.0
        return self._clock() - self._active_since - LEASE

    async def wait(self) -> None:
        """Return when the right is held. `epoch` differs from before when another may have held it meanwhile."""
        while not self.held:
            self._changed.clear()
            wait = None if self._active_since is None else max(0.0, self._active_since + LEASE - self._clock())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait or None):
                    await self._changed.wait()

    async def taken(self) -> None:
        """Return when this process is the active one; it may act once `held`, a lease later."""
        while self._active_since is None:
            self._changed.clear()
            await self._changed.wait()

    async def lost(self) -> None:
        """Return when this process is not the active one."""
        while self._active_since is not None:
            self._changed.clear()
            await self._changed.wait()

    async def attach(self, connection: AbstractConnection, link: Link) -> None:
        """Queue up for the right on this connection."""
        self._me = uuid.uuid4().hex
        self._attached_at = self._clock()
        self._active_since = None
        channel = await connection.channel(publisher_confirms=True)
        await link.watch(channel)
        await channel.set_qos(prefetch_count=10)
        source = await channel.get_queue(self._queue.name, ensure=False)
        await source.consume(functools.partial(self._take, self._me))
        self._knocking = asyncio.create_task(self._knock_for_ever(channel, link), name=f"knock:{self._queue.name}")

    async def detach(self) -> None:
        """The right is lost with the connection, at once."""
        if self._active_since is not None:
            log.info("turn_lost", queue=self._queue.name)
        self._me = ""
        self._active_since = None
        self._lease_until = 0.0
        self._kept = None
        self._changed.set()
        if self._knocking is not None:
            self._knocking.cancel()
            await asyncio.wait([self._knocking])

    async def _knock_for_ever(self, channel: AbstractChannel, link: Link) -> None:
        while True:
            body = msgspec.json.encode(_Knock(by=self._me, at=self._clock()))
            message = Message(body, delivery_mode=DeliveryMode.PERSISTENT, expiration=60)
            try:
                await channel.default_exchange.publish(message, self._queue.name, timeout=5.0)
            except BROKER_ERRORS as problem:
                link.lose(problem)
                return
            await asyncio.sleep(KNOCK)

    async def _take(self, me: str, message: AbstractIncomingMessage) -> None:
        if me != self._me:
            return  # of a connection that is lost, though it is not closed yet
        knock = msgspec.json.decode(message.body, type=_Knock)
        now = self._clock()
        if self._active_since is None or 0.0 < self._lease_until <= now:
            # The first knock; or the first after the lease ran out, in which time another may have held the right.
            self._active_since = now
            self._lease_until = 0.0
            self.epoch += 1
            log.info("turn_taken", queue=self._queue.name)
        if knock.by == me:
            self._lease_until = max(self._lease_until, knock.at + LEASE)
        previous, self._kept = self._kept, message
        self._changed.set()
        if previous is not None:
            with contextlib.suppress(*BROKER_ERRORS):
                await previous.ack()
