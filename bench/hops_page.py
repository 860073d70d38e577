"""Owns what `docs/performance.md` says of single hops: the table, and how to read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.pace import Pace
from bench.table import Row, markdown

HEADING: Final = "Each hop beside its limit"


@dataclass(frozen=True, slots=True)
class Hop:
    """A part of the way: the least that could do it, and what the fleet does it with."""

    name: str
    limit: Pace
    ours: Pace


@dataclass(frozen=True, slots=True)
class HopsReport:
    """Everything that a run found out."""

    hops: Sequence[Hop]
    operations: int
    machine: str
    versions: str
    day: str


def rows(hops: Sequence[Hop]) -> list[Row]:
    """The rows, head first."""
    return [("", "limit", "ours", "ours of it", "CPU, limit", "CPU, ours"), *map(_row, hops)]


def section(report: HopsReport) -> str:
    """All that stands below the heading."""
    return f"""\
`make bench-hops` lets each part of the fleet do {report.operations:,} times what it does, in turn with the least that
could do the same on this machine; `make bench-hops WRITE=1` writes this section.

{markdown(rows(report.hops))}

- Rates are a second and process, CPU is the process's for one; of several turns the best of each counts.
- *aiohttp* reads the body, publishes it with confirm and answers (`bench/bare_door.py`). The ingress compares the
  secret, bounds size and time, decodes what routing needs, counts and logs besides.
- *aio-pika* consumes 16 at a time, publishes with confirm and acks (`bench/relay.py`). Ours bounds the time, remembers
  failures, counts and logs besides.
- *asyncpg* executes the worker's own statements over the same number of connections and looks at nothing that they
  return (`bench/bare_worker.py`). A worker consumes, decodes, handles, words, publishes two messages and acks besides.
- The sender has more calls waiting than it may make; Telegram answers after 30 to 120 ms.

Measured on {report.day}: {report.machine}; {report.versions}. Engines and crowd share the machine.
"""


def _row(hop: Hop) -> Row:
    return (
        hop.name,
        f"{hop.limit.rate:,.1f}",
        f"{hop.ours.rate:,.1f}",
        f"{hop.ours.rate / hop.limit.rate:.1%}",
        _cpu(hop.limit),
        _cpu(hop.ours) if hop.limit.cpu is None or hop.ours.cpu is None else _ratio(hop.ours.cpu, hop.limit.cpu),
    )


def _cpu(side: Pace) -> str:
    return "-" if side.cpu is None else f"{1000 * side.cpu:.2f} ms"


def _ratio(ours: float, limit: float) -> str:
    return f"{1000 * ours:.2f} ms ({ours / limit:.1f} x)" if limit else f"{1000 * ours:.2f} ms"
