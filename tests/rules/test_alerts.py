"""Each alert fires under its fault, alone, and is silent in a healthy morning."""

from pathlib import Path
from typing import Any

import pytest

from ops.rules.__main__ import GROUPS
from ops.rules.objectives import OBJECTIVES
from ops.rules.rule import Alert
from tests.rules.cases import CASES, Case
from tests.rules.morning import FAULT, HEALTHY, SAMPLES, STEP
from tests.rules.promtool import firing, group, judged

HALF_AN_HOUR_LATER = f"{(FAULT + 56) * STEP}s"
ALERTS = [rule for one in GROUPS for rule in one.rules if isinstance(rule, Alert)]
SLOW = {
    # a share of bad events that a month's budget lasts days for: more than the ticket's, less than the page's
    "webhook": {
        'ingress_webhook_requests_total{status="503"}': 2,
        'ingress_webhook_requests_total{status="200"}': 998,
    },
    "recorded": {'fleet_update_seconds_bucket{le="1.0"}': 996, "fleet_update_seconds_count": 1000},
    "replies": {"sender_late_replies_total": 20, "sender_reply_seconds_count": 1000},
}


def told(values: list[float]) -> str:
    """Values in promtool's notation."""
    return " ".join(f"{value:g}" for value in values)


def morning(case: Case) -> dict[str, str]:
    """Every series of the case."""
    series = {selector: told(values) for selector, values in HEALTHY.items()}
    for selector, values in case.series.items():
        if values is None:
            series[selector] = f"{told(HEALTHY[selector][:FAULT])} stale"
        elif values:
            series[selector] = told(values)
        else:
            del series[selector]
    return series


def judge(case: Case, folder: Path, claims: list[dict[str, Any]]) -> str:
    return judged(folder, group(case.what, f"{STEP}s", morning(case), claims))


def test_a_healthy_morning_raises_nothing(tmp_path: Path) -> None:
    claims = [firing(f"{sample * STEP}s", ()) for sample in range(1, SAMPLES)]
    assert judge(Case("healthy", {}), tmp_path, claims) == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_fault_raises_exactly_its_alerts(case: Case, tmp_path: Path) -> None:
    claims = [firing(f"{(FAULT - 1) * STEP}s", ()), firing(HALF_AN_HOUR_LATER, case.fires)]
    assert judge(case, tmp_path, claims) == ""


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.name)
def test_a_budget_that_is_spent_slowly_is_a_ticket(objective: Any, tmp_path: Path) -> None:  # noqa: ANN401 - an Objective, whose type pytest does not see
    # Nothing else is there: only the burns are asked about.
    series = {selector: f"0+{step}x{6 * 48}" for selector, step in SLOW[objective.name].items()}
    claim = firing("2d", {(objective.alert, "ticket")}) | {
        "expr": 'max by (alertname, severity) (ALERTS{alertstate="firing", alertname=~".+Burn"})'
    }
    assert judged(tmp_path, group(objective.name, "10m", series, [claim])) == ""


def test_every_alert_is_seen_firing() -> None:
    seen = {fired for case in CASES for fired in case.fires}
    seen |= {(objective.alert, "ticket") for objective in OBJECTIVES}
    assert {(alert.name, alert.severity) for alert in ALERTS} == seen
