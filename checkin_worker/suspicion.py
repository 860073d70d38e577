"""Owns what is odd about two locations: a speed at which nobody travels. Pure; a manager may look, nothing follows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from checkin_worker.fence import distance_m

FASTEST_KMH: Final = 250.0
"""Faster than any car or train of the country (its fastest trains do 160 km/h); only who flies between two taps is
told apart wrongly, and their manager knows it."""
NOISE_M: Final = 3000.0
"""Metres that say nothing about movement: Telegram admits that a fix may be off by 1,500, and there are two of them."""
_TICK: Final = timedelta(seconds=1)
"""Telegram's moments are whole seconds; two within the same one are taken to be one apart."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where somebody was at a moment (aware); degrees, WGS 84."""

    at: datetime
    latitude: float
    longitude: float


def speed_kmh(one: Spot, other: Spot) -> float:
    """How fast one must travel to be at both, along a great circle, in kilometres an hour; in either order."""
    metres = distance_m(one.latitude, one.longitude, other.latitude, other.longitude)
    return metres / max(abs(other.at - one.at), _TICK).total_seconds() * 3.6


def impossible_speed(one: Spot, other: Spot) -> float | None:
    """The speed between the two in km/h if nobody travels like that; None if somebody may, or if they are too near."""
    if distance_m(one.latitude, one.longitude, other.latitude, other.longitude) <= NOISE_M:
        return None
    speed = speed_kmh(one, other)
    return speed if speed > FASTEST_KMH else None
