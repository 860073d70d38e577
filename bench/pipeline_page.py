"""Owns what `docs/performance.md` says of the way of a check-in: the tables, and how to read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.flow import COUNTS, Flow
from bench.hotspots import Hotspots
from bench.table import Row, markdown

HEADING: Final = "The way of a check-in, without the cap"
SMALL: Final = 0.02
"""Packages that take less of every service are told together."""


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """Everything that a run found out; `hotspots` by service."""

    flows: Sequence[Flow]
    hotspots: Mapping[str, Hotspots]
    machine: str
    versions: str
    day: str

    @property
    def best(self) -> Flow:
        """The flow that counts: what disturbs makes none faster."""
        return max(self.flows, key=lambda flow: flow.rate)


def flow_rows(flow: Flow) -> list[Row]:
    """Who used how many milliseconds of a processor for each check-in."""
    whole = sum(flow.cpu.values())
    each = sorted(flow.cpu.items(), key=lambda one: -one[1])
    rows = [(name, f"{1000 * used / flow.checkins:.2f} ms", f"{used / whole:.0%}") for name, used in each]
    return [
        ("", "CPU a check-in", "share"),
        *rows,
        ("all of them", f"{1000 * whole / flow.checkins:.2f} ms", "100%"),
    ]


def package_rows(hotspots: Mapping[str, Hotspots]) -> list[Row]:
    """Which packages a service's time goes to, largest first."""
    by_service = [dict(one.packages) for one in hotspots.values()]
    packages = {name for shares in by_service for name in shares}
    large = {name for name in packages if any(shares.get(name, 0.0) >= SMALL for shares in by_service)}
    ordered = sorted(large, key=lambda name: -max(shares.get(name, 0.0) for shares in by_service))
    rest = [sum(share for name, share in shares.items() if name not in large) for shares in by_service]
    return [
        ("", *hotspots),
        *((name, *(f"{shares.get(name, 0.0):.0%}" for shares in by_service)) for name in ordered),
        ("all others", *(f"{share:.0%}" for share in rest)),
    ]


def section(report: PipelineReport) -> str:
    """All that stands below the heading."""
    flow = report.best
    rates = ", ".join(f"{one.rate:.0f}" for one in report.flows)
    services = ", ".join(f"{count} {name}" for name, count in COUNTS.items())
    return f"""\
`make bench-pipeline` lets {flow.checkins:,} employees check in as fast as they are taken in: from the webhook to the
reply in the queue from which the sender takes it. `make bench-pipeline WRITE=1` writes this section.

**{flow.rate:.0f} check-ins a second** ({rates} in {len(report.flows)} flows); the webhook took \
{flow.checkins / flow.taken:.0f} updates a second, and put off {flow.put_off}.

{markdown(flow_rows(flow))}

- {services}, PostgreSQL, RabbitMQ, Redis and the crowd share the machine; PostgreSQL waits for its disk.
- Each is the first location of an employee's day, outside of every office: one reply, one question for an address, one
  address, which is written into event and session and sent after the reply.
- The crowd's requests are written beforehand and cost little; what it uses is in the table all the same.

### Where a service's time goes

{markdown(package_rows(report.hotspots))}

{_functions(report.hotspots)}

By cProfile and the processor's clock, in a flow of its own, since it slows each call down, small ones most. A function
in C counts to the package that calls it. What uvloop does by itself is not seen: the work of sockets, mostly.

Measured on {report.day}: {report.machine}; {report.versions}.
"""


def _functions(hotspots: Mapping[str, Hotspots]) -> str:
    """The functions with most time of their own, a line a service."""
    return "\n".join(
        f"- *{service}*: {', '.join(f'`{name}` {share:.1%}' for name, share in one.functions)}."
        for service, one in hotspots.items()
    )
