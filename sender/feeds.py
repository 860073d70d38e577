"""Owns what the sender takes from the broker: which queues, how much of each, and when none of it.

Only the active sender consumes, so that what waits is in one memory; a standby is connected and ready to. It begins
when it may send and not before: what it takes it asks Redis about, and whoever sent before it has had the length of a
lease to tell Redis what became of its last calls. It holds a window of each queue, not the backlog: enough to choose
from, and little to decode while a burst needs the processor elsewhere. If a window is full of calls whose chats must
rest, it is widened, so that a chat with very many calls does not keep the others waiting. A queue that is paused is not
consumed at all, and what was taken of it is given back.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sender.arrivals import HELD_LONGEST, Arrivals
from sender.items import Priority
from sender.schedule import Schedule
from shared.broker import Link, heed_cancellation
from shared.consume import Consumer
from shared.contracts import CallPriority
from shared.turn import Turn

STEPS: Final = 8
"""How many windows more are held at most."""
LOOK: Final = 0.25
"""Seconds between two looks at whether a window must be widened."""
TIDY: Final = 30.0
"""Seconds between two looks at what has been held for too long, and at what can be narrowed."""


class Orders(Protocol):
    """What operators want."""

    def paused(self, priority: CallPriority) -> bool:
        """Whether nothing of this priority may go out."""


@dataclass(slots=True)
class Feed:
    """A queue's consumer, the priority of what comes from it, how many calls its window has, and how it is now."""

    consumer: Consumer
    priority: Priority
    window: int
    most_steps: int = STEPS
    steps: int = 0
    open: bool = False


class Feeds:
    """Opens and closes the feeds as the right to send, the orders and the windows want it."""

    def __init__(self, feeds: Sequence[Feed], turn: Turn, orders: Orders, schedule: Schedule) -> None:
        self._feeds = feeds
        self._turn = turn
        self._orders = orders
        self._schedule = schedule
        self._look = asyncio.Event()
        self._hungry = False

    @property
    def consumers(self) -> list[Consumer]:
        """What is to live on a connection."""
        return [feed.consumer for feed in self._feeds]

    def look(self) -> None:
        """Something changed: the right, or the orders."""
        self._look.set()

    def hungry(self) -> None:
        """The sender could send, and the chats of all that is held must rest."""
        self._hungry = True

    async def run(self, arrivals: Arrivals, link: Link) -> None:
        """Keep them as they should be, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(link), name="follow the turn")
            group.create_task(self._keep(arrivals), name="keep the feeds")
            group.create_task(self._tidy(arrivals), name="tidy the feeds")

    async def close(self) -> None:
        """Take nothing new."""
        for feed in self._feeds:
            feed.open = False
        await asyncio.gather(*(feed.consumer.stop() for feed in self._feeds))  # a frozen broker is waited for once

    async def drain(self, seconds: float) -> None:
        """Give what is in hand this long to be settled."""
        await asyncio.gather(*(feed.consumer.drain(seconds) for feed in self._feeds))

    async def _follow(self, link: Link) -> None:
        while True:
            await self._turn.wait()
            self.look()
            await self._turn.lost()
            self.look()
            link.lose("the right to send is another's")  # and with it everything in hand

    async def _keep(self, arrivals: Arrivals) -> None:
        while True:
            for feed in self._feeds:
                paused = self._orders.paused(feed.priority.label)
                fed = self._turn.held or (feed.open and self._turn.active)
                await self._set(feed, wanted=fed and not paused)
                if paused:
                    arrivals.give_back([feed.priority])
            if self._hungry:
                self._hungry = False
                await self._widen()
            heed_cancellation()
            self._look.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._look.wait()

    async def _set(self, feed: Feed, *, wanted: bool) -> None:
        if wanted == feed.open:
            return
        feed.open, feed.steps = wanted, 0
        await (feed.consumer.resume() if wanted else feed.consumer.stop())

    async def _widen(self) -> None:
        held = Counter(item.priority for item in self._schedule)
        for feed in self._feeds:
            if feed.open and feed.steps < feed.most_steps and held[feed.priority] >= feed.window * (1 + feed.steps):
                feed.steps += 1
                await feed.consumer.hold(beside=feed.steps * feed.window)

    async def _tidy(self, arrivals: Arrivals) -> None:
        while True:
            await asyncio.sleep(TIDY)
            arrivals.give_back(older_than=HELD_LONGEST)
            held = Counter(item.priority for item in self._schedule)
            for feed in self._feeds:
                if feed.steps and held[feed.priority] < feed.window:
                    feed.steps = 0
                    await feed.consumer.hold(beside=0)
            heed_cancellation()
