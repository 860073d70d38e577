"""Owns what becomes of a message from `outbound.*`: it waits in the schedule, joins one that is there, or is done.

A handler's verdict comes when the call is over, so a message stays unacked until Telegram has answered. A change of a
call (an enrichment) that is merged is acked with the call that it went into: if the sender dies before, both return.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec

from sender.metrics import MERGED
from sender.places import NO_MESSAGE, Places
from sender.schedule import Item, Priority, Schedule
from shared.consume import Delivery, Done, Handler, Verdict
from shared.contracts import OutboundCall, decode

HELD: Final = 20.0
"""Seconds a change is held in memory for a call that has not come; then it is left in Redis."""
TOO_LATE: Final = 3600.0
"""Seconds after which a change is dropped whose call was never seen."""


class Arrivals:
    """Takes messages in. `changed` is called when the schedule has something new."""

    def __init__(
        self, schedule: Schedule, places: Places, clock: Callable[[], float], changed: Callable[[], None]
    ) -> None:
        self._schedule = schedule
        self._places = places
        self._clock = clock
        self._changed = changed
        self._verdicts: dict[Item, asyncio.Future[Verdict]] = {}
        self._awaited: dict[str, asyncio.Event] = {}

    def handler(self, priority: Priority) -> Handler:
        """The handler of one of the queues."""

        async def handle(delivery: Delivery) -> Verdict:
            call = decode(OutboundCall, delivery.body)
            if call.target is None:
                return await self._send(call, priority)
            return await self._change(call, call.target)

        return handle

    def decide(self, item: Item, verdict: Verdict) -> None:
        """The call is over: everything that waits for it may be settled."""
        if (waiting := self._verdicts.pop(item, None)) is not None and not waiting.done():
            waiting.set_result(verdict)

    def abandon(self) -> None:
        """Give back to the broker whatever is not over."""
        for waiting in self._verdicts.values():
            waiting.cancel()

    async def _send(self, call: OutboundCall, priority: Priority) -> Verdict:
        item = self._schedule.get(call.key)
        if item is None:
            if self._places.remembers(call.key):
                return Done()
            item = Item(call, priority, arrived=self._clock())
            self._verdicts[item] = asyncio.get_running_loop().create_future()
            self._schedule.add(item)
            if (awaited := self._awaited.pop(call.key, None)) is not None:
                awaited.set()
            await self._make_ready(item)
        return await self._over(item)

    async def _make_ready(self, item: Item) -> None:
        """Let the call go, unless it went out before; with the change that came before it, if one did."""
        try:
            call, now = item.call, time.time()
            if (message_id := await self._places.message(call.key, call.created_at, now)) is not None:
                self._places.note(call.key, message_id)
                item.sent_before = True
                self._schedule.remove(item, self._clock())
                self.decide(item, Done())
                return
            may_have_early = call.awaits_enrichment and now - call.created_at > HELD / 2
            early = await self._places.early(call.key) if may_have_early else None
        except asyncio.CancelledError:
            self._forget(item)
            raise
        if early is not None:
            self._merge(item, early)
        self._schedule.ready(item, self._clock())
        self._changed()

    async def _over(self, item: Item) -> Verdict:
        """Wait until the call is over. Cancelled, it is forgotten unless under way: then its answer still counts."""
        if (waiting := self._verdicts.get(item)) is None:
            return Done()
        item.wanted_by += 1
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            self._forget(item)
            raise
        finally:
            item.wanted_by -= 1

    def _forget(self, item: Item) -> None:
        if self._schedule.waits(item):
            self._schedule.remove(item, self._clock())
            if (waiting := self._verdicts.pop(item, None)) is not None:
                waiting.cancel()

    def _merge(self, item: Item, change: OutboundCall) -> None:
        self._schedule.merge(item, change, self._clock())
        MERGED.inc()
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

    async def _change(self, change: OutboundCall, target: str) -> Verdict:
        """Merge the change into its call, or make it a call of its own, or leave it for a call that is yet to come."""
        if self._places.remembers(change.key):
            return Done()
        item = self._schedule.get(target)
        if item is not None and self._schedule.waits(item):
            self._merge(item, change)
            await self._over(item)
            if item.sent_before:
                return await self._change(change, target)
            self._places.note(change.key)
            return Done()
        if item is not None:
            await self._over(item)
        message_id = await self._places.message(target, change.created_at, time.time())
        return await self._keep(change, target) if message_id is None else await self._amend(change, message_id)

    async def _amend(self, change: OutboundCall, message_id: int) -> Verdict:
        """Change a message that has gone out."""
        if message_id == NO_MESSAGE:
            return Done()
        return await self._send(_edit(change, message_id), Priority.ENRICHMENT)

    async def _keep(self, change: OutboundCall, target: str) -> Verdict:
        """Hold a change whose call is not here: in memory, then in Redis, until it is too late."""
        if time.time() - change.created_at > TOO_LATE:
            return Done()  # if_gone: drop
        if not self._knows(target) and not await self._comes(target):
            # It is not coming soon. It may have gone out in another sender's time: the change is younger than the call.
            message_id = await self._places.message(target, created_at=0.0, now=time.time())
            if message_id is not None:
                return await self._amend(change, message_id)
            await self._places.leave(change)
        return await self._change(change, target) if self._knows(target) else Done()

    def _knows(self, target: str) -> bool:
        """Whether the call of this key is here or was; asked after every pause, since it may come in any of them."""
        return self._schedule.get(target) is not None or self._places.remembers(target)


def _edit(change: OutboundCall, message_id: int) -> OutboundCall:
    return msgspec.structs.replace(change, params={**change.params, "message_id": message_id}, target=None)
