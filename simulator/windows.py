"""The arithmetic of the figures: exact sliding windows and percentiles, with nothing of HTTP in it."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def most_in_window(stamps: Iterable[float], width: float = 1.0) -> int:
    """The most stamps that lie in any half-open window [t, t + width), for every t and not only for ticks.

    Two stamps exactly `width` apart are in different windows.
    """
    held: deque[float] = deque()
    most = 0
    for stamp in sorted(stamps):
        held.append(stamp)
        while stamp - held[0] >= width:
            held.popleft()
        most = max(most, len(held))
    return most


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that `percent` of all values do not exceed (nearest rank); None of nothing."""
    if not values:
        return None
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def drain_ratio(first_update: float, last_call: float, calls: int, rate: float = 30.0) -> float | None:
    """How many times longer the drain took than `calls` at exactly `rate` a second would have."""
    if not calls:
        return None
    return (last_call - first_update) / (calls / rate)


def per_second(stamps: Iterable[float], begin: float, end: float) -> list[int]:
    """How many stamps fell into each whole second from `begin` to `end`, which is included."""
    counted = Counter(int(stamp - begin) for stamp in stamps if begin <= stamp <= end)
    return [counted[second] for second in range(int(end - begin) + 1)]
