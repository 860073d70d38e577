"""Owns the loop that sends: waits for the right, a slot and a call, lets the call go, and acts on its outcome."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import msgspec
import structlog

from sender.arrivals import Arrivals
from sender.endings import Ending
from sender.floods import Floods
from sender.items import Item
from sender.lookout import Lookout
from sender.metrics import CALL_SECONDS, CALLS, FLOODS, IN_FLIGHT, TAKEOVERS, USED, told
from sender.pacer import Pacer, Slot
from sender.places import Places
from sender.promptness import Promptness
from sender.rules import Rules
from sender.schedule import Schedule
from sender.silences import EVERYBODY, Silences
from sender.telegram import IN_FLIGHT as MOST_IN_FLIGHT
from sender.telegram import (
    Failed,
    Fenced,
    Flood,
    Gate,
    Moved,
    NotOurTurn,
    Outcome,
    Refused,
    Sent,
    Unknown,
    Unreachable,
    named,
)
from shared import tracing
from shared.contracts import OutboundCall
from shared.delivery import names_in
from shared.errors import CacheUnavailable
from shared.turn import Turn

log = structlog.get_logger()

RETRIES: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds before a failed call is tried again, jittered; after the last it is dead."""
LEAD: Final = 0.01
"""Seconds before a slot opens in which its call is made ready, so that it is written when the slot does."""
NO_CACHE_PAUSE: Final = 1.0
"""Seconds before a call that Redis must know of is looked at again."""


T = TypeVar("T")


class Door(Protocol):
    """Makes a call.

    Attributes:
        host: who answers it.
    """

    host: str

    async def call(self, call: OutboundCall, gate: Gate) -> Outcome:
        """Make it; ask the gate right before the write."""


@dataclass(frozen=True, slots=True)
class Way:
    """What a call passes on its way out."""

    schedule: Schedule
    rules: Rules
    pacer: Pacer
    turn: Turn
    places: Places
    silences: Silences
    door: Door
    lookout: Lookout


@dataclass(frozen=True, slots=True)
class Ticket:
    """A slot, and the epoch of the turn in which it was taken: it is good for no other."""

    slot: Slot
    epoch: int


