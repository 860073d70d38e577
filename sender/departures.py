"""Owns the loop that sends: waits for the right, a slot and a call, lets the call go, and acts on its outcome."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from sender.arrivals import Arrivals
from sender.metrics import ACTIVE, CALLS, IN_FLIGHT, REPLY_SECONDS, WAITING
from sender.pacer import Pacer, Slot
from sender.places import Places
from sender.schedule import Item, Schedule
from sender.telegram import IN_FLIGHT as MOST_IN_FLIGHT
from sender.telegram import Failed, Fenced, Flood, Gate, NotOurTurn, Outcome, Refused, Sent
from shared.consume import Done, Drop
from shared.contracts import OutboundCall
from shared.turn import Turn

log = structlog.get_logger()

RETRIES: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds before a failed call is tried again, jittered; after the last it is dead."""


class Door(Protocol):
    """Makes a call."""

    async def call(self, call: OutboundCall, gate: Gate) -> Outcome:
        """Make it; ask the gate right before the write."""


class Departures:
    """Sends what the schedule has, as the pacer allows, while it is our turn."""

    def __init__(  # noqa: PLR0913 - the five that it brings together, and the clock
        self, schedule: Schedule, pacer: Pacer, turn: Turn, door: Door, places: Places, *, clock: Callable[[], float]
    ) -> None:
        self._schedule = schedule
        self._pacer = pacer
        self._turn = turn
        self._door = door
        self._places = places
        self._clock = clock
        self._epoch = 0
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._broken: BaseException | None = None
        ACTIVE.set_function(lambda: float(turn.held))
        WAITING.set_function(lambda: float(len(schedule)))
        IN_FLIGHT.set_function(lambda: float(len(self._under_way)))
        self.arrivals = Arrivals(schedule, places, clock, self._wake.set)

    async def run(self) -> None:
        """Send for ever.

        Raises:
            BaseException: what a delivery died of; its call would be held for ever.
        """
        while self._broken is None:
            await self._turn.wait()
            if self._epoch != self._turn.epoch:
                self._epoch = self._turn.epoch
                self._pacer.restart(self._clock())
            self._wake.clear()
            wait = self._depart()
            if wait is None or wait > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
        raise self._broken

    async def drain(self, seconds: float) -> None:
        """Wait for the answers of calls under way, then give everything else back. Call when `run` has ended."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)
        self.arrivals.abandon()

    def _depart(self) -> float | None:
        """Let the next call go if one may; return the seconds to wait before asking again, None for until woken."""
        now = self._clock()
        if len(self._under_way) >= MOST_IN_FLIGHT:
            return None
        delay = self._pacer.delay(now)
        if delay != 0:
            return delay
        item = self._schedule.next(now)
        if item is None:
            later = self._schedule.wake_at()
            return None if later is None else max(0.001, later - now)
        task = asyncio.create_task(
            self._deliver(item, self._pacer.take(now), self._epoch), name=f"call:{item.call.key}"
        )
        self._under_way.add(task)
        task.add_done_callback(self._landed)
        return 0

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken = self._broken or error
        self._wake.set()

    async def _deliver(self, item: Item, slot: Slot, epoch: int) -> None:
        started = self._clock()
        outcome = await self._door.call(item.call, lambda: self._gate(slot, epoch, whole=item.call.file is None))
        if isinstance(outcome, Fenced):
            self._pacer.give_back(slot)
        else:
            self._pacer.stamp(slot, self._clock())  # an upload; and what was never written: as if now, to be safe
        kind = type(outcome).__name__.lower()
        CALLS.labels(item.call.method, kind).inc()
        log.info(
            "called",
            key=item.call.key,
            method=item.call.method,
            chat_id=item.call.chat_id,
            outcome=kind,
            tries=item.tries,
            ms=round((self._clock() - started) * 1e3, 1),
            reason=getattr(outcome, "reason", None),
        )
        await self._act(item, outcome)

    def _gate(self, slot: Slot, epoch: int, *, whole: bool) -> None:
        """Right before a write: is it still our turn, and the one in which the slot was taken?

        The slot is stamped right after the write, if that is the `whole` call. An upload is written for seconds, and
        nobody knows which moment of them Telegram counts: its slot stays taken until the answer.
        """
        if not self._turn.held or self._turn.epoch != epoch:
            raise NotOurTurn
        if not whole:
            return
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: self._pacer.stamp(slot, self._clock()))
        loop.call_soon(self._wake.set)

    async def _act(self, item: Item, outcome: Outcome) -> None:
        match outcome:
            case Sent(message_id):
                REPLY_SECONDS.observe(time.time() - item.call.created_at)
                await self._places.went_out(item.call.key, message_id)
                self._over(item, Done())
            case Refused(reason):
                self._over(item, Drop(reason))
            case Flood(retry_after):
                self._pacer.hold(self._clock() + retry_after)
                self._again(item, retry_after)
            case Fenced():
                self._again(item, 0)
            case Failed(reason, counted):
                self._failed(item, reason, counted=counted)

    def _failed(self, item: Item, reason: str, *, counted: bool) -> None:
        if item.tries >= len(RETRIES):
            self._over(item, Drop(reason))
            return
        pause = RETRIES[item.tries] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        item.tries += counted
        self._again(item, pause)

    def _again(self, item: Item, pause: float) -> None:
        """Try again later, unless the broker took the call back meanwhile: then it is somebody else's."""
        if item.wanted_by:
            self._schedule.again(item, self._clock(), pause)
        else:
            self._over(item, Done())

    def _over(self, item: Item, verdict: Done | Drop) -> None:
        self._schedule.done(item, self._clock())
        self.arrivals.decide(item, verdict)
