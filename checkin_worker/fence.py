"""Owns whether a location is at an office: inside, outside, or not to be told apart. Pure geometry."""

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of WGS 84 (IUGG)."""
UNKNOWN_ACCURACY_M: Final = 30.0
"""Metres by which a location may be off whose sender does not say: Android's button never does. A telephone's fix in a
city is off by 10 to 20 m; this leaves room."""


class Fence(enum.StrEnum):
    """Where a location is with respect to an office."""

    INSIDE = "inside"
    UNCERTAIN = "uncertain"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Office:
    """A place of work: a circle of `radius_m` metres around a point in degrees (WGS 84)."""

    office_id: int
    name: str
    latitude: float
    longitude: float
    radius_m: int
    zone: ZoneInfo
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """The office that a location belongs to best, how it lies to it, and metres to its centre."""

    office: Office
    fence: Fence
    distance_m: float


def distance_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Metres between two points in degrees, along a great circle (haversine; within 0.5 % of the ellipsoid)."""
    north, other_north = math.radians(latitude), math.radians(other_latitude)
    half_north = (other_north - north) / 2
    half_east = math.radians(other_longitude - longitude) / 2
    chord = math.sin(half_north) ** 2 + math.cos(north) * math.cos(other_north) * math.sin(half_east) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


def sighting(offices: Iterable[Office], latitude: float, longitude: float, accuracy: float | None) -> Sighting | None:
    """Where the location is among the offices; None if there are none.

    With the distance d, the radius r and the accuracy a, all in metres: inside if d + a <= r, outside if d - a > r,
    and uncertain between.
    """
    seen = [_seen(office, latitude, longitude, accuracy) for office in offices]
    ranks = list(Fence)
    return min(seen, key=lambda one: (ranks.index(one.fence), one.distance_m - one.office.radius_m), default=None)


def _seen(office: Office, latitude: float, longitude: float, accuracy: float | None) -> Sighting:
    distance = distance_m(latitude, longitude, office.latitude, office.longitude)
    blur = UNKNOWN_ACCURACY_M if accuracy is None else accuracy
    if distance + blur <= office.radius_m:
        return Sighting(office, Fence.INSIDE, distance)
    fence = Fence.OUTSIDE if distance - blur > office.radius_m else Fence.UNCERTAIN
    return Sighting(office, fence, distance)
