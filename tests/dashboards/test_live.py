"""Every query of every dashboard is put to a real Prometheus that has watched a real fleet, and brings data.

With WRITE=1 the pictures of docs/dashboards.md are drawn anew from the answers.
"""

import os
from collections.abc import Mapping
from typing import Final

import pytest

from local.terminal import console
from tests.alerts.broker import ScrapedRabbitMQ
from tests.dashboards.exporters import exporters
from tests.dashboards.grafana import Answer, answered
from tests.dashboards.panels import ASKING, dashboard, files, panels
from tests.dashboards.picture import picture
from tests.dashboards.prometheus import watching
from tests.dashboards.story import morning
from tests.docs.pages import DOCS
from tests.faults.ground import opened
from tests.faults.kinds import OWN
from tests.soak.diary import Diary

pytestmark = [pytest.mark.story, pytest.mark.timeout(1800)]

Seen = Mapping[tuple[str, str], list[Answer]]

STILL: Final = {
    "Messages that failed and are tried again, in 15 min",
    "failed, tried again later",
    "draining",
    "Settings that Telegram holds otherwise",
    "Errors of our webhook, in 10 min",
    "Takeovers of the right to send, in 15 min",
    "Silences that Telegram wanted",
    "Replies later than their place explains",
    "at Telegram",
    "Waiting at Telegram",
    "delivered again",
    "given up",
    "rolled back",
    "bound, {{instance}}",  # this Redis has none
    "evicted",
    "open circuits",
}
"""Panels and legends that may be 0 all the morning, since nothing went wrong; all other lines must have moved."""


@pytest.fixture(scope="module")
async def seen() -> Seen:
    """What each panel shows of a morning, by page and title."""
    kinds = OWN._replace(rabbitmq=ScrapedRabbitMQ)
    async with (
        opened(Diary(console), 1, kinds, clustered=False) as ground,
        exporters(ground) as targets,
        watching(ground, targets) as watch,
    ):
        span = await morning(ground, watch)
        found = {(panel.page, panel.title): await answered(watch, panel, span) for panel in ASKING}
    if os.environ.get("WRITE"):
        _draw(found, span)
    return found


def _draw(found: Seen, span: tuple[float, float]) -> None:
    for file in files():
        shown = [(panel, found.get((panel.page, panel.title), [])) for panel in panels(file)]
        (DOCS / "img" / f"{file.stem}.png").write_bytes(picture(dashboard(file)["title"], shown, span))


def test_every_query_brings_data(seen: Seen) -> None:
    assert len(seen) == len(ASKING)
    assert [f"{where}: {one.query.expr}" for where, found in seen.items() for one in found if not one.values] == []


def test_every_line_moves_that_a_crowd_moves(seen: Seen) -> None:
    """Nothing of what is asked with a 0 in reserve got that 0 for want of a metric."""
    lines = [
        (title, one)
        for (_, title), found in seen.items()
        for one in found
        if not one.query.instant and not {title, one.query.legend} & STILL
    ]
    assert [f"{title}: {one.query.expr}" for title, one in lines if max(one.values, default=0) <= 0] == []


def test_what_went_wrong_is_seen(seen: Seen) -> None:
    """A figure that is 0 whatever happens would have passed above."""

    def values(title: str) -> list[float]:
        return [value for answer in seen["fleet-at-a-glance", title] for value in answer.values]

    assert values("Dead letters") == [1]
    assert sum(values("Alerts that fire")) > 0
    assert "DeadLetters" in {
        answer.called(one) for answer in seen["fleet-at-a-glance", "Which alerts fire"] for one in answer.series
    }
    assert values("Ready copies") == [2, 2, 2, 2]
    assert values("Senders with the right to send") == [1]
