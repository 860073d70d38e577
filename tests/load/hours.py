"""Owns how many people there are at which hour of a working day. Pure."""

from itertools import pairwise
from typing import Final

HOURS: Final = (
    *((0, 0.01), (6, 0.02), (8, 0.15), (9, 0.4), (10, 0.5), (10.75, 1.0), (11, 0.6), (11.5, 0.1)),
    *((13, 0.05), (14, 0.1), (16, 0.05), (17.5, 0.2), (18, 0.7), (18.5, 0.5), (20, 0.1), (24, 0.01)),
)
"""By hour, the share of all who are there; between two hours it grows or falls evenly."""


def share_at(hour: float) -> float:
    """The share at an hour, from 0 to 24."""
    for (early, low), (late, high) in pairwise(HOURS):
        if hour <= late:
            return low + (high - low) * (hour - early) / (late - early)
    return HOURS[-1][1]
