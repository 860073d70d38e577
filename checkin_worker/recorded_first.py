"""Owns what comes first in a burst: that people are recorded, not that they are told so.

Telegram's cap lets out thirty replies a second whatever a worker does: one that hands over a thousand at once keeps
those waiting who are not recorded yet, and nobody is told sooner. So while it records, a worker tells as many people as
keep the cap busy. The others keep their place in line, and their updates stay unacked, by which none of them can be
lost. For each that waits so, the worker may take another update.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Final

from shared.broker import heed_cancellation
from shared.consume import Consumer

PACE: Final = 20.0
"""People told a second while others are recorded: a deployment has two workers at least, and the cap is thirty."""
QUIET: Final = 0.1
"""Seconds without anybody to record after which nobody else is expected: in a burst the next one comes sooner."""
THEN: Final = 16
"""How many are told in the time of one when nobody is to be recorded, or the line is full: 320 a second, where a worker
records a hundred (docs/performance.md), so that a line ends though others join it."""
MOST: Final = 384
"""People in line after whom nobody is taken in before all are told: a thousand at once are few more for two workers."""


class RecordedFirst:
    """Where an update's worker says that it records somebody, and waits until it may tell them."""

    def __init__(self) -> None:
        self._recording = 0
        self._recorded_at = 0.0
        self._next = 0.0
        self._line: deque[asyncio.Future[None]] = deque()
        self._ticking = False
        self._full = False
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

    async def turn(self) -> None:
        """Return when this one may be told: at once if nobody else is to be recorded, or nobody was told lately."""
        loop = asyncio.get_running_loop()
        if not self._line and (not self._recording or loop.time() >= self._next):
            self._next = loop.time() + 1 / PACE
            return
        mine: asyncio.Future[None] = loop.create_future()
        self._line.append(mine)
        self._changed.set()
        if not self._ticking:
            self._ticking = True
            loop.call_at(self._next, self._let_go)
        await mine

    async def make_room(self, consumer: Consumer) -> None:
        """Have the consumer hold as many more as wait here, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await consumer.hold(beside=min(len(self._line), MOST))
            heed_cancellation()

    def _let_go(self) -> None:
        now = asyncio.get_running_loop().time()
        quiet = not self._recording and now - self._recorded_at >= QUIET
        self._full = self._full or len(self._line) >= MOST
        for _ in range(THEN if quiet or self._full else 1):
            while self._line and self._line[0].done():  # its task was cancelled
                self._line.popleft()
            if self._line:
                self._line.popleft().set_result(None)
        self._changed.set()
        self._next = now + 1 / PACE
        self._full, self._ticking = self._full and bool(self._line), bool(self._line)
        if self._line:
            asyncio.get_running_loop().call_at(self._next, self._let_go)
