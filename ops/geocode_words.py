"""Owns how a backfill of addresses is told: a bar that moves, or a line now and then where there is no terminal."""

import time
from typing import Final

from ops.bar import Bar
from ops.geocode import Filled, Seen
from ops.places import Count
from ops.terminal import OUT, say

LINES: Final = 10.0
"""Seconds from one line to the next."""


class BackfillBar(Bar):
    """Looks on while places are asked for."""

    nobody = (
        "nobody takes from geo.backfill: is a geo worker there? it goes on as soon as one is; "
        "Ctrl-C does no harm, said again it goes on"
    )

    def __init__(self) -> None:
        super().__init__()
        self._said = ""
        self._said_at = float("-inf")

    def see(self, seen: Seen) -> None:
        """Move on, and say it if nobody takes from the queue."""
        self.move("addresses", seen.addressed, seen.total, f"{_asked(seen)}, {_waiting(seen)}")
        if not OUT.is_terminal:
            self._line(f"{_asked(seen)}, {seen.addressed:,} addressed, {_waiting(seen)}")
        self.look(seen.queue)

    def _line(self, line: str) -> None:
        if line != self._said and time.monotonic() >= self._said_at + LINES:
            self._said, self._said_at = line, time.monotonic()
            say(line)


def counted(count: Count) -> str:
    """So many places of so many sessions."""
    return f"{count.points:,} places of {count.sessions:,} sessions have no address"


def ended(filled: Filled) -> str:
    """How it ended, and what can be done about the rest."""
    total, left = filled.before.points, filled.left.points
    if not total:
        return "every place of these days that can have an address has one"
    got = f"{max(0, total - left):,} of {total:,} places have an address now"
    if not left:
        return got
    return (
        f"{got}; {left:,} have none, or could not be looked up: `fleet geo show` says how the geocoders are; "
        "said again, it asks for these once more"
    )


def _asked(seen: Seen) -> str:
    return f"{seen.asked:,} of {seen.total:,} places asked for"


def _waiting(seen: Seen) -> str:
    again = f" and {seen.queue.later:,} to be tried again" if seen.queue.later else ""
    return f"{seen.queue.waiting:,} wait{again}"
