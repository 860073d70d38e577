"""Owns who is measured: each a process that takes the `outbound.*` queues, and how long Telegram takes to answer it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

USUAL: Final = (0.03, 0.12)
SLOW: Final = (0.005, 4.0)
"""Seconds within which Telegram answers, evenly spread."""


@dataclass(frozen=True, slots=True)
class Competitor:
    """One process to be: its name in the table, the module with its arguments, Telegram's answer time."""

    name: str
    module: Sequence[str]
    answers: tuple[float, float] = USUAL

    @property
    def argv(self) -> Sequence[str]:
        """How it is started."""
        return (sys.executable, "-m", *self.module)


OURS: Final = Competitor("sender", ("sender",))
COMPETITORS: Final = (
    OURS,
    Competitor("AsyncLimiter(30, 1)", ("bench.peers", "bucket")),
    Competitor("AsyncLimiter(1, 1/30)", ("bench.peers", "drip")),
    Competitor("no limiter, obeys 429", ("bench.peers", "none")),
    Competitor("sender, slow answers", ("sender",), SLOW),
)
