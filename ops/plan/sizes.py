"""Owns the plan of a morning: the same formulas for `fleet plan`, for the docs, and for the tests. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ops.plan.connections import USED, Claim
from ops.plan.costs import (
    CALL_CPU,
    CALLS,
    CORES,
    DOOR,
    INGRESS,
    MESSAGE,
    PODS,
    POSTGRES,
    RABBITMQ,
    RECORDED,
    WAY,
    WORKER,
    planned,
)
from ops.plan.rush import Cap, Rush

PAIR: Final = 2
"""Copies of what one is active of, so that one may die."""
RESERVED: Final = 3
"""Connections that PostgreSQL keeps for superusers, as it comes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A morning of so many people within so many seconds, who check in once each."""

    people: int
    window: float
    cap: Cap

    @property
    def replies(self) -> Rush:
        """The way of the replies through the cap."""
        return Rush(round(self.people * CALLS.value), self.window, self.cap.pace)

    @property
    def sending(self) -> float:
        """Cores that the active sender needs while it makes as many calls as it may."""
        return self.cap.pace * CALL_CPU.value

    def told_within(self, share: float) -> float:
        """Seconds from their message within which this share of the people have their reply."""
        return self.replies.wait(share) + WAY.value

    @property
    def told_at(self) -> float:
        """Seconds from when the first one comes until the last one has the reply."""
        return self.replies.over + WAY.value

    @property
    def limits(self) -> Mapping[str, float]:
        """Check-ins that each stretch of the way records a second, by its name; what can be copied is copied enough."""
        return {
            "Telegram's connections to the webhook": DOOR.value,
            "RabbitMQ": CORES.value / planned(RABBITMQ),
            "PostgreSQL": CORES.value / planned(POSTGRES),
        }

    @property
    def narrowest(self) -> str:
        """The stretch that records the fewest."""
        return min(self.limits, key=self.limits.__getitem__)

    @property
    def recording(self) -> Rush:
        """The way of the check-ins into PostgreSQL."""
        return Rush(self.people, self.window, self.limits[self.narrowest])

    @property
    def needed(self) -> float:
        """Check-ins a second that must be recorded so that all are as soon as promised; less if the way takes less."""
        return min(self.people / (self.window + RECORDED.value), self.limits[self.narrowest])

    @property
    def copies(self) -> Mapping[str, int]:
        """Processes of each service; one more than the crowd needs, since one may die."""
        return {
            "ingress": _copies(self.needed, 1 / planned(INGRESS)),
            "checkin_worker": _copies(self.needed, 1 / planned(WORKER)),
            "geo_worker": PAIR,
            "sender": PAIR,
            "desk": 1,
        }

    @property
    def cores(self) -> float:
        """Cores that all of them ask for."""
        return sum(number * PODS[name].cores for name, number in self.copies.items())

    @property
    def memory(self) -> float:
        """GiB that all of them ask for."""
        return sum(number * PODS[name].memory for name, number in self.copies.items()) / 1024

    @property
    def waiting(self) -> float:
        """MiB of replies in each copy of RabbitMQ's queue, when most wait."""
        return self.replies.most_waiting * MESSAGE.value / 1024**2

    def claim(self, most: int) -> Claim:
        """The connections that the processes may open, `most` each."""
        return Claim(self.copies["checkin_worker"], self.copies["geo_worker"], most)

    def fitting(self, max_connections: int) -> int:
        """The DB_POOL_MAX that fits into a server's max_connections, no larger than is ever used; 0 if none fits."""
        return max(0, min(USED, self.claim(0).fitting(max_connections - RESERVED)))


def _copies(needed: float, each: float) -> int:
    return math.ceil(needed / each) + 1
