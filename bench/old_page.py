"""Owns how the old way and the fleet are compared, line by line, and what docs/performance.md says of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.rush import STRUCK_AT, Rush
from bench.table import Row, markdown

HEADING: Final = "The old way beside the fleet"


@dataclass(frozen=True, slots=True)
class Compared:
    """One way's rushes."""

    undisturbed: Rush
    killed: Rush


@dataclass(frozen=True, slots=True)
class OldReport:
    """Everything that a run found out; `compared` by the way's name, ours first."""

    people: int
    compared: Mapping[str, Compared]
    machine: str
    versions: str
    day: str


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of every way, ours first; less is better, and who has none is infinitely bad."""

    name: str
    unit: str
    values: Mapping[str, float]

    def cells(self) -> Row:
        """The line of the table; behind each other way's figure stands how many times ours it is."""
        ours, *others = self.values.values()
        return (self.name, self._told(ours), *(f"{self._told(value)}{_ratio(value, ours)}" for value in others))

    def failures(self) -> list[str]:
        """A sentence for each way that we do not beat here; nothing can be less than nothing."""
        (our_name, ours), *others = self.values.items()
        return [
            f"{self.name}: {our_name} does not beat {name}, with {self._told(ours)} against {self._told(value)}"
            for name, value in others
            if not ours < value and not ours == value == 0
        ]

    def _told(self, value: float) -> str:
        if value == math.inf:
            return "not all"
        return f"{value:.3f} s" if self.unit == "s" else f"{value:.2f}" if self.unit == "each" else f"{value:.0f}"


def lines(compared: Mapping[str, Compared]) -> list[Line]:
    """What is compared."""
    calm = {name: one.undisturbed for name, one in compared.items()}
    return [
        Line("recorded, p50", "s", {name: _or_never(one.recorded_within(50)) for name, one in calm.items()}),
        Line("recorded, p99", "s", {name: _or_never(one.recorded_within(99)) for name, one in calm.items()}),
        Line("all are told that they are in", "s", {name: _or_never(one.told) for name, one in calm.items()}),
        Line("last reply, all know the address", "s", {name: _or_never(one.last) for name, one in calm.items()}),
        Line("calls a check-in", "each", {name: one.calls / one.people for name, one in calm.items()}),
        Line("refused calls (429)", "", {name: float(one.refused) for name, one in calm.items()}),
        Line("lost, undisturbed", "", {name: float(one.lost) for name, one in calm.items()}),
        Line("lost, killed once with -9", "", {name: float(one.killed.lost) for name, one in compared.items()}),
    ]


def table(compared: Mapping[str, Compared]) -> list[Row]:
    """The rows, head first."""
    return [("", *compared), *(line.cells() for line in lines(compared))]


def section(report: OldReport) -> str:
    """All that stands below the heading."""
    return f"""\
`make bench-old-way` lets {report.people} people check in at once, by the fleet and by a bot as usual, and ends with
status 1 if the fleet does not beat it on every line; `make bench-old-way WRITE=1` writes this section. It is
the same people, simulated Telegram, geocoder (a Nominatim, one request a second) and engines for all; behind a figure
stands how many times the fleet's it is.

{markdown(table(report.compared))}

Measured on {report.day}: {report.machine}; {report.versions}. Everything shares the machine.

- *The fleet* runs as in `make demo`, with two geo workers and no office registered.
- *The old way* is `bench/old_bot.py`: one process of aiogram on uvloop, behind aiogram's webhook handler. It writes
  first, in one transaction over a pool, then answers through `AsyncLimiter(30, 1)`, obeys 429, repeats what failed, and
  asks for addresses in the background, once a second, one request for all at a place of eleven metres. Of its four
  messages three come at once (received, recorded, a wish with the button) and one with the address; of two, the first
  and the wish are left out.
- Everybody is known to either, as somebody who has pressed Start before, and checks in for the first time.
- *Recorded* counts from when everybody comes to when PostgreSQL committed the update's transaction.
- *Calls a check-in* include refused ones.
- *Lost* are people whose update was answered 200 and who are not recorded, or were never told so. For the last line a
  second crowd comes; when {STRUCK_AT:.0%} of it have been told, every process of the way is killed with -9, and started
  again at once.
"""


def _or_never(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds


def _ratio(value: float, ours: float) -> str:
    return f" ({value / ours:.1f} x)" if ours and math.inf not in (value, ours) else ""
