"""Owns what `docs/performance.md` says of memory: the table, what was promised, and how to read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.table import Row, markdown

HEADING: Final = "Memory against what waits"
PROMISED: Final = 250
"""MiB that a service takes at most, with 100,000 messages waiting."""

Measured = Mapping[int, Mapping[str, float]]
"""By backlog and service: the most that the service had resident, in MiB."""


@dataclass(frozen=True, slots=True)
class MemoryReport:
    """Everything that a run found out."""

    measured: Measured
    machine: str
    versions: str
    day: str


def rows(measured: Measured) -> list[Row]:
    """The rows, head first: a service each, and how much of its memory the backlog makes."""
    return [
        ("", *(f"{backlog:,} wait" for backlog in measured)),
        *(
            (service, *(f"{each[service]:.0f} MiB ({each[service] / least:.2f} x)" for each in measured.values()))
            for service, least in measured[min(measured)].items()
        ),
    ]


def failures(measured: Measured) -> list[str]:
    """What took more than was promised."""
    return [
        f"with {backlog:,} messages waiting {service} took {resident:.0f} MiB; {PROMISED} were promised"
        for backlog, each in measured.items()
        for service, resident in each.items()
        if resident > PROMISED
    ]


def section(report: MemoryReport) -> str:
    """All that stands below the heading."""
    return f"""\
`make bench-memory` lets messages wait for each service, starts the services, and reads the most memory that each had
resident while it worked at them; `make bench-memory WRITE=1` writes this section. At most {PROMISED} MiB are promised.

{markdown(rows(report.measured))}

- For the ingress the messages are updates that it took in, one after the other over a hundred connections; for the
  worker updates in `updates`, for the geo worker points in `geo.requests`, for the sender calls in
  `outbound.interactive`.
- A service holds a window of what waits, so what it takes does not grow with the backlog; a geo worker whose
  geocoder is elsewhere, not in the process as here, remembers addresses besides, up to a bound.

Measured on {report.day}: {report.machine}; {report.versions}.
"""
