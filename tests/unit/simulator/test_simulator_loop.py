import asyncio
import time

from simulator.changes import Changes
from simulator.lag import LagMonitor


def block(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def test_a_loop_that_was_blocked_is_noticed() -> None:
    monitor = LagMonitor()
    monitor.start()
    block(0.06)
    measured = asyncio.Event()
    asyncio.get_running_loop().call_later(0, measured.set)
    await measured.wait()
    monitor.stop()
    assert monitor.worst >= 0.03


async def test_what_was_late_before_can_be_forgotten() -> None:
    monitor = LagMonitor()
    monitor.worst = 1.0
    monitor.forget()
    monitor.stop()
    assert monitor.worst == 0.0


async def test_many_changes_in_one_turn_wake_a_waiter_once() -> None:
    changes, asked = Changes(), 0

    def third_time() -> bool:
        nonlocal asked
        asked += 1
        return asked == 3

    waiting = asyncio.create_task(changes.until(third_time, timeout=5))
    await asyncio.sleep(0)
    for _ in range(100):
        changes.tell()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asked == 2
    changes.tell()
    await waiting
    assert asked == 3
