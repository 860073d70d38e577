"""When an update that failed is tried again: the rule of Telegram's own Bot API server. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

LONGEST_RETRY_AFTER = 3600
LONG_PAUSE = (60, 120)


@dataclass(slots=True)
class Pauses:
    """The pauses of one update: at once, then 2, 4, 8, 16 and 32 s, then random ones of 60 to 120 s.

    `Retry-After` replaces one pause and leaves the row where it is; 0 counts as none.
    """

    random: random.Random = field(default_factory=random.Random)
    _delay: int = 1
    _failures: int = 0

    def after_failure(self, retry_after: int = 0) -> int:
        """Seconds until the next try."""
        self._failures += 1
        if retry_after > 0:
            return min(retry_after, LONGEST_RETRY_AFTER)
        if self._failures == 1:
            return 0
        self._delay = min(self.random.randint(*LONG_PAUSE), self._delay * 2)
        return self._delay


def read_retry_after(header: str | None) -> int:
    """The seconds of a Retry-After header; 0 for none, for a date, and for what is no integer."""
    text = (header or "").strip()
    return int(text) if text.isascii() and text.isdigit() else 0
