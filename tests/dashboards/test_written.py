"""The dashboards' files are what their source says, ask for what exists, and each panel says what is normal."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.__main__ import PAGES, file_of
from dashboards.page import WIDTH
from dashboards.panel import PLACE
from local.folders import PROJECT
from ops.rules.rule import RUNBOOKS
from tests.dashboards.panels import ALL, ASKING, EVERY, RATE_INTERVAL, Panel, Query, dashboard, files, name
from tests.docs.pages import DOCS, quoted, table
from tests.docs.test_docs_telemetry import PERSONAL
from tests.rules.promtool import checked, judged
from tests.rules.test_rules import ALERTS, OF_OTHERS, OURS, RECORDED, metrics, selectors

PAGE = (DOCS / "dashboards.md").read_text()
TOLD = {quoted(row[0])[0] for row in table(PAGE, "Metrics of others")}
ENGINES_OWN = {"alertname", "instance", "le", "pod", "queue", "service", "state"}
"""Labels of Prometheus, of exporters, and of where a process runs."""
OF_OPERATOR = {
    'cnpg_backends_total{pod="postgres-1", state="idle"}': "40x10",
    'cnpg_backends_max_tx_duration_seconds{pod="postgres-1", state="active"}': "1x10",
    'cnpg_pg_settings_setting{pod="postgres-1", name="max_connections"}': "100x10",
    'cnpg_pg_database_size_bytes{pod="postgres-1", datname="fleet"}': "1000x10",
    'cnpg_pg_stat_database_xact_commit{pod="postgres-1", datname="fleet"}': "0+10x10",
    'cnpg_pg_stat_database_xact_rollback{pod="postgres-1", datname="fleet"}': "0+1x10",
    'cnpg_pg_stat_database_deadlocks{pod="postgres-1", datname="fleet"}': "0x10",
}
"""PostgreSQL as CloudNativePG tells it."""
RED_AT_NONE = {"Ready copies", "Senders with the right to send"}


def resolved(expr: str) -> str:
    """With a range in the place of Grafana's variable."""
    return expr.replace(RATE_INTERVAL, "1m")


def test_the_files_are_what_the_command_writes() -> None:
    assert {page.name for page in files()} == {file_of(page).name for page in PAGES}
    for page in PAGES:
        assert file_of(page).read_text() == page.text(), "run python -m dashboards --write"


def test_promtool_reads_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"asked:{number}", "expr": resolved(query.expr)} for number, (_, query) in enumerate(EVERY)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    assert len(rules) == len(EVERY) > 0
    assert checked("rules", str(file)) == ""


@pytest.mark.parametrize(("panel", "query"), EVERY, ids=name)
def test_a_query_asks_for_what_exists(panel: Panel, query: Query) -> None:
    assert metrics(query.expr), panel
    assert metrics(query.expr) <= set(OURS) | OF_OTHERS | TOLD | RECORDED
    for metric, label, value in selectors(query.expr):
        if metric in OURS and label not in ("le", "service"):
            assert value in OURS[metric][label] | {"primary"}, f"{metric} has no {label} {value}"


def test_the_page_has_no_metric_of_others_that_nobody_reads() -> None:
    assert set[str]().union(*(metrics(query.expr) for _, query in EVERY)) >= TOLD


def test_no_series_is_a_persons() -> None:
    known = ENGINES_OWN | {label for values in OURS.values() for label in values}
    for panel, query in EVERY:
        by = {label.strip() for found in re.findall(r"\bby \(([^)]*)\)", query.expr) for label in found.split(",")}
        shown = set(re.findall(r"\{\{(\w+)\}\}", query.legend))
        assert by | shown <= known, panel.title
        assert [label for label in by - {"alertname"} if PERSONAL.search(label)] == [], panel.title


@pytest.mark.parametrize("panel", ASKING, ids=name)
def test_a_panel_says_what_is_normal_and_where_to_read_on(panel: Panel) -> None:
    normal, _, pages = panel.told["description"].partition("\n\nRunbooks: ")
    assert len(normal) > 20
    assert panel.defaults["unit"]
    linked = re.findall(rf"\[(\w+)\]\({re.escape(PLACE)}/\1\.md\)", pages)
    assert set(linked) <= set(ALERTS)
    assert [link["title"] for link in panel.told["links"]] == linked
    assert all(link["url"] == f"{PLACE}/{link['title']}.md" for link in panel.told["links"])
    assert {query["datasource"]["uid"] for query in panel.told["targets"]} == {"${datasource}"}


def test_every_alert_has_a_panel_that_leads_to_its_runbook() -> None:
    linked = {link["title"] for panel in ASKING for link in panel.told["links"]}
    assert linked == set(ALERTS)
    assert all((PROJECT / RUNBOOKS / f"{alert}.md").exists() for alert in linked)


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_panels_fill_the_width_and_none_lies_on_another(file: Path) -> None:
    taken = set[tuple[int, int]]()
    for panel in (one for one in ALL if one.page == file.stem):
        x, y, w, h = panel.grid
        cells = {(column, row) for column in range(x, x + w) for row in range(y, y + h)}
        assert not taken & cells, panel.title
        taken |= cells
    depth = max(row for _, row in taken) + 1
    assert taken == {(column, row) for column in range(WIDTH) for row in range(depth)}


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_numbers_and_variables_are_right(file: Path) -> None:
    told = dashboard(file)
    ids = [panel["id"] for panel in told["panels"]]
    assert len(set(ids)) == len(ids)
    names = {variable["name"] for variable in told["templating"]["list"]}
    used = set(re.findall(r"\$\{(\w+)(?::raw)?\}", json.dumps(told["panels"])))
    assert used == names == {"datasource", "repository"}


def test_postgresqls_panels_know_both_exporters(tmp_path: Path) -> None:
    asked = [(panel, query) for panel, query in EVERY if "pg_" in re.sub(r"cnpg_\w+", "", query.expr)]
    assert len(asked) > 5
    claims: list[dict[str, Any]] = [
        {
            "expr": f"count({resolved(query.expr)})",
            "eval_time": "5m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for _, query in asked
    ]
    series = [{"series": selector, "values": values} for selector, values in OF_OPERATOR.items()]
    test = {"name": "the operator's", "interval": "30s", "input_series": series, "promql_expr_test": claims}
    assert judged(tmp_path, test) == ""


def test_where_nobody_measures_no_figure_is_good(tmp_path: Path) -> None:
    # Alerts do fire, since nobody is there.
    asked = [(panel, query) for panel, query in EVERY if query.instant and panel.title != "Alerts that fire"]
    claims = [
        # Nobody is there, as far as anybody knows: 0, which is red.
        {"expr": resolved(query.expr), "eval_time": "5m", "exp_samples": [{"labels": "{}", "value": 0}]}
        if panel.title in RED_AT_NONE
        else {"expr": resolved(query.expr), "eval_time": "5m"}
        for panel, query in asked
    ]
    series = [{"series": "others", "values": "1x10"}]
    test = {"name": "blind", "interval": "30s", "input_series": series, "promql_expr_test": claims}
    assert len(asked) > 20
    assert judged(tmp_path, test) == ""


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_the_page_shows_every_dashboard_and_tells_of_every_row(file: Path) -> None:
    section = PAGE.split(f"## {dashboard(file)['title']}\n")[1].split("\n## ")[0]
    assert f"](img/{file.stem}.png)" in section
    rows = [panel.title for panel in ALL if panel.kind == "row" and panel.page == file.stem]
    assert re.findall(r"^\*\*(.+?)\*\* ", section, re.MULTILINE) == rows
