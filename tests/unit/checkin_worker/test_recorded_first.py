"""Who is recorded waits to be told while others are not recorded yet, no longer than the cap would have them wait."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import pytest

from checkin_worker.recorded_first import AT_ONCE, MOST, PACE, QUIET, RecordedFirst
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
    """Notes when people are told, and how many were being told at the same time."""

    def __init__(self) -> None:
        self.began = asyncio.get_running_loop().time()
        self.times: list[float] = []
        self.most = 0
        self._telling = 0

    async def told(self, first: RecordedFirst) -> None:
        """Wait to be told, which takes a few turns of the event loop."""
        async with first.telling():
            self.times.append(asyncio.get_running_loop().time())
            self._telling += 1
            self.most = max(self.most, self._telling)
            for _ in range(3):
                await asyncio.sleep(0)
            self._telling -= 1

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
    async with asyncio.timeout(LIMIT):
        yield Watch()


async def test_who_comes_alone_is_told_at_once() -> None:
    first = RecordedFirst()
    for _ in range(3):
        with first.recording():
            pass
        telling = first.telling()
        with pytest.raises(StopIteration):
            telling.__aenter__().send(None)
        await telling.__aexit__(None, None, None)


async def test_while_others_are_recorded_no_more_are_told_than_the_pace_allows() -> None:
    first = RecordedFirst()
    async with watched() as watch:
        with first.recording():
            await asyncio.gather(*watch.in_line(first, 5))
    assert watch.paced


async def test_when_nobody_is_left_to_be_recorded_each_is_followed_by_the_next() -> None:
    first = RecordedFirst()
    async with watched() as watch:
        with first.recording():
            waiting = watch.in_line(first, 3 * AT_ONCE)
            await waiting[0]
        recorded_at = asyncio.get_running_loop().time()
        await asyncio.gather(*waiting)
    assert watch.most == AT_ONCE
    assert watch.times[-1] - recorded_at > 0.999 * QUIET
    assert not watch.paced


async def test_when_the_line_is_full_it_moves_on_though_others_are_recorded() -> None:
    first = RecordedFirst()
    with first.recording():
        async with watched() as watch:
            await asyncio.gather(*watch.in_line(first, MOST + 1))
        assert watch.most >= AT_ONCE
        async with watched() as watch:
            await asyncio.gather(*watch.in_line(first, 5))
        assert watch.paced, "as before it was full"


async def test_in_the_order_in_which_they_were_recorded() -> None:
    first, told = RecordedFirst(), list[int]()

    async def tell(number: int) -> None:
        async with first.telling():
            told.append(number)

    with first.recording():
        tasks = [asyncio.create_task(tell(number)) for number in range(2 * AT_ONCE)]
        await asyncio.sleep(0)
    async with asyncio.timeout(LIMIT):
        await asyncio.gather(*tasks)
    assert told == sorted(told)


async def test_whose_task_is_cancelled_takes_nobodys_turn() -> None:
    first = RecordedFirst()
    async with watched() as watch:
        with first.recording():
            one, *others, last = watch.in_line(first, 2 * AT_ONCE)
            await one
            for each in others:
                each.cancel()
            await last
        await asyncio.wait(others)
    assert len(watch.times) == 2


async def test_who_is_cancelled_while_being_told_makes_way_for_the_next() -> None:
    first, begun, never = RecordedFirst(), asyncio.Semaphore(0), asyncio.Event()

    async def tell() -> None:
        async with first.telling():
            begun.release()
            await never.wait()

    with first.recording():
        stuck = [asyncio.create_task(tell()) for _ in range(2 * AT_ONCE)]
        await asyncio.sleep(0)
    async with watched() as watch:
        for _ in range(AT_ONCE):
            await begun.acquire()
        (last,) = watch.in_line(first, 1)
        for each in stuck:
            each.cancel()
        await last
    await asyncio.wait(stuck)
    assert watch.times


async def test_as_many_more_are_held_as_wait_and_none_when_nobody_does() -> None:
    first, held = RecordedFirst(), Held()
    making = asyncio.create_task(first.make_room(cast("Consumer", held)))
    with first.recording():
        tasks = Watch().in_line(first, MOST - 1)
        async with asyncio.timeout(LIMIT):
            await held.told.wait()
        assert held.beside[-1] == MOST - 2, "the first of them is told at once"
    async with asyncio.timeout(LIMIT):
        await asyncio.gather(*tasks)
        while held.beside[-1]:
            held.told.clear()
            await held.told.wait()
    making.cancel()
    await asyncio.wait([making])
    assert making.cancelled()
