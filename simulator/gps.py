"""Where a telephone believes to be: around its office, as exactly as GPS is, or at a point that a test names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

    from simulator.people import Office

METRES_PER_DEGREE = 111_320.0
Point = tuple[float, float]
"""Latitude and longitude, in degrees."""


class Gps:
    """Satellites, by `chance`: off by `jitter_metres` to the north and to the east (a standard deviation)."""

    def __init__(self, jitter_metres: float, chance: random.Random) -> None:
        self._jitter = jitter_metres
        self._chance = chance

    def location(self, office: Office, point: Point | None, accuracy: float | None = None) -> dict[str, Any]:
        """The Location object of the Bot API: near the office, or at the point; `accuracy` in metres, where told."""
        latitude, longitude = self._near(office) if point is None else point
        sure = {} if accuracy is None else {"horizontal_accuracy": accuracy}
        return {"latitude": latitude, "longitude": longitude, **sure}

    def accuracy(self) -> float:
        """How sure a telephone says that it is, in metres."""
        return round(self._chance.uniform(4.0, 65.0), 1)

    def _near(self, office: Office) -> Point:
        north, east = self._chance.gauss(0, self._jitter), self._chance.gauss(0, self._jitter)
        latitude = office.latitude + north / METRES_PER_DEGREE
        longitude = office.longitude + east / (METRES_PER_DEGREE * math.cos(math.radians(office.latitude)))
        return round(latitude, 6), round(longitude, 6)
