"""Owns which changes made a check-in cheaper, and what `docs/performance.md` says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.flow import COUNTS, CROWD, Flow
from bench.table import Row, markdown

HEADING: Final = "What made a check-in cheaper"


@dataclass(frozen=True, slots=True)
class Step:
    """A commit, by its short name, and what is new in it."""

    commit: str
    what: str


STEPS: Final = (
    Step("ad8ba81^", "before"),
    Step("ad8ba81", "connections go back to their pool without a reset"),
    Step("9a8c19a", "one statement appends an event and reads its day"),
    Step("10365e6", "filters are asked without a thread"),
    Step("d27cb59", "a transaction begins and locks in one round trip"),
    Step("8a93014", "an address is written by one statement"),
    Step("13011f0", "geo worker: no look at all who wait"),
    Step("f5a7f52", "texts that are everybody's are kept"),
    Step("8f6fd4c", "people who come at once share a transaction"),
    Step("ef17890", "publishing waits for confirms, not for the socket"),
    Step("95d9cb2", "PostgreSQL plans once, and for tables that grow"),
    Step("85cf24a", "messages are taken below aio-pika, rooms asked without aiogram's dispatcher"),
    Step("124b738", "all who came are recorded before more are told than the cap lets out"),
    Step("6c84aa3", "a line of those goes as fast as it can, garbage is looked for seldom"),
    Step("0994124", "a geocoder that is in the process is asked without a search and Redis"),
    Step("2b842ec", "what is done in the same moment is acked together"),
    Step("f95eee2", "a group's updates are looked up in the inbox, not joined with it"),
)


@dataclass(frozen=True, slots=True)
class StepsReport:
    """Everything that a run found out."""

    flows: Mapping[Step, Sequence[Flow]]
    machine: str
    versions: str
    day: str


def milliseconds(flow: Flow, name: str | None = None) -> float:
    """Of a processor for each check-in: what a service used, or all of them and the engines together."""
    used = sum(seconds for who, seconds in flow.cpu.items() if who != CROWD) if name is None else flow.cpu[name]
    return 1000 * used / flow.checkins


def rows(report: StepsReport) -> list[Row]:
    """A row a step: check-ins a second, milliseconds by service, and all of them beside the step before."""
    names = (*COUNTS, "postgres", "rabbitmq")
    heads = (one.removeprefix("checkin_").removesuffix("_worker") for one in names)
    table: list[Row] = [("", "a second", *heads, "all", "x before", "x first")]
    first = before = 0.0
    for step, flows in report.flows.items():
        best = min(flows, key=milliseconds)
        all_of_it = milliseconds(best)
        first = first or all_of_it
        against = f"{all_of_it / before:.2f}" if before else "-"
        each = (f"{milliseconds(best, name):.2f}" for name in names)
        table.append(
            (
                f"{step.what} ({step.commit})",
                f"{max(flow.rate for flow in flows):.0f}",
                *each,
                f"{all_of_it:.2f}",
                against,
                f"{all_of_it / first:.2f}",
            )
        )
        before = all_of_it
    return table


def section(report: StepsReport) -> str:
    """All that stands below the heading."""
    turns = {len(flows) for flows in report.flows.values()}
    checkins = {flow.checkins for flows in report.flows.values() for flow in flows}
    return f"""\
`make bench-steps` starts the services as each of these commits had them, one after the other, there and back in one
run, and lets {max(checkins)} employees check in as in "The way of a check-in"; `make bench-steps WRITE=1` writes this
section. Milliseconds are of a processor for each check-in, of the cheapest one of {max(turns)} turns, the address
included; *all* has Redis in it, and not the crowd. *x before* and *x first* are how many times as much all of it is
as for the step before and for the first one.

{markdown(rows(report))}

The machine itself is faster in one minute than in another, by a tenth and more: a ratio as near to 1 as that is no
finding, and those to the first step tell more. The profile of each step's time ("Where a service's time goes") chose
the next one. The engines are today's for all of them. What stood between two of these commits beside the change counts
to the later one.

Measured on {report.day}: {report.machine}; {report.versions}.
"""
