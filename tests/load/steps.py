"""Owns the verdict on one step of the ramp: whether the door still kept up. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LATEST: Final = 1.0
"""Seconds; a door whose p99 is above that is broken: what it lets in later is not recorded within the second either."""
REFUSED: Final = 0.01
"""The share of 503s (and of worse) above which it is broken."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted until some moment: posts, those that were not taken, and how often an answer took so many ms."""

    at: float
    posts: int
    failed: int
    times: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Step:
    """What came of so many users between two moments."""

    users: int
    rate: float
    """Posts a second."""
    p99: float
    """Seconds until the answer that all but one in a hundred did not exceed."""
    failed: float
    """The share that was not taken."""

    @classmethod
    def between(cls, users: int, before: Counted, after: Counted) -> "Step":
        """What was counted after the one moment and before the other."""
        posts = after.posts - before.posts
        times = {ms: count - before.times.get(ms, 0) for ms, count in after.times.items()}
        failed = (after.failed - before.failed) / posts if posts else 1.0
        return cls(users, posts / (after.at - before.at), _p99(times) / 1000, failed)

    @property
    def trouble(self) -> str:
        """What is wrong; nothing while the door keeps up."""
        if self.failed > REFUSED:
            return f"{self.failed:.1%} were not taken"
        return f"p99 over {LATEST:g} s" if self.p99 > LATEST else ""

    def __str__(self) -> str:
        told = f"{self.users} users: {self.rate:.0f}/s, p99 {self.p99 * 1000:.0f} ms, {self.failed:.1%} not taken"
        return f"{told}: {self.trouble}" if self.trouble else told


def _p99(times: Mapping[int, int]) -> float:
    left = sum(times.values()) * 0.01
    for ms in sorted(times, reverse=True):
        left -= times[ms]
        if left < 0:
            return ms
    return 0.0


def verdict(steps: list[Step]) -> str:
    """The rate that held, and the one that did not; or that none was found."""
    held = [step for step in steps if not step.trouble]
    most = max((step.rate for step in held), default=0.0)
    if not steps or not steps[-1].trouble:
        return f"The door kept up to the end, with {most:.0f} updates a second; more USERS make higher steps."
    broke = steps[-1]
    return f"The door keeps up with {most:.0f} updates a second; at {broke.rate:.0f} it breaks: {broke.trouble}."
