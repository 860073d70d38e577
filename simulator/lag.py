"""How late the simulator's own event loop runs: a stamp taken by a loop that lags is worth as much less."""

from __future__ import annotations

import asyncio
import time

TICK = 0.02


class LagMonitor:
    """Asks to be called every `TICK` seconds and keeps by how much the worst call was late."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to measure the running loop."""
        self._arm(asyncio.get_running_loop())

    def stop(self) -> None:
        """Measure no more; harmless when not started."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def forget(self) -> None:
        """Begin anew: what was late before, the preparations, does not count."""
        self.stop()
        self.worst = 0.0
        self.start()

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        due = time.monotonic() + TICK
        self._handle = loop.call_later(TICK, self._ring, loop, due)

    def _ring(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self.worst = max(self.worst, time.monotonic() - due)
        self._arm(loop)
