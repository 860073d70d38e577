"""Owns what a dashboard is: rows of panels, and what all dashboards have in common."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import dashboard as parts
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import TimeZoneBrowser
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
)

from dashboards.panel import Panel

TAG: Final = "checkin-fleet"
WIDTH: Final = 24
REPOSITORY: Final = "https://git.example.com/checkin-fleet/blob/main"
"""Where people read this repository; in Grafana a field above each dashboard, for one to write one's own into."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side.

    Attributes:
        title: the question that they answer.
        height: of each, in Grafana's units of some 30 pixels.
        panels: together they fill the width, once or several times.
    """

    title: str
    height: int
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Page:
    """One dashboard.

    Attributes:
        uid: by which links find it; also its file's name.
        title, description: for people.
        rows: from the first question to the last.
    """

    uid: str
    title: str
    description: str
    rows: Sequence[Row]

    def text(self) -> str:
        """The dashboard as Grafana reads it: JSON, with a line end at the end."""
        return json.dumps(self._built(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def _built(self) -> object:
        made = (
            parts.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .readonly()
            .timezone(TimeZoneBrowser)
            .time("now-30m", "now")
            .refresh("10s")
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .with_variable(_source())
            .with_variable(_repository())
            .link(_others())
        )
        number = 0
        for row in self.rows:
            number += 1
            made.with_row(parts.Row(row.title).id(number))
            for panel in row.panels:
                number += 1
                made.with_panel(panel.built(row.height).id(number))
        return made.build()


def _source() -> parts.DatasourceVariable:
    """Which Prometheus is asked: where there are several, or the only one has another name."""
    return parts.DatasourceVariable("datasource").label("Prometheus").type("prometheus")


def _repository() -> parts.TextBoxVariable:
    chosen = VariableOption(text=REPOSITORY, value=REPOSITORY, selected=True)
    return parts.TextBoxVariable("repository").label("Runbooks in").default_value(REPOSITORY).current(chosen)


def _others() -> parts.DashboardLink:
    """The other dashboards, over the same time."""
    link = parts.DashboardLink("").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.keep_time(keep_time=True).include_vars(include_vars=True)
