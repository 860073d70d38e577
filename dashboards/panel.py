"""Owns what a panel is: a question, what is normal, and where to read on when it is not."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Final

from grafana_foundation_sdk.builders import dashboard as parts
from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from ops.rules.rule import RUNBOOKS

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
PLACE: Final = "${repository:raw}/" + RUNBOOKS
"""Where the runbooks are; `repository` is a variable of each dashboard."""
GOOD: Final = "green"
WARNING: Final = "orange"
BAD: Final = "red"
PLAIN: Final = "blue"
"""Of a figure that is neither good nor bad."""

Drawn = stat.Panel | timeseries.Panel | statetimeline.Panel


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a value is not good: above, or where `falling` below.

    Attributes:
        bad: what an alert fires at, or would.
        warning: what comes before; None for nothing.
        falling: small values are the bad ones.
    """

    bad: float
    warning: float | None = None
    falling: bool = False

    def steps(self) -> Iterator[Threshold]:
        """From the lowest colour upwards; each holds from its value on."""
        if self.falling:
            yield Threshold(None, BAD)
            if self.warning is not None:
                yield Threshold(self.bad, WARNING)
            yield Threshold(self.bad if self.warning is None else self.warning, GOOD)
        else:
            yield Threshold(None, GOOD)
            if self.warning is not None:
                yield Threshold(self.warning, WARNING)
            yield Threshold(self.bad, BAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel(ABC):
    """One panel.

    Attributes:
        title: what is seen, in a few words.
        normal: what is normal, for people who have not seen it before.
        queries: PromQL by its legend, which may name labels: `{{queue}}`.
        width: in 24ths of the page.
        unit: as Grafana knows units.
        limits: from where on it is not good; None for what is neither.
        runbooks: the alerts whose pages say what to do.
        words: what a value is called instead, with its colour.
    """

    title: str
    normal: str
    queries: Mapping[str, str]
    width: int
    unit: str = "short"
    limits: Limits | None = None
    runbooks: tuple[str, ...] = ()
    words: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    @abstractmethod
    def drawn(self) -> Drawn:
        """The panel as its kind wants it, with nothing in it."""

    @abstractmethod
    def asked(self, query: Dataquery) -> Dataquery:
        """The query over time, or of now."""

    def built(self, height: int) -> Drawn:
        """The whole panel."""
        made = self.drawn().title(self.title).description(self._told()).datasource(SOURCE).unit(self.unit)
        for letter, (legend, expr) in zip(ascii_uppercase, self.queries.items(), strict=False):
            query = Dataquery().expr(expr).legend_format(legend).ref_id(letter).datasource(SOURCE)
            made.with_target(self.asked(query))
        steps = list(self.limits.steps()) if self.limits else [Threshold(None, PLAIN)]
        made.thresholds(parts.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        made.mappings(self._mappings()).links([_page(alert) for alert in self.runbooks])
        return made.height(height).span(self.width)

    def _told(self) -> str:
        pages = ", ".join(f"[{alert}]({PLACE}/{alert}.md)" for alert in self.runbooks)
        return f"{self.normal}\n\nRunbooks: {pages}" if pages else self.normal

    def _mappings(self) -> list[ValueMapping]:
        if not self.words:
            return []
        told = {str(value): ValueMappingResult(text=text, color=color) for value, (text, color) in self.words.items()}
        return [ValueMap(options=told)]


def _page(alert: str) -> parts.DashboardLink:
    url = f"{PLACE}/{alert}.md"
    return parts.DashboardLink(alert).type(DashboardLinkType.LINK).url(url).target_blank(target_blank=True)
