"""Owns what `docs/performance.md` says of the sender: what was measured, how, on which machine, how to read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.competitors import SLOW, USUAL
from bench.figures import CAP
from bench.peers import IN_FLIGHT
from bench.table import Row, markdown
from bench.workload import ADDRESS_WITHIN, REPLIES_A_SECOND, Size

PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"
HEADING: Final = "The sender and its peers"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run found out."""

    rows: Sequence[Row]
    size: Size
    first_seconds: Sequence[tuple[str, int]]
    machine: str
    versions: str
    day: str

    def first_second(self) -> str:
        """A sentence about the limiters alone."""
        passed = " and ".join(f"`{name}` lets {count} through" for name, count in self.first_seconds)
        return f"In its first second, with no Telegram and no queue, {passed}."


def section(report: Report) -> str:
    """All that stands below the heading."""
    size = report.size
    return f"""\
`make bench` measures the sender beside what a bot usually has in its place, all in one run, and `make bench WRITE=1`
writes this section. Arrivals are stamped at the simulated Telegram's end, in a process that does nothing else.

{markdown(report.rows)}

{report.first_second()}

Measured on {report.day}: {report.machine}; {report.versions}. RabbitMQ, Redis, the simulated
Telegram and the sender share the machine.

### What each of them gets to do

1. {size.checkins} check-ins at once: a reply each, and its address {ADDRESS_WITHIN[0] * 1000:.0f} ms to \
{ADDRESS_WITHIN[1]:g} s later, in a message of its own.
2. {size.bulk} bulk messages wait, and beside them come {size.replies} replies, {REPLIES_A_SECOND:g} a second at random.

Telegram answers after {_span(USUAL)}, for slow answers after {_span(SLOW)}. It refuses the 31st call in any
second, counts refused calls too, and asks for silence in whole seconds; the real one asks for more from who goes on.

A peer is `bench/peers.py`: aiogram behind the limiter in the head of its column, first come, first served,
{IN_FLIGHT} calls under way at most. It makes an address an edit, and after a 429 keeps silent
for as long as Telegram says.

### How to read it

- *Calls a second* are those that Telegram did while bulk was waiting, and their share of {CAP} a second.
- *Most in any 1.0 s* counts every window, not only whole seconds, and calls that were refused.
- *A reply's wait* is from its publication to its arrival at Telegram, beside bulk. A peer's is what it holds,
  at the pace of the cap: holding less would shorten it, and would waste the cap when answers are slow.
- *Calls per check-in* include refused ones. *Last reply* and *last address* are of the check-ins, from the first
  publication on; behind them stands how many times as long that is as one call for each check-in takes at the cap.
- *CPU per call* is the process's user and system time, waiting for work included, for each call that Telegram did.
"""


def _span(seconds: tuple[float, float]) -> str:
    return f"{seconds[0] * 1000:g} to {seconds[1] * 1000:,.0f} ms"
