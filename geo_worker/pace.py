"""Owns the law: no geocoder is asked faster than its policy allows, by all geo workers together.

A geocoder that wants no parallel requests (Nominatim) is asked again when a pause of 1 / rate has passed since its
answer, or since we gave up waiting for one.

Claim: two requests of ours arrive there at least a pause apart. In one process: the answer to the first left the
geocoder after the first had arrived, and the second is written a pause after that answer is here. It needs nothing of
the path, neither its length nor that it is even; a log of writes would, as the first may be late and the second not.
In two processes: only the holder of the right (`shared.turn`) writes, and asks whether it holds it right before. The
next holder begins when the one before has ceased to hold, and lets a pause and GUARD pass first, so the requests are
a pause apart if the last one before was not under way for longer than GUARD. What is frozen between its question and
its write, some microseconds, escapes this, as it does `shared.lease`.

Given up means that nobody waits for the answer and the connection is closed: after GEOCODER_TIMEOUT, when a process
that stops lets go, or when aiohttp finds a kept connection dead and writes again on another, which asks the gate again.

Other geocoders have quotas: so many requests a second, several at once. Theirs are let out one by one, 1 / rate apart.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from aiolimiter import AsyncLimiter

from geo_worker.geocoders import Policy
from shared.turn import boot_clock

GUARD = 0.1
"""Seconds by which the last request of a holder before us may have been under way longer than our first one is."""


class NotOurTurn(Exception):
    """The right to ask geocoders is another's, or in doubt: the request must not be written."""


class Right(Protocol):
    """The right to ask geocoders."""

    @property
    def held(self) -> bool:
        """Whether this process may act at this moment."""

    @property
    def held_for(self) -> float:
        """Seconds for which it has held the right without a break; 0 while it does not."""


class Pauses:
    """The law, without waiting: times are seconds on one clock. For geocoders that want no parallel requests.

    Args:
        pause: seconds between an answer and the next request.
        now: this moment.
    """

    def __init__(self, pause: float, now: float) -> None:
        self._pause = pause
        self._free_at = now
        self._under_way = False

    def wait(self, now: float, held_for: float) -> float:
        """Seconds until a request may be written, 0 for now; `held_for`: for how long the right has been ours."""
        return max(self._pause + GUARD - held_for, self._free_at - now, 0.0)

    def written(self, now: float) -> None:
        """A request is written now."""
        self._under_way = True
        self._free_at = now + self._pause

    def ended(self, now: float) -> None:
        """The request was answered, or is given up; harmless if none was written."""
        if self._under_way:
            self._under_way = False
            self._free_at = now + self._pause


class Pace:
    """When one server may be asked; kept for as long as the process lives, whatever is switched to meanwhile.

    Args:
        policy: of the geocoder that it is.
        right: of all geo workers, one has it.
        clock: seconds, those included in which the machine was suspended.

    Attributes:
        places: one for each request that it takes at once.
        choosing: held by who chooses the next request.
    """

    def __init__(self, policy: Policy, right: Right, clock: Callable[[], float] = boot_clock) -> None:
        self._right = right
        self._clock = clock
        pause = 1 / policy.rate if policy.rate else 0.0
        alone = policy.parallel == 1
        self._pauses = Pauses(pause, clock()) if pause and alone else None
        self._quota = AsyncLimiter(1, pause) if pause and not alone else None
        self.places = asyncio.Semaphore(policy.parallel)
        self.choosing = asyncio.Lock()

    async def ready(self) -> None:
        """Return when a request may go out; the quota is used then.

        Raises:
            NotOurTurn: it could not be written at all.
        """
        if self._quota is not None:
            await self._quota.acquire()
        await self._rested()

    async def gate(self, *, again: bool = False) -> None:
        """Let a request be written for which it was `ready`, or the same one again; call `ended` when it is over.

        Raises:
            NotOurTurn: it must not be.
        """
        self.ended()  # what is still under way is given up: this request is in its place
        if again and self._quota is not None:
            await self._quota.acquire()
        await self._rested()
        if self._pauses is not None:
            self._pauses.written(self._clock())

    def ended(self) -> None:
        """The request was answered, or is given up; harmless if none was written."""
        if self._pauses is not None:
            self._pauses.ended(self._clock())

    async def _rested(self) -> None:
        while (wait := self._wait()) > 0:  # noqa: ASYNC110 - what it waits for is a moment
            await asyncio.sleep(wait)

    def _wait(self) -> float:
        if not self._right.held:
            raise NotOurTurn
        return self._pauses.wait(self._clock(), self._right.held_for) if self._pauses is not None else 0.0
