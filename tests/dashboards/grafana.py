"""Owns how Grafana puts a panel's queries: with which step, and what it writes for its variables.

As https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/ has it: the step is what a pixel
shows, but no shorter than a scrape; $__rate_interval is the step and a scrape, but no shorter than four scrapes.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dashboards.page import WIDTH
from tests.dashboards.panels import RATE_INTERVAL, Panel, Query
from tests.dashboards.prometheus import SCRAPE, Series, Watching

PIXELS: Final = 1440
"""Of the whole width."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query of a panel brought."""

    query: Query
    series: Sequence[Series]

    @property
    def values(self) -> list[float]:
        """All that are numbers."""
        return [value for one in self.series for _, value in one.points if math.isfinite(value)]

    def called(self, series: Series) -> str:
        """A series by its legend."""
        return re.sub(r"\{\{(\w+)\}\}", lambda found: series.labels.get(found[1], ""), self.query.legend)


async def answered(asked: Watching, panel: Panel, span: tuple[float, float]) -> list[Answer]:
    """What each query of a panel brings for this time."""
    seconds = span[1] - span[0]
    step = max(SCRAPE, math.ceil(seconds / (PIXELS * panel.grid[2] / WIDTH)))
    found = []
    for query in panel.queries:
        expr = query.expr.replace(RATE_INTERVAL, f"{max(step + SCRAPE, 4 * SCRAPE)}s")
        series = await (asked.now(expr, span[1]) if query.instant else asked.over(expr, span, step))
        found.append(Answer(query, series))
    return found
