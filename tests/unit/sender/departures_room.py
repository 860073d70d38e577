"""Departures with everything that they touch: a stepped clock, and a door that tests open."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from aiogram.types import WebhookInfo

from sender.arrivals import Arrivals
from sender.departures import Departures, Way
from sender.endings import Ending
from sender.items import Priority
from sender.lookout import Lookout
from sender.pacer import Pacer
from sender.places import Places
from sender.rules import Rules
from sender.schedule import Schedule
from sender.silences import Silences
from sender.telegram import Fenced, Gate, NotOurTurn, Outcome, Sent
from shared.contracts import CallPriority, File, OutboundCall, encode
from shared.delivery import Delivery, Verdict
from shared.errors import CacheUnavailable
from shared.topology import SENDER_TURN
from shared.turn import Turn
from shared.webhook import ours

if TYPE_CHECKING:
    from collections.abc import Callable

NOW, GUARD = 100.0, 0.025
UNIX = 1_795_471_200.0
URL = "https://bot.example.az/webhook"
FILE = File("document", "x.xlsx", b"PK\x03\x04")


class Ours(Turn):
    """The right to send, given and taken by the test."""

    def __init__(self) -> None:
        super().__init__(SENDER_TURN)
        self.ours = asyncio.Event()
        self.ours.set()

    @property
    def held(self) -> bool:
        return self.ours.is_set()

    async def wait(self) -> None:
        await self.ours.wait()


class Store:
    """A Redis that remembers, until it is away; `slow` makes every question wait until it is released."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.away = False
        self.reads_only = False
        self.slow: asyncio.Event | None = None

    async def get(self, key: str) -> str | None:
        if self.slow is not None:
            await self.slow.wait()
        self._check()
        return self.values.get(key)

    async def put(self, key: str, value: str, seconds: int) -> None:
        del seconds
        self._check()
        if self.reads_only:
            raise CacheUnavailable("it has no room")
        self.values[key] = value

    def _check(self) -> None:
        if self.away:
            raise CacheUnavailable("away")


class Wishes:
    """What operators want."""

    def __init__(self) -> None:
        self.stopped: set[int] = set()

    def paused(self, priority: CallPriority) -> bool:
        del priority
        return False

    def campaign(self, campaign_id: int) -> str:
        return "cancelled" if campaign_id in self.stopped else "running"


class Told:
    """Keeps the receipts."""

    def __init__(self) -> None:
        self.endings: dict[str, Ending] = {}

    async def tell(self, call: OutboundCall, priority: Priority, ending: Ending) -> None:
        del priority
        self.endings[call.key] = ending


class Door:
    """Asks the gate before each of two parts, does what the test wants between them, and answers when told."""

    host = "api.telegram.org"

    def __init__(self) -> None:
        self.made: list[OutboundCall] = []
        self.written, self.answer = asyncio.Event(), asyncio.Event()
        self.between: Callable[[], None] = lambda: None
        self.outcomes: list[Outcome] = []

    async def call(self, call: OutboundCall, gate: Gate) -> Outcome:
        try:
            await gate()
            self.between()
            await gate()
        except NotOurTurn:
            self.written.set()
            return Fenced()
        self.made.append(call)
        self.written.set()
        await self.answer.wait()
        return self.outcomes.pop(0) if self.outcomes else Sent(5)


class Oracle:
    """Says what Telegram holds."""

    def __init__(self) -> None:
        self.asked = 0
        self.says: WebhookInfo | Outcome = WebhookInfo(url=URL, has_custom_certificate=False, pending_update_count=0)

    async def webhook(self, gate: Gate) -> WebhookInfo | Outcome:
        try:
            await gate()
        except NotOurTurn:
            return Fenced()
        self.asked += 1
        return self.says


class Asleep(Lookout):
    """Not due until the test says so: most tests count slots, and have them all."""

    def restart(self, now: float) -> None:
        super().restart(now)
        self.due_at = math.inf


class Room:
    """Departures with a cap of one call a second; `store`: another sender's Redis."""

    def __init__(self, store: Store | None = None) -> None:
        self.now = NOW
        self.turn, self.door, self.pacer, self.store = Ours(), Door(), Pacer(1, GUARD, 0.0), store or Store()
        self.schedule, self.wishes, self.told = Schedule(1), Wishes(), Told()
        places = Places(self.store, lambda: 0.0, self.store)
        silences = Silences(self.store, lambda: self.now)
        self.oracle = Oracle()
        self.lookout = Asleep(self.oracle, ours(URL), lambda: self.turn.held, lambda: UNIX + self.now)
        self.lookout.restart(self.now)
        way = Way(self.schedule, Rules(self.wishes), self.pacer, self.turn, places, silences, self.door, self.lookout)
        self.arrivals = Arrivals(
            self.schedule,
            places,
            self.told,
            changed=lambda: self.departures.wake(),  # noqa: PLW0108 - made below
            clock=lambda: self.now,
        )
        self.departures = Departures(way, self.arrivals, hungry=lambda: None, clock=lambda: self.now)
        self.tasks: list[asyncio.Task[None] | asyncio.Task[Verdict]] = [asyncio.create_task(self.departures.run())]

    def arrive(self, file: File | None = None, *, bulk: bool = False, **traits: Any) -> asyncio.Task[Verdict]:  # noqa: ANN401 - fields of the call
        """A message of the broker."""
        fields: dict[str, Any] = {
            "key": "7:0",
            "method": "m",
            "chat_id": 7,
            "params": {"chat_id": 7, "text": "x"},
            "created_at": 0.0,
        } | traits
        call = OutboundCall(file=file, **fields)
        delivery = Delivery(queue="q", key=call.key, body=encode(call), headers={}, tries=0, redelivered=False)

        async def handled() -> Verdict:
            return await self.arrivals.handler(Priority.BULK if bulk else Priority.INTERACTIVE)(delivery)

        task = asyncio.create_task(handled())
        self.tasks.append(task)
        return task

    async def later(self, seconds: float) -> None:
        """Let time pass, and whoever waits look again."""
        self.now += seconds
        self.departures.wake()
        for _ in range(20):
            await asyncio.sleep(0)

    async def until_written(self) -> None:
        """Wait for the last part, and for what follows at the loop's next turn."""
        await self.door.written.wait()
        self.door.written.clear()
        for _ in range(20):
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Room]:
    """A room, until its tasks are ended."""
    room = Room()
    yield room
    for task in room.tasks:
        task.cancel()
    await asyncio.gather(*room.tasks, return_exceptions=True)
