"""Reads the dashboards as Grafana does: from their files."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dashboards.__main__ import FOLDER

RATE_INTERVAL: Final = "$__rate_interval"

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A question of a panel to Prometheus.

    Attributes:
        expr: PromQL, in which Grafana's variables are not replaced yet.
        legend: what its series are called; `{{label}}` stands for a label's value.
        instant: it asks of now, not of a time.
    """

    expr: str
    legend: str
    instant: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel, and where it lies: in 24ths of the width, and in rows of a fixed height."""

    page: str
    title: str
    kind: str
    grid: tuple[int, int, int, int]
    queries: tuple[Query, ...]
    told: Object

    @property
    def defaults(self) -> Object:
        """What holds of all its series: unit, thresholds, mappings."""
        found: Object = self.told["fieldConfig"]["defaults"]
        return found

    @property
    def steps(self) -> list[tuple[float | None, str]]:
        """Each colour, and the value from which on it holds; None for the first."""
        return [(step["value"], step["color"]) for step in self.defaults["thresholds"]["steps"]]


def files() -> list[Path]:
    """The dashboards' files."""
    return sorted(FOLDER.glob("*.json"))


def dashboard(file: Path) -> Object:
    """One dashboard."""
    found: Object = json.loads(file.read_text())
    return found


def panels(file: Path) -> Iterator[Panel]:
    """Its panels in their order, rows too: those have no queries."""
    for told in dashboard(file)["panels"]:
        place = told["gridPos"]
        yield Panel(
            page=file.stem,
            title=told["title"],
            kind=told["type"],
            grid=(place["x"], place["y"], place["w"], place["h"]),
            queries=tuple(
                Query(target["expr"], target["legendFormat"], target["instant"]) for target in told.get("targets", ())
            ),
            told=told,
        )


ALL: Final = [panel for file in files() for panel in panels(file)]
ASKING: Final = [panel for panel in ALL if panel.kind != "row"]
EVERY: Final = [(panel, query) for panel in ASKING for query in panel.queries]


def name(value: object) -> str:
    """A panel's or a query's, for whoever reads a test's result."""
    if isinstance(value, Panel):
        return f"{value.page}: {value.title}"
    return value.legend or "its only query" if isinstance(value, Query) else str(value)
