"""Owns what Telegram does wrong: nothing at all, errors, floods, slow answers, answers that never come."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Final

from tests.faults.ground import Ground
from tests.faults.scenario import Scenario

DOWN: Final = 60.0
STORM: Final = 15.0
SLOW: Final = (2.0, 2.2)
SLOW_FOR: Final = 20.0
LOST: Final = 12
"""Calls of which the answer is lost."""
LATE: Final = 6
"""Calls that get no answer for as long as the sender waits."""
MARGIN: Final = 2.0
"""Seconds in which a silence that was asked for at the end may still be seen."""


@contextlib.contextmanager
def faulty(ground: Ground, kind: str, what: str, **faults: Any) -> Iterator[None]:  # noqa: ANN401 - fields of Faults
    """Telegram has these faults as long as the block lasts."""
    before = {name: getattr(ground.telegram.faults, name) for name in faults}
    with ground.diary.moment(kind, what):
        try:
            for name, value in faults.items():
                setattr(ground.telegram.faults, name, value)
            calls = len(ground.telegram.ledger.calls)
            yield
            if len(ground.telegram.ledger.calls) == calls:
                ground.diary.accident("nobody called Telegram meanwhile")
        finally:
            for name, value in before.items():
                setattr(ground.telegram.faults, name, value)


async def down(ground: Ground) -> None:
    """Every connection is reset before anything was done."""
    with faulty(ground, "down", f"Telegram is down for {DOWN:.0f} s", reset_before_rate=1.0):
        await asyncio.sleep(DOWN)


async def errors(ground: Ground) -> None:
    """Nine calls of ten are answered 502."""
    with faulty(ground, "errors", f"502 for 90 % of all calls, for {STORM:.0f} s", server_error_rate=0.9):
        await asyncio.sleep(STORM)


async def floods(ground: Ground) -> None:
    """An eighth of all calls are answered 429: for the chat, or for everybody."""
    with faulty(ground, "flood", f"429s for {STORM:.0f} s", flood_chat_rate=0.1, flood_rate=0.02):
        await asyncio.sleep(STORM)
        ground.telegram.faults.flood_chat_rate = ground.telegram.faults.flood_rate = 0.0
        await asyncio.sleep(MARGIN)


async def slow(ground: Ground) -> None:
    """Each answer takes two seconds; the message is sent at once."""
    with faulty(ground, "slow", f"answers after 2 s, for {SLOW_FOR:.0f} s", latency=SLOW):
        await asyncio.sleep(SLOW_FOR)


async def resets_after(ground: Ground) -> None:
    """The message is sent, and the connection breaks instead of an answer."""
    await _met(ground, "resets", f"{LOST} connections are reset when the call was done", "reset_after_next", LOST)


async def never_answered(ground: Ground) -> None:
    """The message is sent, and no answer comes."""
    await _met(ground, "silent", f"{LATE} calls are done and never answered", "silent_next", LATE)


async def _met(ground: Ground, kind: str, what: str, name: str, count: int) -> None:
    faults = ground.telegram.faults
    with ground.diary.moment(kind, what):
        setattr(faults, name, count)
        await ground.telegram.until(lambda: getattr(faults, name) == 0, 60)
        await asyncio.sleep(MARGIN)


SCENARIOS: Final = (
    Scenario("telegram-down", "Telegram is down for 60 s", down),
    Scenario("telegram-errors", "502 for 90 % of all calls, for 15 s", errors),
    Scenario("telegram-floods", "429 for a part of all calls, for 15 s", floods),
    Scenario("telegram-slow", "answers after 2 s, for 20 s", slow),
    Scenario("telegram-resets", "12 connections reset when the call was done", resets_after),
    Scenario("telegram-silent", "6 calls done and never answered", never_answered),
)
