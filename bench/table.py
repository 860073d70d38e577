"""Owns the table: one row for each figure, one column for each competitor, the same on the terminal and on the page."""

import math
from collections.abc import Mapping, Sequence

from bench.figures import CAP, Figures
from bench.workload import REPLY_LIMIT

Row = tuple[str, ...]


def table(measured: Mapping[str, Figures]) -> list[Row]:
    """The rows, head first. A figure that the cap bounds has its ratio to that bound behind it."""
    every = list(measured.values())
    return [
        ("", *measured),
        ("calls a second", *(_rate(one.throughput) for one in every)),
        ("most in any 1.0 s", *(f"{one.most_in_one_second} ({one.most_in_one_second / CAP:.2f} x)" for one in every)),
        ("refused (429)", *(f"{one.refused}" for one in every)),
        ("reply's wait, p50", *(_seconds(one.wait_p50) for one in every)),
        ("reply's wait, p99", *(_seconds(one.wait_p99) for one in every)),
        ("calls per check-in", *(f"{one.burst.calls / one.burst.checkins:.2f}" for one in every)),
        ("last reply", *(_drain(one.burst.last_reply, one) for one in every)),
        ("last address", *(_drain(one.burst.last_address, one) for one in every)),
        ("CPU per call", *(f"{one.cpu * 1000:.1f} ms" for one in every)),
    ]


def markdown(rows: Sequence[Row]) -> str:
    """The same as a Markdown table."""
    head, *body = rows
    lines = [head, ("---",) + ("---:",) * (len(head) - 1), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rate(calls: float | None) -> str:
    return "-" if calls is None else f"{calls:.2f} ({calls / CAP:.1%})"


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f} s" if value < math.inf else f"> {REPLY_LIMIT:g} s"


def _drain(seconds: float | None, one: Figures) -> str:
    """Seconds, and how many times as long as one call for each check-in takes at the cap."""
    return "not all" if seconds is None else f"{seconds:.1f} s ({seconds * CAP / one.burst.checkins:.2f} x)"
