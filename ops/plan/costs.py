"""Owns the unit costs that plans are made with: what one check-in takes of everything, and where the figure is from."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Cost:
    """A figure, its unit, and what it is based on."""

    value: float
    unit: str
    basis: str


@dataclass(frozen=True, slots=True)
class Pod:
    """What a pod of a service asks for: cores, and MiB of memory. A test compares it with the manifests."""

    cores: float
    memory: int


CALLS: Final = Cost(1.0, "calls to Telegram a check-in", "measured: the morning in [README](../README.md)")
WAY: Final = Cost(
    0.5,
    "s from a message to its reply, beside the wait for the cap",
    "the objective; in README's morning the last reply came less than 0.1 s after the cap's own time",
)
RECORDED: Final = Cost(1.0, "s within which a check-in is to be recorded", "the objective")
_WAY: Final = "measured: [the way of a check-in](performance.md), on two cores that all share"
INGRESS: Final = Cost(0.0002, "s of a core for an update, in an ingress", _WAY)
WORKER: Final = Cost(0.00075, "s of a core for a check-in, in a worker", _WAY)
POSTGRES: Final = Cost(0.00023, "s of a core for a check-in and its address, in PostgreSQL", _WAY)
RABBITMQ: Final = Cost(
    0.0003, "s of a core for a check-in and its address, in RabbitMQ", f"{_WAY}; one node with one scheduler"
)
SLOWER: Final = Cost(
    4.0,
    "times as much of a core is planned for each of these four",
    "chosen: one commit (83888e3) took 581 check-ins a second on one machine and 161 on another",
)
CORES: Final = Cost(2.0, "cores of an engine's instance that has much to do", "chosen")
CALL_CPU: Final = Cost(0.0017, "s of a core for a call, in the sender", "measured: [performance](performance.md)")
DOOR: Final = Cost(
    100 / 0.012,
    "updates a second and bot by webhook",
    "Telegram's 100 connections, and the 12 ms that an update took in README's morning",
)
GEOCODED: Final = Cost(
    0.046, "questions to a geocoder a check-in", "measured: [addresses](addresses.md), a thousand people at five places"
)
GEOCODER: Final = Cost(100.0, "questions a second and geo worker", "the default of `GEOCODER_RATE` for a Photon")
OFFLINE: Final = Cost(
    0.000013,
    "s of a core for a question with `GEOCODER=offline`",
    "probed: 1 us for the cell, 12 us for the table of towns",
)
MESSAGE: Final = Cost(
    1024.0,
    "bytes of a reply that waits, in each copy of the queue",
    "counted: half of it is the message as it is written, the rest allows for headers and the queue's index",
)
MACHINE: Final = Cost(147.0, "$ a month for 4 cores and 16 GiB", "AWS m7i.xlarge in us-east-1, on demand")

PODS: Final[Mapping[str, Pod]] = MappingProxyType(
    {
        "ingress": Pod(0.1, 64),
        "checkin_worker": Pod(0.25, 120),
        "geo_worker": Pod(0.1, 176),
        "sender": Pod(0.2, 112),
        "desk": Pod(0.01, 128),
    }
)


def planned(cost: Cost) -> float:
    """Seconds of a core that a plan has for one of the four that machines differ in."""
    return cost.value * SLOWER.value
