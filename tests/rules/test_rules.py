"""The rules are written out, promtool takes them, what they read exists, and each alert has its pages."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
import yaml

from local.folders import PROJECT
from ops.cli import app
from ops.rules import __main__ as rules
from ops.rules.objectives import BURNS, OBJECTIVES, WINDOWS
from ops.rules.rule import RUNBOOKS, Alert, Record
from ops.rules.services import SERVICES
from tests.docs.pages import DOCS, quoted, table
from tests.rules.promtool import checked

RULES = [rule for group in rules.GROUPS for rule in group.rules]
ALERTS = {rule.name: rule for rule in RULES if isinstance(rule, Alert)}
PAGES = {page.stem: page.read_text() for page in (PROJECT / RUNBOOKS).glob("*.md") if page.stem != "README"}
PAGE = (DOCS / "objectives.md").read_text()
HEADINGS = ["What it means", "What people feel", "First three commands", "How it was seen firing"]
WORDS = {"and", "or", "unless"}


def metrics(expr: str) -> set[str]:
    """The metrics that an expression reads: what is left without strings, labels, ranges and functions."""
    for other in (r'"[^"]*"', r"\{[^}]*\}", r"\[[^\]]*\]", r"\b(?:by|on)\s*\([^)]*\)"):
        expr = re.sub(other, "", expr)
    return set(re.findall(r"(?<![\w:])[a-zA-Z_][\w:]*(?![\w:]|\s*\()", expr)) - WORDS


def selectors(expr: str) -> Iterator[tuple[str, str, str]]:
    """The metric, label and value of each `metric{label="value"}`."""
    for metric, inside in re.findall(r"(\w+)\{([^}]*)\}", expr):
        yield from ((metric, label, value) for label, value in re.findall(r'(\w+)="([^"]+)"', inside))


def of_ours() -> dict[str, dict[str, set[str]]]:
    """The metrics of docs/telemetry.md as Prometheus has them, each with its labels' values."""
    found = {}
    for name, kind, labels, *_ in table((DOCS / "telemetry.md").read_text(), "Metrics"):
        parts = (part.partition(":") for part in labels.split(";") if part)
        values = {quoted(label)[0]: set(told.strip().split(", ")) for label, _, told in parts}
        for ending in ("_bucket", "_count", "_sum") if kind == "histogram" else ("",):
            found[quoted(name)[0] + ending] = values
    return found


OURS = of_ours()
OF_OTHERS = {quoted(row[0])[0] for row in table(PAGE, "Metrics of others")}
RECORDED = {rule.name for rule in RULES if isinstance(rule, Record)}


def test_both_files_are_what_the_command_writes() -> None:
    assert rules.PLAIN.read_text() == rules.plain(), "the rules have changed: run python -m ops.rules --write"
    assert rules.OPERATORS.read_text() == rules.for_the_operator(), "as above"


def test_both_files_hold_the_same_rules() -> None:
    plain: Any = yaml.safe_load(rules.PLAIN.read_text())
    operators: Any = yaml.safe_load(rules.OPERATORS.read_text())
    assert plain == operators["spec"]
    assert sum(len(group["rules"]) for group in plain["groups"]) == len(RULES)


def test_promtool_takes_the_rules_and_the_configuration_that_names_them() -> None:
    assert checked("rules", str(rules.PLAIN)) == ""
    configuration = rules.PLAIN.with_name("prometheus.yml")
    assert checked("config", str(configuration)) == ""
    assert yaml.safe_load(configuration.read_text())["rule_files"] == [rules.PLAIN.name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_metric_that_a_rule_reads_is_known(rule: Record | Alert) -> None:
    assert metrics(rule.expr)
    assert metrics(rule.expr) <= set(OURS) | OF_OTHERS | RECORDED


def test_every_metric_of_others_is_read() -> None:
    assert set[str]().union(*(metrics(rule.expr) for rule in RULES)) >= OF_OTHERS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_label_that_a_rule_asks_for_is_one_that_the_metric_has(rule: Record | Alert) -> None:
    for metric, label, value in selectors(rule.expr):
        if metric in OURS and label not in ("le", "service"):
            assert label in OURS[metric], metric
            told = OURS[metric][label]
            free = any("`" in one or one.startswith("as ") for one in told)  # described, not listed
            assert free or value in told, f"{metric} has no {label} {value}"
        if label == "service":
            assert value in SERVICES


def test_the_objectives_stand_on_the_page() -> None:
    told = {quoted(row[0])[0]: row[1] for row in table(PAGE, "Objectives")}
    assert told == {objective.name: f"{objective.good_percent:g} %" for objective in OBJECTIVES}


def test_the_burn_rates_stand_on_the_page() -> None:
    told = [tuple(row[:4]) for row in table(PAGE, "Burn rates")]
    assert told == [
        (severity, _spelled(burn.long), _spelled(burn.short), f"{burn.factor:g}")
        for severity, burns in BURNS.items()
        for burn in burns
    ]
    assert {window for burns in BURNS.values() for burn in burns for window in (burn.long, burn.short)} == set(WINDOWS)


def _spelled(window: str) -> str:
    return f"{window[:-1]} {'min' if window.endswith('m') else window[-1]}"


def test_the_page_has_every_alert_and_no_other() -> None:
    told = {(name[1 : name.index("]")], severity) for name, severity, _ in table(PAGE, "Alerts")}
    severities = {
        name: [rule.severity for rule in RULES if isinstance(rule, Alert) and rule.name == name] for name in ALERTS
    }
    assert told == {(name, " and ".join(found)) for name, found in severities.items()}


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert set(PAGES) == set(ALERTS)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_runbook_says_what_whoever_is_called_needs(name: str) -> None:
    page = PAGES[name]
    assert page.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == HEADINGS
    assert all(part.strip() for part in re.split(r"^## .+$", page, flags=re.MULTILINE)[1:])
    assert len(commands(page)) == 3


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_runbooks_commands_exist(name: str) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for program, *words in commands(PAGES[name]):
        assert program in ("fleet", "kubectl")
        if program == "fleet":
            command = group.commands[words[0]]
            assert len(words) == 1 or words[1].startswith("-") or words[1] in getattr(command, "commands", {}), words
        else:
            assert words[0] in ("get", "logs", "scale")
            named = re.findall(r"(?:deploy/|deployment/|name=)([\w-]+)", " ".join(words))
            assert set(named) <= {*SERVICES, "rabbitmq", "redis-server"}


def commands(page: str) -> list[list[str]]:
    """The words of each of the first commands."""
    [block] = re.findall(r"^## First three commands\n\n```sh\n(.*?)```", page, re.MULTILINE | re.DOTALL)
    return [line.split() for line in block.splitlines()]
