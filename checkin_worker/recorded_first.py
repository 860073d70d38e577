"""Owns what comes first in a burst: that people are recorded, not that they are told so.

Telegram's cap lets out thirty replies a second whatever a worker does: one that hands over a thousand at once keeps
those waiting who are not recorded yet, and nobody is told sooner. So while it records, a worker tells as many people as
keep the cap busy. The others keep their place in line, and their updates stay unacked, by which none of them can be
lost. For each that waits so, the worker may take another update.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Final

from shared.broker import heed_cancellation
from shared.consume import Consumer

PACE: Final = 20.0
"""People told a second while others are recorded: a deployment has two workers at least, and the cap is thirty."""
QUIET: Final = 0.1
"""Seconds without anybody to record after which nobody else is expected: in a burst the next one comes sooner."""
AT_ONCE: Final = 64
"""How many are being told when nobody is to be recorded, or the line is full: with each that is told the next one goes,
so that a line ends as fast as this worker and its broker can."""
MOST: Final = 576
"""People in line after whom all are told though others are not recorded yet: more than two workers have each of a
thousand who come at once."""


class RecordedFirst:
    """Where an update's worker says that it records somebody, and waits until it may tell them."""

    def __init__(self) -> None:
        self._recording = 0
        self._recorded_at = 0.0
        self._telling = 0
        self._told_at = 0.0
        self._line: deque[asyncio.Future[None]] = deque()
        self._full = False
        self._ticking = False
        self._changed = asyncio.Event()

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Somebody is recorded within this."""
        self._recording += 1
        try:
            yield
        finally:
            self._recording -= 1
            self._recorded_at = asyncio.get_running_loop().time()

    @contextlib.asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Tell somebody within this; it begins at once if nobody else is to be recorded, or nobody was told lately."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        alone = not self._line and not self._recording
        self._line.append(mine)
        if alone:
            self._begin()
        else:
            self._changed.set()
            self._move_on()
        try:
            await mine
            yield
        finally:
            if not mine.cancelled():  # as it is when its task is, in line
                self._telling -= 1
                self._move_on()

    async def make_room(self, consumer: Consumer) -> None:
        """Have the consumer hold as many more as wait here, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await consumer.hold(beside=min(len(self._line), MOST))
            heed_cancellation()

    def _move_on(self) -> None:
        """Let as many begin as may, and look again later at those who may not yet."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._full = len(self._line) >= MOST or (self._full and bool(self._line))
        if self._full or (not self._recording and now >= self._recorded_at + QUIET):
            while self._line and self._telling < AT_ONCE:
                self._begin()
        elif self._line and now >= self._told_at + 1 / PACE:
            self._begin()
        if self._line and not self._ticking:
            self._ticking = True
            loop.call_at(max(now, self._told_at) + 1 / PACE, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        self._changed.set()
        self._move_on()

    def _begin(self) -> None:
        """Let the first in line begin whose task is not cancelled."""
        while self._line and self._line[0].done():
            self._line.popleft()
        if self._line:
            self._line.popleft().set_result(None)
            self._telling += 1
            self._told_at = asyncio.get_running_loop().time()
