"""Owns the table of cells: how often a memory hits, and how far from a person the point lies it answers for.

Simulated people, none of the fleet: their points are those of the simulator's GPS, and a key remembers the first point
that was asked for under it, as the geo worker's memory does.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, hypot, radians
from types import MappingProxyType
from typing import Final

import h3

from bench.table import Row
from simulator.gps import METRES_PER_DEGREE, Gps, Point
from simulator.people import OFFICES, Office, hire
from simulator.windows import percentile

PEOPLE: Final = 1000
MORNINGS: Final = 20
TOWN: Final = 0.1
"""Degrees around an office in which it is put anew each morning: on the border of a cell, or within."""
JITTERS: Final = (5.0, 15.0, 30.0)


def _cell(resolution: int) -> Callable[[Point], str]:
    return lambda point: str(h3.latlng_to_cell(*point, resolution))


KEYS: Final[Mapping[str, Callable[[Point], str]]] = MappingProxyType(
    {
        "coordinates": repr,
        "4 decimals": lambda point: f"{point[0]:.4f},{point[1]:.4f}",
        "H3 11 (29 m)": _cell(11),
        "H3 10 (76 m)": _cell(10),
        "H3 9 (201 m)": _cell(9),
    }
)
"""By the length of a cell's edge."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Requests in a morning on average, and metres between a person and the point that was asked for."""

    requests: float
    p50: float
    p95: float
    most: float


def table() -> list[Row]:
    """The rows, head first: one for each key, for each jitter its requests, hit rate and displacement."""
    heads = (f"GPS off by {jitter:.0f} m: requests, hits, displaced by p50 / p95 / most" for jitter in JITTERS)
    rows = [(name, *(_said(hits(key, jitter)) for jitter in JITTERS)) for name, key in KEYS.items()]
    return [("key", *heads), *rows]


def hits(key: Callable[[Point], str], jitter: float) -> Hits:
    """What comes of a key, over some mornings of a thousand people at five offices, in their languages."""
    requests, displaced = 0, []
    for seed in range(MORNINGS):
        chance = random.Random(seed)  # noqa: S311 - no secret: repeatable mornings
        gps = Gps(jitter, chance)
        moved = {office: _moved(office, chance) for office in OFFICES[:5]}
        asked: dict[tuple[str, str | None], Point] = {}
        for person in chance.sample(people := hire(PEOPLE, 5, seed), len(people)):
            place = gps.location(moved[person.office], None)
            point = place["latitude"], place["longitude"]
            first = asked.setdefault((key(point), person.language), point)
            displaced.append(_metres(point, first))
        requests += len(asked)
    return Hits(requests / MORNINGS, percentile(displaced, 50) or 0.0, percentile(displaced, 95) or 0.0, max(displaced))


def _moved(office: Office, chance: random.Random) -> Office:
    north, east = chance.uniform(-TOWN, TOWN), chance.uniform(-TOWN, TOWN)
    return Office(office.name, office.address, office.latitude + north, office.longitude + east)


def _metres(one: Point, other: Point) -> float:
    """Metres on a plane, which the earth is within a cell."""
    north = (one[0] - other[0]) * METRES_PER_DEGREE
    east = (one[1] - other[1]) * METRES_PER_DEGREE * cos(radians(one[0]))
    return hypot(north, east)


def _said(hits: Hits) -> str:
    rate = 1 - hits.requests / PEOPLE
    return f"{hits.requests:.0f}, {rate:.1%}, {hits.p50:.0f} / {hits.p95:.0f} / {hits.most:.0f} m"
