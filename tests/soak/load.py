"""Owns the work that the fleet has all the time: people who check in, numbered messages, reminders."""

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from shared.contracts import OutboundCall, encode
from shared.errors import BrokerUnavailable
from shared.topology import BULK, INTERACTIVE
from simulator.people import Employee
from tests.soak.arena import DOUBLE_TAP_SECONDS, Arena
from tests.soak.diary import Item

CHECK_INS: Final = 4.0
NUMBERED: Final = 1.0
REMINDERS: Final = 2.0
"""How many a second, on average; all together are half of the cap at most, so that the queues drain between strikes."""
POISON_EVERY: Final = 45.0
CROWDS_EVERY: Final = 50.0
CROWD: Final = 60
"""People who come in the same moment, each so many seconds."""
PILE: Final = 110
"""Reminders that wait while a sender takes over: more than the cap lets out in three and a half seconds."""
DOUBLE_TAPS: Final = 0.1
STEPS: Final = (1, 4)
NUMBERED_PEOPLE: Final = 20
ZONE: Final = ZoneInfo("Asia/Baku")
"""The zone in which replies tell the time, unless told otherwise."""
NO_SUCH_MESSAGE: Final = 999_999_999


class Load:
    """Publishes and taps, and writes down what must come of it."""

    def __init__(self, arena: Arena, seed: int) -> None:
        self._arena = arena
        self._diary = arena.diary
        self._chance = random.Random(seed)  # noqa: S311 - no secret: repeatable crowds
        self._numbered: Sequence[Employee] = arena.crowd.employees[:NUMBERED_PEOPLE]
        self.people: Sequence[Employee] = arena.crowd.employees[NUMBERED_PEOPLE:]
        self._last_second: dict[int, int] = {}
        self._numbers = 0

    async def run(self) -> None:
        """Work for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._check_ins())
            group.create_task(self._crowds())
            group.create_task(self._series())
            group.create_task(self._reminders())
            group.create_task(self._poison())

    async def remind(self, people: Sequence[Employee]) -> None:
        """Hand over a reminder for each."""
        for person in people:
            number = self._next()
            call = _call(person, f"reminder:{number}", f"reminder {number}: have you checked in?", if_unknown="leave")
            await self._hand_over(call, BULK.name)
            self._diary.items.append(
                Item("reminder", person.id, (f"reminder {number}",), time.monotonic(), key=call.key)
            )

    async def pile_up(self) -> None:
        """Let so much wait that somebody has something to send whenever they take over."""
        await self.remind(self._chance.sample(self.people, PILE))

    def somebody(self) -> Employee:
        """A person who checks in."""
        return self._chance.choice(self.people)

    async def _check_ins(self) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(CHECK_INS))
            self._check_in(self.somebody(), twice=self._chance.random() < DOUBLE_TAPS)

    async def _crowds(self) -> None:
        while True:
            await asyncio.sleep(CROWDS_EVERY * self._chance.uniform(0.5, 1.0))
            self._diary.say(f"{CROWD} people check in at once")
            for number, person in enumerate(self._chance.sample(self.people, CROWD)):
                self._check_in(person, twice=False)
                if number % 10 == 0:
                    await asyncio.sleep(0)  # calls that arrive meanwhile are to be taken in

    async def _series(self) -> None:
        while True:
            steps = self._chance.randint(*STEPS)
            await asyncio.sleep(self._chance.expovariate(NUMBERED / steps))
            person = self._chance.choice(self._numbered)
            for _ in range(steps):
                number = self._next()
                call = _call(person, f"step:{number}", f"step {number}")
                await self._hand_over(call, INTERACTIVE.name)
                item = Item("numbered", person.id, (f"step {number}",), time.monotonic(), key=call.key)
                self._diary.items.append(item)

    async def _reminders(self) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(REMINDERS))
            await self.remind([self.somebody()])

    async def _poison(self) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / POISON_EVERY))
            call = _edit_of_nothing(self.somebody(), f"soak:poison:{self._next()}")
            await self._hand_over(call, INTERACTIVE.name)
            self._diary.poison.add(call.key)

    def _check_in(self, person: Employee, *, twice: bool) -> None:
        """Tap now, or some seconds after the person's last tap if that is later: each tap has a second of its own."""
        second = max(int(time.time()), self._last_second.get(person.id, 0) + DOUBLE_TAP_SECONDS + 1)
        seconds = [second, second + DOUBLE_TAP_SECONDS] if twice else [second]
        self._last_second[person.id] = seconds[-1]
        moments = [datetime.fromtimestamp(one, UTC) for one in seconds]
        marks = tuple(f"{moment.astimezone(ZONE):%H:%M:%S}" for moment in moments)
        self._diary.items.append(Item("check-in", person.id, marks, time.monotonic(), size=len(marks)))
        for moment in moments:
            self._diary.updates.append(self._arena.crowd.send_location(person, at=moment))

    async def _hand_over(self, call: OutboundCall, queue: str) -> None:
        """Publish until RabbitMQ has confirmed; a call that it has twice has one key."""
        while True:
            try:
                await self._arena.publisher.publish(queue, encode(call), key=call.key)
            except BrokerUnavailable:
                await asyncio.sleep(0.2)
            else:
                return

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers


def _call(person: Employee, key: str, text: str, **traits: Any) -> OutboundCall:  # noqa: ANN401 - fields of the call
    params = {"chat_id": person.id, "text": text}
    key = f"soak:{key}"
    return OutboundCall(
        key=key, chat_id=person.id, method="sendMessage", params=params, created_at=time.time(), **traits
    )


def _edit_of_nothing(person: Employee, key: str) -> OutboundCall:
    """A call in order that Telegram refuses for ever."""
    params = {"chat_id": person.id, "message_id": NO_SUCH_MESSAGE, "text": key}
    return OutboundCall(key=key, chat_id=person.id, method="editMessageText", params=params, created_at=time.time())
