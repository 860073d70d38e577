"""What `make alerts` plays raises every alert, the runbooks tell of it, and it shortens the rules and nothing else."""

import pytest
import yaml

from ops.rules.__main__ import GROUPS, plain
from ops.rules.rule import Alert
from tests.alerts.__main__ import FAULTS
from tests.alerts.fault import Fault
from tests.alerts.page import named, runbook, told
from tests.alerts.shorter import shortened

ALERTS = {rule.name for group in GROUPS for rule in group.rules if isinstance(rule, Alert)}


def test_every_alert_is_raised_by_a_fault() -> None:
    assert {name for fault in FAULTS for name in fault.raises | fault.leaves} == ALERTS


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_a_runbook_tells_by_which_faults_its_alert_was_seen_firing(alert: str) -> None:
    wanted = [fault.name for fault in FAULTS if alert in fault.raises | fault.leaves]
    assert named(runbook(alert).read_text()) == wanted, f"run make alerts WRITE=1 ONLY={','.join(wanted)}"


def test_a_new_line_takes_the_place_of_the_same_faults() -> None:
    head, faults = "# A\n\n## How it was seen firing\n\n", FAULTS[:2]
    first, second = (f"- `make alerts ONLY={fault.name}`: it is so.\n  It fired 5 s later.\n" for fault in faults)
    page = told(told(f"{head}By hand: so.\n", second, FAULTS), first, FAULTS)
    assert page == f"{head}{first}{second}\nBy hand: so.\n"
    assert named(page) == [fault.name for fault in faults]
    newer = first.replace("5 s", "6 s")
    assert told(page, newer, FAULTS) == page.replace(first, newer)
    assert told(head, first, FAULTS) == head + first


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_names_alerts_that_exist(fault: Fault) -> None:
    assert fault.raises | fault.leaves | fault.allows <= ALERTS
    assert not fault.raises & fault.leaves


def test_names_of_faults_differ() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_only_durations_are_shorter() -> None:
    rule = """
      - alert: A
        expr: |-
          sum(rate(sent_total{outcome="5m"}[5m])) > 300 unless increase(x[1h]) > 3600
        for: 10m
      - alert: B
        expr: up[30s]
        for: 0s
    """
    assert shortened(rule, 20) == rule.replace("[5m]", "[15s]").replace("[1h]", "[180s]").replace("10m", "30s").replace(
        "[30s]", "[2s]"
    )


def test_the_short_rules_are_as_many_as_the_rules() -> None:
    long, short = (yaml.safe_load(text)["groups"] for text in (plain(), shortened(plain(), 20)))
    assert [[rule.get("alert") for rule in group["rules"]] for group in long] == [
        [rule.get("alert") for rule in group["rules"]] for group in short
    ]
    assert long != short
