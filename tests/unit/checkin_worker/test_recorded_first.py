"""Who is recorded waits to be told while others are not recorded yet, no longer than the cap would have them wait."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import cast

import pytest

from checkin_worker.recorded_first import MOST, PACE, QUIET, THEN, RecordedFirst
from shared.consume import Consumer

LIMIT = 30.0


class Held(Consumer):
    """A consumer that notes what it is told to hold; there is no broker."""

    def __init__(self) -> None:
        self.beside: list[int] = []
        self.told = asyncio.Event()

    async def hold(self, *, beside: int) -> None:
        self.beside.append(beside)
        self.told.set()


class Watch:
    """Notes when people are told: at what time, and in which turn of the event loop."""

    def __init__(self) -> None:
        self.began = asyncio.get_running_loop().time()
        self.times: list[float] = []
        self.turns = Counter[int]()
        self._turn = 0

    async def count(self) -> None:
        """The turns of the event loop."""
        while True:
            self._turn += 1
            await asyncio.sleep(0)

    async def told(self, first: RecordedFirst) -> None:
        """Wait to be told."""
        await first.turn()
        self.times.append(asyncio.get_running_loop().time())
        self.turns[self._turn] += 1

    def in_line(self, first: RecordedFirst, people: int) -> list[asyncio.Task[None]]:
        """So many who wait to be told, one after the other."""
        return [asyncio.create_task(self.told(first)) for _ in range(people)]

    @property
    def paced(self) -> bool:
        """Whether they were told no faster than while others are recorded."""
        return all(when - self.began > 0.999 * place / PACE for place, when in enumerate(self.times))


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[Watch]:
    """A watch that runs, for no longer than a test may take."""
    watch = Watch()
    counting = asyncio.create_task(watch.count())
    try:
        async with asyncio.timeout(LIMIT):
            yield watch
    finally:
        counting.cancel()


async def test_who_comes_alone_is_told_at_once() -> None:
    first = RecordedFirst()
    for _ in range(3):
        with first.recording():
            pass
        with pytest.raises(StopIteration):
            first.turn().send(None)


async def test_while_others_are_recorded_no_more_are_told_than_the_pace_allows() -> None:
    first = RecordedFirst()
    async with watched() as watch:
        with first.recording():
            await asyncio.gather(*watch.in_line(first, 5))
    assert watch.paced


async def test_when_nobody_is_left_to_be_recorded_many_are_told_at_once() -> None:
    first = RecordedFirst()
    async with watched() as watch:
        with first.recording():
            waiting = watch.in_line(first, 3 * THEN)
            await waiting[0]
        recorded_at = asyncio.get_running_loop().time()
        await asyncio.gather(*waiting)
    assert watch.turns.most_common(1)[0][1] == THEN
    assert watch.times[-1] - recorded_at > 0.999 * QUIET


async def test_when_the_line_is_full_it_moves_on_though_others_are_recorded() -> None:
    first = RecordedFirst()
    with first.recording():
        async with watched() as watch:
            await asyncio.gather(*watch.in_line(first, MOST + 1))
        assert sorted(watch.turns.values())[-MOST // THEN :] == [THEN] * (MOST // THEN)
        async with watched() as watch:
            await asyncio.gather(*watch.in_line(first, 5))
        assert watch.paced, "as before it was full"


async def test_in_the_order_in_which_they_were_recorded() -> None:
    first, told = RecordedFirst(), list[int]()

    async def tell(number: int) -> None:
        await first.turn()
        told.append(number)

    with first.recording():
        tasks = [asyncio.create_task(tell(number)) for number in range(2 * THEN)]
        await asyncio.sleep(0)
    async with asyncio.timeout(LIMIT):
        await asyncio.gather(*tasks)
    assert told == sorted(told)


async def test_whose_task_is_cancelled_takes_nobodys_turn() -> None:
    first = RecordedFirst()
    async with watched() as watch:
        with first.recording():
            one, *others, last = watch.in_line(first, 2 * THEN)
            await one
            for each in others:
                each.cancel()
            await last
        await asyncio.wait(others)
    assert len(watch.times) == 2


async def test_as_many_more_are_held_as_wait_and_none_when_nobody_does() -> None:
    first, held = RecordedFirst(), Held()
    making = asyncio.create_task(first.make_room(cast("Consumer", held)))
    with first.recording():
        tasks = Watch().in_line(first, MOST + 2)
        async with asyncio.timeout(LIMIT):
            await held.told.wait()
        assert held.beside[-1] == MOST
    async with asyncio.timeout(LIMIT):
        await asyncio.gather(*tasks)
        while held.beside[-1]:
            held.told.clear()
            await held.told.wait()
    making.cancel()
    await asyncio.wait([making])
    assert making.cancelled()
