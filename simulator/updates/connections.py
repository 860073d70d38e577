"""How many connections to the webhook are open: Telegram opens them slowly, and never more than max_connections."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BEFORE_SUCCESS = (1, 2.0)
AFTER_SUCCESS = (10, 0.5)
"""So many new connections in so many seconds, before and after the first 2xx."""


class Opening:
    """When another connection may be opened. Pure: `now` is an argument."""

    def __init__(self, time_scale: float = 1.0) -> None:
        self._scale = time_scale
        self._opened: deque[float] = deque(maxlen=AFTER_SUCCESS[0])
        self._trusted = False

    def succeed(self) -> None:
        """The webhook answered 2xx."""
        self._trusted = True

    def wait(self, now: float) -> float:
        """Seconds until one may be opened; 0 when it may be at once."""
        count, width = AFTER_SUCCESS if self._trusted else BEFORE_SUCCESS
        if len(self._opened) < count:
            return 0.0
        return max(self._opened[-count] + width * self._scale - now, 0.0)

    def open(self, now: float) -> None:
        """One was opened."""
        self._opened.append(now)


class Connections:
    """Lends connections, idle ones before new ones, in the order in which they were asked for."""

    def __init__(self, most: int, time_scale: float = 1.0) -> None:
        self._most = most
        self._opening = Opening(time_scale)
        self._open = 0
        self._idle = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @contextlib.asynccontextmanager
    async def lend(self) -> AsyncIterator[None]:
        """Hold one connection."""
        if self._waiting or not self._take():
            await self._queue()
        try:
            yield
        finally:
            self._idle += 1
            self._serve()

    def succeed(self) -> None:
        """The webhook answered 2xx: more connections are opened sooner."""
        self._opening.succeed()
        self._serve()

    def stop(self) -> None:
        """Open nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take(self) -> bool:
        if self._idle:
            self._idle -= 1
            return True
        now = time.monotonic()
        if self._open >= self._most or self._opening.wait(now) > 0:
            return False
        self._opening.open(now)
        self._open += 1
        return True

    async def _queue(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._arm()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._idle += 1
                self._serve()
            raise

    def _serve(self) -> None:
        while self._waiting:
            if self._waiting[0].done():
                self._waiting.popleft()
            elif self._take():
                self._waiting.popleft().set_result(None)
            else:
                break
        self._arm()

    def _arm(self) -> None:
        """Come back when a new connection may be opened for who waits."""
        self.stop()
        if self._waiting and self._open < self._most:
            pause = self._opening.wait(time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(pause + 0.001, self._serve)
