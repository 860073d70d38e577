"""Owns what Telegram does wrong: 429s, errors, resets, answers that come late or never."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from tests.soak.arena import Arena
from tests.soak.load import Load
from tests.soak.plan import Strike

LONGEST_ANSWER: Final = 4.0
ERROR_RATE: Final = 0.7
TIMES: Final = 2
"""How many calls of a chat are answered 429."""
MARGIN: Final = 1.0
"""Seconds after a silence in which what was asked for may still be seen."""
Way = Callable[[Strike], Awaitable[None]]


class Telegram:
    """Strikes at Telegram's end; each strike is over when no further call meets it."""

    def __init__(self, arena: Arena, load: Load) -> None:
        self._arena = arena
        self._load = load
        self._faults = arena.telegram.faults
        self.ways: dict[str, Way] = {
            "flood_chat": self._flood_chat,
            "flood_two_chats": self._flood_two_chats,
            "flood_everybody": self._flood_everybody,
            "server_errors": self._server_errors,
            "slow_answers": self._slow_answers,
            "resets_before": self._resets_before,
            "resets_after": self._resets_after,
            "no_answers": self._no_answers,
            "errors_after": self._errors_after,
        }

    async def strike(self, strike: Strike) -> None:
        """Do it, and undo it."""
        await self.ways[strike.kind](strike)

    async def _flood_chat(self, strike: Strike) -> None:
        await self._flood_chats(strike, 1)

    async def _flood_two_chats(self, strike: Strike) -> None:
        await self._flood_chats(strike, 2)

    async def _flood_chats(self, strike: Strike, many: int) -> None:
        people = [self._load.people[0], self._load.people[1]][:many]
        what = f"429 for {many} chat{'s' if many > 1 else ''}, retry_after {strike.count}"
        with self._arena.diary.moment(strike.kind, what):
            self._faults.flood_retry_after = strike.count
            self._faults.flood_chats |= {person.id: TIMES for person in people}
            await self._load.remind(people * 2)
            await self._until_met(lambda: not any(self._faults.flood_chats.values()), TIMES * strike.count)
            self._faults.flood_chats.clear()
            await asyncio.sleep(strike.count + MARGIN)

    async def _flood_everybody(self, strike: Strike) -> None:
        with self._arena.diary.moment(strike.kind, f"429 for the next calls, retry_after {strike.count}"):
            self._faults.flood_retry_after = strike.count
            self._faults.flood_next = TIMES
            await self._until_met(lambda: self._faults.flood_next == 0, TIMES * strike.count)
            self._faults.flood_next = 0
            await asyncio.sleep(strike.count + MARGIN)

    async def _until_met(self, met: Callable[[], bool], seconds: float) -> None:
        """Wait until the calls have come that were to meet it; not for ever, since a sender may be away."""
        try:
            await self._arena.telegram.until(met, seconds + 4 * LONGEST_ANSWER)
        except TimeoutError:
            self._arena.diary.say("fewer calls came than were to be refused")

    async def _server_errors(self, strike: Strike) -> None:
        what = f"502 for {ERROR_RATE:.0%} of all calls, for {strike.seconds:.1f} s"
        with self._arena.diary.moment(strike.kind, what):
            self._faults.server_error_rate = ERROR_RATE
            await asyncio.sleep(strike.seconds)
            self._faults.server_error_rate = 0.0

    async def _slow_answers(self, strike: Strike) -> None:
        what = f"answers after up to {LONGEST_ANSWER:g} s, for {strike.seconds:.1f} s"
        with self._arena.diary.moment(strike.kind, what):
            self._faults.latency = (0.005, LONGEST_ANSWER)
            await asyncio.sleep(strike.seconds)
            self._faults.latency = (0.0, 0.0)

    async def _resets_before(self, strike: Strike) -> None:
        with self._arena.diary.moment(strike.kind, f"{strike.count} connections reset before the call was read"):
            self._faults.reset_before_next = strike.count

    async def _resets_after(self, strike: Strike) -> None:
        with self._arena.diary.moment(strike.kind, f"{strike.count} connections reset when the call was done"):
            self._faults.reset_after_next = strike.count

    async def _no_answers(self, strike: Strike) -> None:
        with self._arena.diary.moment(strike.kind, f"{strike.count} calls done and never answered"):
            self._faults.silent_next = strike.count

    async def _errors_after(self, strike: Strike) -> None:
        with self._arena.diary.moment(strike.kind, f"{strike.count} calls done and answered 502"):
            self._faults.error_after_next = strike.count
