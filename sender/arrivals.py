"""Owns what becomes of a message from `outbound.*`: it waits in the schedule, joins one that is there, or is done.

A handler's verdict comes when the call is over, so a message stays unacked until Telegram has answered and the receipt
is told. A change of a call (an enrichment) that is merged is acked with the call that it went into, and an older call
of a topic with the newer one that goes instead: if the sender dies before, all of them return.
"""

import asyncio
import random
import time
from collections.abc import Callable, Collection
from typing import Final, Protocol

import msgspec
from structlog.contextvars import bind_contextvars

from sender.endings import Ending
from sender.items import Item, Priority
from sender.metrics import MERGED
from sender.places import Places
from sender.schedule import Schedule
from shared import tracing
from shared.contracts import OutboundCall, decode
from shared.delivery import Delivery, Done, Drop, Handler, Return, Verdict
from shared.errors import CacheUnavailable
from shared.publisher import Headers

HELD: Final = 20.0
"""Seconds a change is held in memory for a call that has not come; then it is left in Redis."""
LATER: Final = 60.0
"""Seconds by which a change may usually be younger than its call, which another sender may have made."""
TOO_LATE: Final = 3600.0
"""Seconds after which a change is dropped whose call was never seen."""
HELD_LONGEST: Final = 600.0
"""Seconds after which a call that waits is given back: RabbitMQ closes a channel that keeps one for half an hour."""


ASK_AGAIN: Final = (1.1, 1.1)
"""Seconds, to be jittered, after which Redis is asked again of a call that another sender may have made, or was making.
At a takeover a hundred of them come at once, and a Redis that is late for one of them is left alone for a second; so
does the sender before, which then has the answer of its last call and cannot tell it yet."""


class Teller(Protocol):
    """Tells what became of a call."""

    async def tell(self, call: OutboundCall, priority: Priority, ending: Ending) -> None:
        """Return when it is known elsewhere."""


