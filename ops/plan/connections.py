"""Owns the budget of connections: how many the processes may open on one PostgreSQL server. Pure."""

from dataclasses import dataclass
from typing import Final

REPORT: Final = 2
"""Connections of the process in which a check-in worker has a file made, beside its own."""
OPERATORS: Final = 5
"""Connections kept for `fleet`, whose words take one each and `migrate` two."""
USED: Final = 24
"""Connections that a check-in worker ever uses at once: 16 for updates, 4 for receipts, one for a report, one each for
what is handled alone of these two, one for the probe."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the processes may open on one server: so many of them, DB_POOL_MAX each. Geo workers read no replicas."""

    workers: int
    geo_workers: int
    most: int

    @property
    def total(self) -> int:
        """Connections, if every process opens all that it may, and people use `fleet`."""
        return self.workers * (self.most + REPORT) + self.geo_workers * self.most + OPERATORS

    def fitting(self, room: int) -> int:
        """The largest DB_POOL_MAX for which this is room enough; 0 or less if none is."""
        return (room - OPERATORS - self.workers * REPORT) // max(1, self.workers + self.geo_workers)

    def __str__(self) -> str:
        parts = [f"{self.workers} workers x ({self.most} + {REPORT})"]
        if self.geo_workers:
            parts.append(f"{self.geo_workers} geo workers x {self.most}")
        return " + ".join([*parts, f"{OPERATORS} for operators"])
