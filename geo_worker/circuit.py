"""Owns when a geocoder that fails is left alone, and when it is tried again: a circuit breaker.

Closed, it is asked. After FAILURES in a row it opens for a pause; then one request probes whether it answers again,
which closes it, or opens it for the next pause. Retry-After, where a geocoder gives it, is obeyed to the letter: it
opens the circuit at once and is the least that the pause lasts.
"""

import random
from typing import Final

from shared.contracts import Circuit

FAILURES: Final = 3
PAUSES: Final = (5.0, 5.0, 5.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""Seconds, the last for ever; jittered by a fifth. Most failures are over within seconds, and people wait meanwhile."""


class CircuitBreaker:
    """One geocoder's. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._failures = 0
        self._openings = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def state(self) -> Circuit:
        """As people see it."""
        if self._open_until is None:
            return "closed"
        return "probing" if self._probing else "open"

    def lets_through(self, now: float) -> bool:
        """Whether a request may be made."""
        return self._open_until is None or (not self._probing and now >= self._open_until)

    def tries_at(self) -> float | None:
        """When the next probe may be made; None if the circuit is closed, or a probe is under way."""
        return None if self._probing else self._open_until

    def asked(self) -> bool:
        """A request is made that was let through; returns whether it is a probe."""
        self._probing = self._open_until is not None
        return self._probing

    def let_be(self) -> None:
        """The probe is over; without an answer or a failure it said nothing."""
        self._probing = False

    def succeeded(self) -> None:
        """The geocoder answered."""
        self._failures = self._openings = 0
        self._open_until, self._probing = None, False

    def failed(self, now: float, retry_after: float | None = None, *, probe: bool = False) -> None:
        """It did not, or asked to be left alone for so many seconds."""
        self._failures += 1
        if self._open_until is not None and not probe:
            self._open_until = max(self._open_until, now + (retry_after or 0.0))
            return  # a request from before it opened
        if self._failures < FAILURES and not probe and retry_after is None:
            return
        pause = PAUSES[min(self._openings, len(PAUSES) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        self._openings += 1
        self._open_until = now + max(pause, retry_after or 0.0)
        self._probing = False
