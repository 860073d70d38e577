"""Owns how the campaign's result is shown: a table on the terminal, and docs/faults.md. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.table import Table

from local.folders import PROJECT
from tests.faults.verdict import Row

DOCUMENT: Final = PROJECT / "docs" / "faults.md"
HEADINGS: Final = (
    "ready after",
    "drained after",
    "updates",
    "lost",
    "repeated",
    "worst second",
    "refused",
    "slowest answer",
    "dead",
)

INTRODUCTION: Final = """\
# Faults

What the fleet was broken by, and what came of it. This page is written by the suite itself (`make faults WRITE=1`),
and only when every promise held in the last three runs; `make faults ONLY=kill-worker SEED=7` plays one scenario.

All {scenarios} were played {runs} on {machine}. Each figure is the worst of all runs; updates and replies lost are
summed up.

In each trial people check in and out at five a second, and one a second asks for their day once they were told that
they are checked in; a tenth of the updates are posted twice. 90 more check in in the moment of the strike, and again in
that of each further blow. Every thirty people are where nobody was before, so that addresses are asked for all the
time. The fleet is two of each service; PostgreSQL has two streaming replicas; Telegram and the geocoder are simulated.
A strike sees for itself that it hit: services that must not be ready are not, somebody calls who is to be refused,
asks in vain, waits for the lock, or comes while the schema changes.
Afterwards these must hold, judged at Telegram's end, in PostgreSQL, in RabbitMQ and from the processes themselves:

- every update is exactly one event, and everybody's session is the one that the taps make, with its places' addresses;
- everybody has a reply to each tap; again only if its sender could not know that it had arrived;
- whoever asks for their day is shown what they were told before, and in every trial somebody asks;
- no 1.0 s holds more than 30 calls, no silence that a 429 asked for is broken, the geocoder is asked once a second,
  and for one place once, or once more after each blow unless it fails itself;
- where the webhook is not struck every request gets 200; else 503 or a broken connection within 3 s, and Telegram
  sends the update again; it is kept waiting only where the process that has its request stands still;
- every service is ready again by itself within 30 s of its launch or of the end of the strike; the queues drain;
- dead letters are exactly the poison; consumers and links are as many as before; no transaction is left open; no
  service has grown by 48 MiB or has 250 MiB, or 24 open files more beside Telegram's connections.

Columns: seconds from a blow until every service said that it was ready, at worst, and from the end of the strike until
nothing waited; updates, replies lost, replies and days told once more, calls in the worst second, requests that the
webhook did not take, its slowest answer, dead letters.

Elsewhere: messages that kill or hang their process, a hundred poisonous chats, a hundred thousand waiting messages and
an old primary that comes back have tests of their own (`make test`, `make test-long`). Not played at all: a partition
between nodes that all live, a full disk of RabbitMQ itself (its alarm is), limits of a host on files, processor and
memory, a broken resolver, and jumps of the engines' own clocks.
"""


def table(rows: Sequence[Row], seed: int) -> Table:
    """One run."""
    shown = Table("scenario", *HEADINGS, "verdict", title=f"The fault campaign with SEED={seed}, judged from outside")
    for row in rows:
        verdict = "skipped" if row.skipped else "[green]green[/]" if row.green else "[red]failed[/]"
        shown.add_row(*_cells(row), verdict)
    return shown


def document(runs: Sequence[Sequence[Row]], what: Mapping[str, str], machine: str) -> str:
    """The page; each figure is the worst of all runs.

    Args:
        runs: the rows of each run, in the same order.
        what: what each scenario does, by its name.
        machine: on what they were played.
    """
    worst = [merged(rows) for rows in zip(*runs, strict=True)]
    skipped = [f"- `{row.name}`: {row.skipped}" for row in worst if row.skipped]
    lines = [
        INTRODUCTION.format(runs=_times(len(runs)), scenarios=len(worst), machine=machine),
        _line(("scenario", "what is done", *HEADINGS)),
        _line(("---", "---", *["---:"] * len(HEADINGS))),
        *(_line((f"`{row.name}`", what[row.name], *_cells(row)[1:])) for row in worst if not row.skipped),
        *(["", "Not played there, with the reason:", "", *skipped] if skipped else []),
    ]
    return "\n".join(lines) + "\n"


def merged(rows: Sequence[Row]) -> Row:
    """One scenario over all runs: the worst of each figure."""
    first = rows[0]
    return Row(
        first.name,
        problems=[problem for row in rows for problem in row.problems],
        skipped=next((row.skipped for row in rows if row.skipped), ""),
        recovery=max((row.recovery for row in rows if row.recovery is not None), default=None),
        drained=max((row.drained for row in rows if row.drained is not None), default=None),
        updates=sum(row.updates for row in rows),
        lost=sum(row.lost for row in rows),
        repeated=max(row.repeated for row in rows),
        worst_second=max(row.worst_second for row in rows),
        refused=max(row.refused for row in rows),
        slowest=max(row.slowest for row in rows),
        dead=max(row.dead for row in rows),
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times running")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        _seconds(row.recovery),
        _seconds(row.drained),
        str(row.updates),
        str(row.lost),
        str(row.repeated),
        str(row.worst_second),
        str(row.refused),
        _seconds(row.slowest),
        str(row.dead),
    )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