class Arrivals:
    """Takes messages in. `changed` is called when the schedule has something new."""

    def __init__(
        self,
        schedule: Schedule,
        places: Places,
        receipts: Teller,
        *,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._schedule = schedule
        self._places = places
        self._receipts = receipts
        self._clock = clock
        self._changed = changed
        self._endings: dict[Item, asyncio.Future[Ending]] = {}
        self._awaited: dict[str, asyncio.Event] = {}

    def handler(self, priority: Priority) -> Handler:
        """The handler of one of the queues."""

        async def handle(delivery: Delivery) -> Verdict:
            call = decode(OutboundCall, delivery.body)
            if call.target is None:
                return await self._send(call, priority, delivery.trail)
            return await self._change(call, call.target, delivery.trail)

        return handle

    def end(self, item: Item, ending: Ending) -> None:
        """The call is over: everything that waits for it may be settled."""
        older = ending if ending.outcome == "returned" else Ending("superseded", ending.at)
        for one, its in ((item, ending), *((each, older) for each in item.instead_of)):
            if (waiting := self._endings.pop(one, None)) is not None and not waiting.done():
                waiting.set_result(its)

    def give_back(self, priorities: Collection[Priority] = tuple(Priority), *, older_than: float = 0.0) -> None:
        """Give the calls that wait back to the broker: those of these priorities that have been here for so long."""
        now = self._clock()
        for item in self._schedule:
            if item.priority in priorities and now - item.arrived >= older_than and self._schedule.waits(item):
                self._drop(item, Ending("returned", time.time()))

    async def _send(self, call: OutboundCall, priority: Priority, trail: Headers) -> Verdict:
        """Have the call made, once, and tell what became of it."""
        ending = self._places.sent(call.key) or await self._ending(call, priority, trail)
        bind_contextvars(outcome=ending.outcome, method=call.method, chat_id=call.chat_id)
        if ending.outcome == "returned":
            return Return()
        await self._receipts.tell(call, priority, ending)
        return Drop(ending.reason) if ending.dead else Done()

    async def _ending(self, call: OutboundCall, priority: Priority, trail: Headers) -> Ending:
        item = self._schedule.get(call.key)
        if item is None:
            item = Item(call, priority, arrived=self._clock(), trail=trail)
            self._endings[item] = asyncio.get_running_loop().create_future()
            self._schedule.add(item)
            if (awaited := self._awaited.pop(call.key, None)) is not None:
                awaited.set()
            await self._make_ready(item)
        ending = await self._over(item)
        bind_contextvars(**item.times)
        return ending

    async def _make_ready(self, item: Item) -> None:
        """Let the call go, unless it went out before; with the change that came before it, if one did."""
        try:
            over = await self._over_before(item)
            early = None if over else await self._early(item.call)
        except BaseException:
            self._forget(item)
            raise
        if not self._schedule.waits(item):
            return  # given back meanwhile
        if over is not None:
            self._places.note(item.call.key, over)
            self._drop(item, over)
            return
        if early is not None:
            self._merge(item, early)
        older = self._schedule.ready(item, self._clock())
        if older is not None:
            self._places.note(older.call.key, Ending("superseded", time.time()))
            MERGED.labels("superseded").inc()
        self._changed()

    async def _over_before(self, item: Item) -> Ending | None:
        """The ending of a call that must not be made (again).

        Raises:
            CacheUnavailable: it must never be made twice, and Redis would have to say whether it was made.
        """
        call = item.call
        try:
            fate = await self._fate_before(item)
        except CacheUnavailable:
            if call.if_unknown == "leave":
                raise
            fate = None
        if fate is None or fate.outcome in ("sent", "superseded"):
            return fate
        if fate.outcome == "unknown":
            if call.if_unknown == "leave":
                return fate
            item.doubtful += fate.before
        return None

    async def _fate_before(self, item: Item) -> Ending | None:
        """How the call ended in another sender's time, of which Redis knows; a call of our own is not asked about.

        Raises:
            CacheUnavailable: Redis does not say, though it was asked several times; or once, of what never comes twice:
                that is kept until Redis answers.
        """
        call = item.call
        for again, pause in enumerate(ASK_AGAIN):
            try:
                fate = await self._places.fate(call.key, call.created_at, time.time(), patiently=again > 0)
            except CacheUnavailable:
                if call.if_unknown == "leave":
                    raise
            else:
                if fate is None or fate.outcome != "unknown" or not fate.before:
                    return fate
            if await self._over_within(item, pause * random.uniform(1.0, 1.4)):  # noqa: S311 - jitter
                return None  # given back meanwhile
        return await self._places.fate(call.key, call.created_at, time.time(), patiently=True)

    async def _over_within(self, item: Item, seconds: float) -> bool:
        """Whether a call that is not ready yet has come to an end before so many seconds were over."""
        if (ending := self._endings.get(item)) is not None:
            await asyncio.wait([ending], timeout=seconds)
        return item not in self._endings

    async def _early(self, call: OutboundCall) -> OutboundCall | None:
        if not call.awaits_enrichment or time.time() - call.created_at <= HELD / 2:
            return None
        return await self._places.early(call.key)

    async def _over(self, item: Item) -> Ending:
        """Wait until the call is over. Cancelled, it is forgotten unless under way: then its answer still counts."""
        if (waiting := self._endings.get(item)) is None:
            return self._places.remembers(item.call.key) or Ending("returned", time.time())
        item.wanted_by += 1
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            self._forget(item)
            raise
        finally:
            item.wanted_by -= 1

    def _drop(self, item: Item, ending: Ending) -> None:
        """End a call that waits."""
        self._schedule.remove(item, self._clock())
        self.end(item, ending)

    def _forget(self, item: Item) -> None:
        if self._schedule.waits(item):
            self._drop(item, Ending("returned", time.time()))

    def _merge(self, item: Item, change: OutboundCall) -> None:
        self._schedule.merge(item, change, self._clock())
        MERGED.labels("enrichment").inc()
        self._changed()

    async def _comes(self, target: str) -> bool:
        """Whether the call of this key comes within HELD; the usual case, since both were published together."""
        coming = self._awaited.setdefault(target, asyncio.Event())
        try:
            async with asyncio.timeout(HELD):
                await coming.wait()
        except TimeoutError:
            return False
        finally:
            self._awaited.pop(target, None)
        return True

    async def _change(self, change: OutboundCall, target: str, trail: Headers) -> Verdict:
        """Merge the change into its call, or make it a call of its own, or leave it for a call that is yet to come."""
        bind_contextvars(outcome="needless")  # unless something else is said below
        if self._places.remembers(change.key) or self._places.overtaken(change):
            return Done()
        item = self._schedule.get(target)
        if item is not None:
            if merged := self._schedule.waits(item):
                item.joined.append(tracing.of(trail))
                self._merge(item, change)
            ending = await self._over(item)
            if ending.outcome == "returned":
                bind_contextvars(outcome="returned")
                return Return()
            if merged and not ending.before:
                bind_contextvars(outcome="merged")
                self._places.note(change.key, ending)
                self._places.applied(change)
                return Done()
        ending_before = await self._fate_of(target, change.created_at - LATER)
        if ending_before is None:
            return await self._keep(change, target, trail)
        return await self._amend(change, ending_before, trail)

    async def _fate_of(self, target: str, created_at: float) -> Ending | None:
        """How the call to be changed ended; None if it has not, as far as can be known."""
        try:
            fate = await self._places.fate(target, created_at, time.time())
        except CacheUnavailable:
            return None
        return None if fate is not None and fate.outcome == "unknown" and fate.before else fate

    async def _amend(self, change: OutboundCall, ending: Ending, trail: Headers) -> Verdict:
        """Change a message that has gone out, unless it has the change in it or there is none."""
        if ending.outcome != "sent" or not ending.message_id or ending.amended_at >= change.created_at:
            return Done()
        self._places.applied(change)
        return await self._send(_edit(change, ending.message_id), Priority.ENRICHMENT, trail)

    async def _keep(self, change: OutboundCall, target: str, trail: Headers) -> Verdict:
        """Hold a change whose call is not here: in memory, then in Redis, until it is too late."""
        if time.time() - change.created_at > TOO_LATE:
            return Done()  # if_gone: drop
        if not self._knows(target) and not await self._comes(target):
            # It is not coming soon. It may have gone out in another sender's time: the change is younger than the call.
            ending = await self._fate_of(target, created_at=0.0)
            if ending is not None:
                return await self._amend(change, ending, trail)
            await self._places.leave(change)
            bind_contextvars(outcome="left for later")
        return await self._change(change, target, trail) if self._knows(target) else Done()

    def _knows(self, target: str) -> bool:
        """Whether the call of this key is here or was; asked after every pause, since it may come in any of them."""
        return self._schedule.get(target) is not None or self._places.remembers(target) is not None


def _edit(change: OutboundCall, message_id: int) -> OutboundCall:
    """The change as a call of its own; of several for one message that wait, only the newest goes out."""
    params = {**change.params, "message_id": message_id}
    return msgspec.structs.replace(change, params=params, target=None, topic=f"edit:{message_id}")
