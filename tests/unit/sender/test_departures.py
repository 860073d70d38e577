"""What a call takes of the cap from its first byte to its answer; a stepped clock, and a door that tests open."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from sender.departures import Departures
from sender.pacer import Pacer
from sender.places import Places
from sender.schedule import Priority, Schedule
from sender.telegram import Fenced, Gate, NotOurTurn, Outcome, Sent
from shared.consume import Delivery, Done, Verdict
from shared.contracts import File, OutboundCall, encode
from shared.topology import SENDER_TURN
from shared.turn import Turn

NOW, GUARD = 100.0, 0.025
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


class Nowhere:
    """A Redis that holds nothing."""

    async def get(self, key: str) -> str | None:
        del key
        return None

    async def put(self, key: str, value: str, seconds: int) -> None:
        """Forget it."""


class Door:
    """Asks the gate before each of two parts, does what the test wants between them, and answers when told."""

    def __init__(self) -> None:
        self.made: list[OutboundCall] = []
        self.written, self.answer = asyncio.Event(), asyncio.Event()
        self.between: Callable[[], None] = lambda: None

    async def call(self, call: OutboundCall, gate: Gate) -> Outcome:
        try:
            gate()
            self.between()
            gate()
        except NotOurTurn:
            self.written.set()
            return Fenced()
        self.made.append(call)
        self.written.set()
        await self.answer.wait()
        return Sent(5)


class Room:
    """Departures with a cap of one call a second."""

    def __init__(self) -> None:
        self.now = NOW
        self.turn, self.door, self.pacer = Ours(), Door(), Pacer(1, GUARD, 0.0)
        places = Places(Nowhere(), lambda: 1000.0)
        self.departures = Departures(Schedule(1), self.pacer, self.turn, self.door, places, clock=lambda: self.now)
        self.tasks: list[asyncio.Task[None] | asyncio.Task[Verdict]] = [asyncio.create_task(self.departures.run())]

    def arrive(self, file: File | None) -> asyncio.Task[Verdict]:
        """A message of the broker."""
        call = OutboundCall(key="7:0", chat_id=7, method="m", params={"chat_id": 7}, created_at=0.0, file=file)
        delivery = Delivery(queue="q", key=call.key, body=encode(call), headers={}, tries=0, redelivered=False)

        async def handled() -> Verdict:
            return await self.departures.arrivals.handler(Priority.INTERACTIVE)(delivery)

        task = asyncio.create_task(handled())
        self.tasks.append(task)
        return task

    async def until_written(self) -> None:
        """Wait for the last part, and for what follows at the loop's next turn."""
        await self.door.written.wait()
        self.door.written.clear()
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


async def test_a_call_takes_its_slot_from_the_moment_of_its_write_however_late_the_answer(room: Room) -> None:
    room.arrive(None)
    await room.until_written()
    assert room.pacer.delay(NOW) == pytest.approx(1.0 + GUARD)
    assert room.pacer.delay(NOW + 1.0 + GUARD) == 0


async def test_an_upload_keeps_its_slot_until_its_answer_however_long_that_takes(room: Room) -> None:
    verdict = room.arrive(FILE)
    await room.until_written()
    assert room.pacer.delay(NOW + 1000) is None
    room.door.answer.set()
    assert await verdict == Done()
    assert room.pacer.delay(NOW) == pytest.approx(1.0 + GUARD)


async def test_an_upload_stopped_on_its_way_since_the_turn_was_lost_goes_whole_when_it_is_ours_again(
    room: Room,
) -> None:
    room.door.between = room.turn.ours.clear
    verdict = room.arrive(FILE)
    await room.until_written()
    assert room.door.made == []
    assert room.pacer.delay(NOW + 0.5) == 0  # nothing was done of it, and its slot is free
    room.door.between = lambda: None
    room.now += 10
    room.turn.ours.set()
    room.door.answer.set()
    await room.until_written()
    assert await verdict == Done()
    assert [call.file for call in room.door.made] == [FILE]
