"""Owns the kinds of panels: a figure of now, lines over time, and states over time."""

from dataclasses import dataclass

from grafana_foundation_sdk.builders import common, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders import dashboard as parts
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import FieldColorModeId

from dashboards.panel import PLACE, Panel

UNSEEN = "not measured"
"""What a panel says when Prometheus has nothing: whoever sees nothing must not read it as nothing wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Panel):
    """What is so now, on the colour of its limits.

    Attributes:
        decimals: digits after the point.
    """

    decimals: int = 0

    def drawn(self) -> stat.Panel:
        """A coloured field with a large figure."""
        several = len(self.queries) > 1 or "{{" in next(iter(self.queries))
        return (
            stat.Panel()
            .color_mode(BigValueColorMode.BACKGROUND)
            .graph_mode(BigValueGraphMode.NONE)
            .text_mode(BigValueTextMode.VALUE_AND_NAME if several else BigValueTextMode.VALUE)
            # The answer of now as it is, should it be no number too.
            .reduce_options(common.ReduceDataOptions().calcs(["last"]))
            .decimals(self.decimals)
            .no_value(UNSEEN)
        )

    def asked(self, query: Dataquery) -> Dataquery:
        """Of now."""
        return query.instant()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Panel):
    """What it was, as lines from 0 upwards; a limit is a dashed line."""

    def drawn(self) -> timeseries.Panel:
        """Thin lines, the largest first under the mouse."""
        style = GraphThresholdsStyleMode.DASHED if self.limits else GraphThresholdsStyleMode.OFF
        legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
        return (
            timeseries.Panel()
            .min(0)
            .line_width(1.5)
            .fill_opacity(8)
            .show_points(VisibilityMode.NEVER)
            .thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
            .legend(legend.show_legend(show_legend=True))
            .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
            .no_value(UNSEEN)
        )

    def asked(self, query: Dataquery) -> Dataquery:
        """Over the time that is looked at."""
        return query.range()


@dataclass(frozen=True, slots=True, kw_only=True)
class States(Panel):
    """What was so when: a band for each series, in the words and colours of its values.

    Attributes:
        label: the label by whose value a click on a band opens the runbook.
    """

    label: str

    def drawn(self) -> statetimeline.Panel:
        """Bands, the same state in one piece."""
        url = f"{PLACE}/${{__field.labels.{self.label}}}.md"
        return (
            statetimeline.Panel()
            .merge_values(merge_values=True)
            .show_value(VisibilityMode.AUTO)
            .color_scheme(parts.FieldColor().mode(FieldColorModeId.THRESHOLDS))
            .data_links([parts.DashboardLink("Runbook").url(url).target_blank(target_blank=True)])
            .no_value(UNSEEN)
        )

    def asked(self, query: Dataquery) -> Dataquery:
        """Over the time that is looked at."""
        return query.range()
