"""Owns what docs/performance.md says of scaling, and when a check-in is said to cost more than it should."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.backlog import Handled
from bench.bursts import Burst
from bench.past import PEOPLE
from bench.statements import Statements
from bench.table import Row, markdown

HEADING: Final = "More of everything"
FLAT: Final = 1.1
"""How many times what it costs beside few sessions a check-in may cost beside many."""


@dataclass(frozen=True, slots=True)
class Copies:
    """A backlog that so many workers handled."""

    workers: int
    handled: Handled


@dataclass(frozen=True, slots=True)
class Past:
    """A backlog that one worker handled beside so many sessions, and what its statements took."""

    sessions: int
    statements: Statements
    handled: Handled

    @property
    def worker(self) -> float:
        """Milliseconds of a processor that the worker used for a check-in."""
        return 1000 * self.handled.workers / self.handled.checkins

    @property
    def postgres(self) -> float:
        """Milliseconds of a processor that PostgreSQL used for a check-in."""
        return 1000 * self.handled.postgres / self.handled.checkins

    @property
    def cost(self) -> float:
        """Milliseconds of a processor for a check-in, the worker's and PostgreSQL's."""
        return self.worker + self.postgres

    @property
    def milliseconds(self) -> float:
        """That PostgreSQL executed statements, for a check-in."""
        return self.statements.milliseconds / self.handled.checkins

    @property
    def blocks(self) -> float:
        """That PostgreSQL looked at, for a check-in."""
        return self.statements.blocks / self.handled.checkins


@dataclass(frozen=True, slots=True)
class ScalingReport:
    """Everything that a run found out."""

    checkins: int
    copies: Sequence[Copies]
    past: Sequence[Past]
    bursts: Sequence[Burst]
    machine: str
    versions: str
    day: str


def failures(past: Sequence[Past]) -> list[str]:
    """A sentence for each number of sessions beside which a check-in costs too much."""
    few = past[0]
    return [
        f"beside {one.sessions:,} sessions a check-in takes {one.cost:.2f} ms, {one.cost / few.cost:.2f} times the "
        f"{few.cost:.2f} ms beside {few.sessions:,}; at most {FLAT:g} times is promised. Where it is PostgreSQL, "
        "EXPLAIN tells which statement reads more than it did."
        for one in past[1:]
        if one.cost > FLAT * few.cost
    ]


def copies_rows(copies: Sequence[Copies]) -> list[Row]:
    """The table of workers, head first."""
    one = copies[0].handled.rate
    return [
        ("workers", "check-ins a second"),
        *((f"{each.workers}", f"{each.handled.rate:,.0f} ({each.handled.rate / one:.2f} x)") for each in copies),
    ]


def past_rows(past: Sequence[Past]) -> list[Row]:
    """The table of sessions, head first."""
    few = past[0]
    return [
        (
            *("sessions", "a check-in", "the worker's", "PostgreSQL's"),
            *("statements' time", "blocks", "statements", "check-ins a second"),
        ),
        *(
            (
                f"{one.sessions:,}",
                f"{one.cost:.2f} ms ({one.cost / few.cost:.2f} x)",
                f"{one.worker:.2f} ms",
                f"{one.postgres:.2f} ms",
                f"{one.milliseconds:.3f} ms ({one.milliseconds / few.milliseconds:.2f} x)",
                f"{one.blocks:.0f} ({one.blocks / few.blocks:.2f} x)",
                f"{one.statements.calls / one.handled.checkins:.1f}",
                f"{one.handled.rate:,.0f}",
            )
            for one in past
        ),
    ]


def burst_rows(bursts: Sequence[Burst]) -> list[Row]:
    """The table of bursts, head first."""
    return [
        ("people at once", "half are told after", "the last after", "as `fleet plan` says", "waiting in the queue"),
        *(
            (
                f"{one.people:,}",
                f"{one.half:,.1f} s",
                f"{one.last:,.1f} s",
                f"{one.said:,.1f} s ({one.said / one.last:.3f} x)",
                f"{one.waiting:.1f} MiB",
            )
            for one in bursts
        ),
    ]


def section(report: ScalingReport) -> str:
    """All that stands below the heading."""
    return f"""\
`make bench-scaling` handles backlogs of {report.checkins:,} check-ins; with `WRITE=1` it writes this section.

### Workers

{markdown(copies_rows(report.copies))}

The workers are ready and stand still while the queue is filled, then all go on at once; nothing else of the fleet runs.
They share their cores with PostgreSQL and RabbitMQ, so on few cores more workers soon have nothing left to win.

### Sessions in the table

{markdown(past_rows(report.past))}

{PEOPLE:,} people who came and left each day, with an event and a session a day; one worker handles the check-ins of
some of them. What a check-in takes is the time on a processor of the worker and of all of PostgreSQL. The statements'
time and blocks (8 KiB) are pg_stat_statements', of the worker's login, without commits: how long these take is the
disk's affair. They grow by the depth of the indexes, as each search reads a block more where an index has a level more,
and because people share fewer blocks, of which more must be fetched and more be changed for each. Each number of
sessions is in a database of its own; of several backlogs, in turn beside each of them, the cheapest counts. The command
has status 1 if a check-in takes more than {FLAT:g} times that of the first line.

### People in the burst

{markdown(burst_rows(report.bursts))}

In simulated time: the sender's own pacer, 30 calls a second, one call for each check-in, on a stepped clock. A thousand
people in real time are in README's morning.

Measured on {report.day}: {report.machine}; {report.versions}.
"""
