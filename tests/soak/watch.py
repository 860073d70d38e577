"""Owns what is looked at all the time: the cap, the memory of senders, who is alive; and the line of progress."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from local.processes import told_status
from simulator.windows import most_in_window
from tests.soak.arena import Arena
from tests.soak.takeover import RATE

TICK: Final = 1.0
PROGRESS: Final = 10
"""Ticks from one line of progress to the next."""
LOOK_BACK: Final = 4 * RATE
KIB: Final = 1024


class Watch:
    """Looks once a second."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._diary = arena.diary
        self.memory: dict[str, float] = {}
        self._judged = 0
        self._missed: set[str] = set()

    async def run(self) -> None:
        """Look for ever."""
        tick, before = 0, 0
        while True:
            await asyncio.sleep(TICK)
            tick += 1
            self._weigh()
            self._look_for_deaths()
            self._look_at_the_cap()
            if tick % PROGRESS == 0:
                before = self._tell(before)

    def _weigh(self) -> None:
        for name in self._arena.senders:
            with contextlib.suppress(OSError, KeyError):
                peak = _peak_mib(self._arena.fleet.child(name).pid)
                self.memory[name] = max(self.memory.get(name, 0.0), peak)

    def _look_for_deaths(self) -> None:
        for name in self._arena.fleet.services:
            status = self._arena.fleet.child(name).status
            if status is not None and name not in self._arena.down and name not in self._missed:
                self._missed.add(name)
                self._diary.accident(f"{name} has ended by itself, {told_status(status)}")

    def _look_at_the_cap(self) -> None:
        calls = self._arena.telegram.ledger.calls
        arrivals = [call.arrived for call in calls[max(0, self._judged - LOOK_BACK) :]]
        if (most := most_in_window(arrivals)) > RATE and len(calls) > self._judged:
            self._diary.say(f"{most} calls within 1.0 s", "red")
        self._judged = len(calls)

    def _tell(self, before: int) -> int:
        calls = self._arena.telegram.ledger.calls
        done = sum(call.sent_a_message for call in calls)
        weights = ", ".join(f"{mib:.0f}" for mib in self.memory.values())
        self._diary.say(
            f"{len(calls):,} calls ({(len(calls) - before) / PROGRESS / TICK:.1f}/s), {done:,} messages of about "
            f"{len(self._diary.items):,}, {self._arena.telegram.updates.pending} updates at Telegram, "
            f"senders {weights} MiB",
            "dim",
        )
        return len(calls)


def _peak_mib(pid: int) -> float:
    """The most resident memory that a process has had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / KIB
    return 0.0