class Departures:
    """Sends what the schedule has, as the pacer allows, while it is our turn.

    Args:
        way: what a call passes.
        arrivals: who waits for its end.
        hungry: told when a slot is free and the chats of all that is held must rest.
        clock: seconds, monotonic.
    """

    def __init__(
        self, way: Way, arrivals: Arrivals, hungry: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._way = way
        self._arrivals = arrivals
        self._hungry = hungry
        self._clock = clock
        self._floods = Floods()
        self._promptness = Promptness(way.pacer.pace)
        self._epoch = 0
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[object]] = set()
        self._broken: BaseException | None = None
        IN_FLIGHT.set_function(lambda: float(len(self._under_way)))

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    async def run(self) -> None:
        """Send for ever.

        Raises:
            BaseException: what a delivery died of; its call would be held for ever.
        """
        turn = self._way.turn
        while self._broken is None:
            await turn.wait()
            if self._epoch != turn.epoch:
                self._epoch = turn.epoch
                await self._begin()
            self._wake.clear()
            wait = self._depart()
            if wait is None or wait > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
        raise self._broken

    async def drain(self, seconds: float) -> None:
        """Wait for the answers of calls under way. Call when `run` has ended."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    async def _begin(self) -> None:
        """Go on where the one before stopped, if it said where; else as if it had used the whole cap just now."""
        silences = await self._way.silences.left()
        now, pacer, left = self._clock(), self._way.pacer, self._way.turn.inheritance
        self._way.schedule.restart(now)
        self._way.rules.forget_lost()
        self._way.places.forget_failures()
        self._way.lookout.restart(now)
        ages = None if left is None else _ages(left[1])
        if left is None or ages is None:
            pacer.restart(now)
        else:
            pacer.inherit(ages, left[0], now)
        for chat, seconds in silences.items():
            if chat == EVERYBODY:
                pacer.hold(now + seconds)
            else:
                self._way.schedule.silence(chat, now, seconds)
        TAKEOVERS.labels("lapsed" if ages is None else "bequeathed").inc()
        self._promptness.restart(time.time())

    def _depart(self) -> float | None:
        """Let the next call go if one may; return the seconds to wait before asking again, None for until woken."""
        now, schedule = self._clock(), self._way.schedule
        if len(self._under_way) >= MOST_IN_FLIGHT:
            return None
        delay = self._way.pacer.delay(now)
        if delay is None or delay > LEAD:
            return None if delay is None else delay - LEAD
        item = schedule.next(now)
        if item is None:
            return self._look_out(now)
        if (ending := self._way.rules.needless(item)) is not None:
            self._spawn(self._end(item, ending, made=False), item.call.key)
        else:
            self._spawn(self._deliver(item, self._ticket(now)), item.call.key)
        return 0

    def _look_out(self, now: float) -> float:
        """Use a slot that no call could use to ask what Telegram holds, if that is due; return as `_depart`."""
        schedule, lookout = self._way.schedule, self._way.lookout
        if schedule.all_rest:
            self._hungry()
        if lookout.due_at <= now:
            lookout.begin(now)
            self._spawn(self._through(self._ticket(now), lookout.look, "getWebhookInfo"), "getWebhookInfo")
            return 0
        later = schedule.wake_at()
        return max(0.001, min(lookout.due_at, lookout.due_at if later is None else later) - now)

    def _ticket(self, now: float) -> Ticket:
        return Ticket(self._way.pacer.take(now, LEAD), self._epoch)

    def _spawn(self, work: Coroutine[None, None, object], name: str) -> None:
        task = asyncio.create_task(work, name=f"call:{name}")
        self._under_way.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[object]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken = self._broken or error
        self._wake.set()

    async def _deliver(self, item: Item, ticket: Ticket) -> None:
        marked = asyncio.create_task(self._marked(item))
        if item.call.if_unknown == "leave" and not await marked:
            self._way.pacer.give_back(ticket.slot)
            self._put_off(item, NO_CACHE_PAUSE, arrived=False)
            return
        started = self._clock()
        self._promptness.goes(item, time.time())
        outcome = await self._called(item, ticket)
        item.calls, item.waited, item.took = item.calls + 1, started - item.arrived, self._clock() - started
        await marked
        await self._act(item, outcome)

    async def _called(self, item: Item, ticket: Ticket) -> Outcome:
        """Make the call, and tell of it; what did not end it has a line of its own."""
        call, method = self._way.rules.said_late(item.call), named(item.call.method)
        with self._step(item, method) as step:
            outcome = await self._through(
                ticket, lambda gate: self._way.door.call(call, gate), method, whole=call.file is None
            )
            kind = type(outcome).__name__.lower()
            if not isinstance(outcome, Sent):
                step.fail(kind)
        CALLS.labels(item.priority.label, method, kind).inc()
        if not isinstance(outcome, Sent | Unreachable | Refused):
            reason = getattr(outcome, "reason", None)
            log.warning("call_failed", **names_in(item.trail), key=call.key, method=method, outcome=kind, reason=reason)
        return outcome

    def _step(self, item: Item, method: str) -> tracing.Step:
        """The step of a call; the wait before it is one of its own."""
        trace, template = tracing.of(item.trail), f"/bot{{token}}/{method}"
        tracing.waited("wait to be sent", trace, self._clock() - item.arrived - item.waited - item.took)
        facts: dict[str, str | int] = {
            "http.request.method": "POST",
            "url.template": template,
            "server.address": self._way.door.host,
            "http.request.resend_count": item.calls,
            "fleet.priority": item.priority.label,
        }
        step = tracing.step(f"POST {template}", trace, "client", facts)
        step.link(item.serves)
        return step

    async def _through(
        self, ticket: Ticket, call: Callable[[Gate], Awaitable[T]], method: str, *, whole: bool = True
    ) -> T:
        """Make a call, and measure it from its first byte on."""
        slot, written = ticket.slot, 0.0

        async def gate() -> None:
            nonlocal written
            await self._gate(ticket, whole=whole)
            written = written or self._clock()

        outcome = await call(gate)
        if isinstance(outcome, Fenced):
            self._way.pacer.give_back(slot)
            return outcome
        self._way.pacer.stamp(slot, self._clock())  # an upload; and what was never written: as if now, to be safe
        if written:
            CALL_SECONDS.labels(method).observe(self._clock() - written)
        return outcome

    async def _marked(self, item: Item) -> bool:
        """Whether Redis holds that the call is under way."""
        try:
            await self._way.places.under_way(item.call.key)
        except CacheUnavailable:
            return False
        return True

    async def _gate(self, ticket: Ticket, *, whole: bool) -> None:
        """Right before a write: wait until the slot opens; is it still our turn, and the one in which it was taken?

        The slot is stamped right after the write, if that is the `whole` call. An upload is written for seconds, and
        nobody knows which moment of them Telegram counts: its slot stays taken until the answer.
        """
        slot = ticket.slot
        while (wait := self._way.pacer.wait(slot, self._clock())) > 0 and not self._fenced(ticket.epoch):  # noqa: ASYNC110 - what it waits for is a moment
            await asyncio.sleep(wait)
        if self._fenced(ticket.epoch):
            raise NotOurTurn
        if whole:
            asyncio.get_running_loop().call_soon(self._written, slot)

    def _fenced(self, epoch: int) -> bool:
        return not self._way.turn.held or self._way.turn.epoch != epoch

    def _written(self, slot: Slot) -> None:
        self._way.pacer.stamp(slot, self._clock())
        USED.tell(self._clock())
        self._wake.set()

    async def _act(self, item: Item, outcome: Outcome) -> None:
        now = time.time()
        match outcome:
            case Sent(message_id):
                told(item, now)
                self._way.rules.reached(item.call.chat_id)
                ending = Ending("sent", now, message_id=message_id, doubtful=item.doubtful, amended_at=item.amended_at)
                self._promptness.told(item, now)
                await self._end(item, ending)
            case Unreachable(reason):
                self._way.rules.lost(item.call.chat_id)
                await self._end(item, Ending("unreachable", now, reason, doubtful=item.doubtful))
            case Refused(reason):
                await self._end(item, Ending("refused", now, reason, doubtful=item.doubtful))
            case Flood(retry_after):
                await self._flood(item, retry_after)
            case Moved(chat_id):
                self._follow(item, chat_id)
            case Fenced():
                await self._way.places.was_not_written(item.call.key)
                self._put_off(item, 0, arrived=False)
            case Unknown(reason):
                item.doubtful += 1
                await self._failed(item, reason, counted=True)
            case Failed(reason, counted):
                await self._failed(item, reason, counted=counted)

    def _follow(self, item: Item, chat_id: int) -> None:
        if item.wanted_by:
            self._way.schedule.move(item, chat_id, self._clock())
        else:
            self._over(item, Ending("returned", time.time()))

    async def _flood(self, item: Item, retry_after: float) -> None:
        """Telegram wants silence: of this chat, or of everybody."""
        now, chat = self._clock(), item.call.chat_id
        self._way.schedule.silence(chat, now, retry_after)
        everybody_until = self._floods.hit(chat, now, retry_after)
        if everybody_until is not None:
            self._way.pacer.hold(everybody_until)
            await self._way.silences.keep(EVERYBODY, everybody_until - now)
        await self._way.silences.keep(chat, retry_after)
        FLOODS.labels("chat" if everybody_until is None else "everybody").inc()
        await self._take_back(item)
        self._put_off(item, 0)

    async def _failed(self, item: Item, reason: str, *, counted: bool) -> None:
        if item.doubtful and item.call.if_unknown == "leave":
            await self._end(item, Ending("unknown", time.time(), reason, doubtful=item.doubtful))
        elif item.tries >= len(RETRIES):
            await self._end(item, Ending("failed", time.time(), reason, doubtful=item.doubtful))
        else:
            await self._take_back(item)
            pause = RETRIES[min(item.setbacks, len(RETRIES) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
            item.tries += counted
            item.setbacks += 1
            self._put_off(item, pause, arrived=counted)

    async def _take_back(self, item: Item) -> None:
        """Let no later sender take a call for doubtful that Telegram certainly did not do."""
        if item.call.if_unknown == "leave" and not item.doubtful:
            await self._way.places.was_not_written(item.call.key)

    def _put_off(self, item: Item, pause: float, *, arrived: bool = True) -> None:
        """Try again later, unless nobody needs that any more."""
        now = self._clock()
        if not item.wanted_by:  # the broker took the call back meanwhile: it is somebody else's
            self._over(item, Ending("returned", time.time()))
        elif self._way.schedule.newer(item) is not None:
            self._over(item, Ending("superseded", time.time(), doubtful=item.doubtful))
        else:
            self._way.schedule.again(item, now, pause, arrived=arrived)

    async def _end(self, item: Item, ending: Ending, *, made: bool = True) -> None:
        if ending.outcome != "returned":
            await self._way.places.ended(item.call.key, ending)
        self._over(item, ending, made=made)

    def _over(self, item: Item, ending: Ending, *, made: bool = True) -> None:
        self._way.schedule.done(item, self._clock(), arrived=made)
        self._arrivals.end(item, ending)


def estate(pacer: Pacer, now: float) -> bytes | None:
    """What a successor must know to go on at once; None if it cannot be said while calls are being written."""
    ages = pacer.ages(now)
    return None if ages is None else msgspec.json.encode(ages)


def _ages(left: bytes) -> list[float] | None:
    try:
        return msgspec.json.decode(left, type=list[float])
    except msgspec.MsgspecError:
        return None
