"""Owns what a thousand times as many people take: which engine gives way first, and how many of each are needed. Pure.

One bot is one fleet: its own token, queues and database. Fleets share engines, a virtual host and a database each,
until these are half busy; then there are more engines.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ops.plan.costs import CORES, DOOR, GEOCODED, GEOCODER, MACHINE, POSTGRES, RABBITMQ, planned
from ops.plan.rush import Cap, Rush
from ops.plan.sizes import RESERVED, Plan

FACTORS: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
"""Employees."""
MORNING: Final = 300.0
"""Seconds within which they come."""
AFTER: Final = 60.0
"""Seconds after the last one has come at which everybody shall have the reply."""
BUSY: Final = 0.5
"""The share of an engine that is used at most, as fleets are laid on engines."""
IDLE: Final = 0.25
"""Up to this share an engine's instance makes do with half a core, above it takes all of CORES."""
INSTANCES: Final = 3
POOL: Final = 6
CONNECTIONS: Final = 420
"""DB_POOL_MAX and max_connections, as the manifests have them."""
REDIS: Final = 1.0
"""Cores of Redis and the poolers together."""
MACHINE_CORES: Final = 4
LEAST_MACHINES: Final = 3
WORKDAYS: Final = 250


@dataclass(frozen=True, slots=True)
class Scale:
    """So many employees in one morning, and what they take."""

    people: int
    cap: Cap

    @property
    def pace(self) -> float:
        """Check-ins a second."""
        return self.people / MORNING

    @property
    def used(self) -> Mapping[str, float]:
        """Of one of each, the share that all people together use; above 1 it is too little."""
        return {name: self.pace / takes for name, takes in takes_of(self.cap).items()}

    @property
    def alone(self) -> Rush:
        """The replies of all of them, from one bot."""
        return Rush(self.people, MORNING, self.cap.pace)

    @property
    def bots(self) -> int:
        """Bots that tell everybody soon enough."""
        return math.ceil(self.people / (self.cap.pace * (MORNING + AFTER)))

    @property
    def fleet(self) -> Plan:
        """The morning of one of these bots."""
        return Plan(math.ceil(self.people / self.bots), MORNING, self.cap)

    @property
    def primaries(self) -> int:
        """PostgreSQL clusters, by what they have to do and by connections."""
        fleets = (CONNECTIONS - RESERVED) // self.fleet.claim(POOL).total
        return max(math.ceil(self.used["PostgreSQL"] / BUSY), math.ceil(self.bots / fleets))

    @property
    def brokers(self) -> int:
        """RabbitMQ clusters."""
        return math.ceil(self.used["RabbitMQ"] / BUSY)

    @property
    def sessions(self) -> float:
        """Rows of `sessions` that a primary gets in a year."""
        return self.people * WORKDAYS / self.primaries

    @property
    def cores(self) -> float:
        """Cores that fleets and engines ask for."""
        engines = {"PostgreSQL": self.primaries, "RabbitMQ": self.brokers}
        return self.bots * self.fleet.cores + REDIS + sum(self._cores(name, number) for name, number in engines.items())

    def _cores(self, engine: str, number: int) -> float:
        each = CORES.value if self.used[engine] / number > IDLE else 0.5
        return number * INSTANCES * each

    @property
    def dollars(self) -> float:
        """Of machines, a month."""
        return MACHINE.value * max(LEAST_MACHINES, math.ceil(self.cores / MACHINE_CORES))


def takes_of(cap: Cap) -> Mapping[str, float]:
    """Check-ins a second that one of each takes, what gives way first before the others."""
    return {
        "the cap of a bot": cap.pace,
        "RabbitMQ": CORES.value / planned(RABBITMQ),
        "PostgreSQL": CORES.value / planned(POSTGRES),
        "the geo worker of a bot": GEOCODER.value / GEOCODED.value,
        "the webhook of a bot": DOOR.value,
    }
