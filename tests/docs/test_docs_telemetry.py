"""Telemetry is public: the tables of docs/telemetry.md and the code name the same metrics, labels, events, fields."""

import ast
import importlib
import re
from collections.abc import Iterator
from typing import NamedTuple, get_args

import pytest
from aiogram.methods import GetWebhookInfo
from prometheus_client.metrics import MetricWrapperBase

from ingress.intake import Fate
from local.folders import PROJECT
from sender import telegram
from sender.items import Item, Priority
from shared.contracts import CallPriority, OutboundCall
from shared.metrics import SPAN_FATES
from shared.topology import WORK_QUEUES
from shared.webhook import SETTINGS
from tests.docs.pages import DOCS, SERVICES, quoted, table

PAGE = (DOCS / "telemetry.md").read_text()
PERSONAL = re.compile(r"user|chat|person|employee|name|phone|update|message|key|trace|address|latitude|longitude|token")
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")


class Metric(NamedTuple):
    name: str
    kind: str
    labels: tuple[str, ...]
    service: str


class Event(NamedTuple):
    name: str
    level: str
    service: str


def ours() -> Iterator[Metric]:
    for service in SERVICES:
        if not (PROJECT / service / "metrics.py").exists():
            continue
        for metric in vars(importlib.import_module(f"{service}.metrics")).values():
            if isinstance(metric, MetricWrapperBase):
                [described] = metric.describe()
                name = f"{described.name}_total" if described.type == "counter" else described.name
                yield Metric(name, described.type, tuple(metric._labelnames), service)  # noqa: SLF001 - the client has no public way to a metric's labels


def labels(cell: str) -> dict[str, set[str]]:
    """What the page says of labels: `name`: value, value; `name`: ..."""
    told = (part.partition(":") for part in cell.split(";") if part)
    return {quoted(name)[0]: set(values.strip().split(", ")) for name, _, values in told}


def documented() -> dict[str, tuple[Metric, dict[str, set[str]]]]:
    found = {}
    for name, kind, told, _meaning, service in table(PAGE, "Metrics"):
        values = labels(told)
        found[quoted(name)[0]] = (Metric(quoted(name)[0], kind, tuple(values), service), values)
    return found


def values(metric: str, label: str) -> set[str]:
    return documented()[metric][1][label]


def test_the_table_has_the_metrics_that_the_code_has() -> None:
    assert sorted(metric for metric, _ in documented().values()) == sorted(ours())


def test_metrics_are_declared_in_metrics_modules_only() -> None:
    """So that the test above sees them all."""
    declaring = re.compile(r"from prometheus_client import .*\b(Counter|Gauge|Histogram|Summary|Info|Enum)\b")
    files = [path for service in SERVICES for path in (PROJECT / service).rglob("*.py")]
    assert {path.name for path in files if declaring.search(path.read_text())} == {"metrics.py"}


def test_no_label_is_a_persons() -> None:
    assert [(metric.name, label) for metric in ours() for label in metric.labels if PERSONAL.search(label)] == []


def test_label_values_are_those_of_the_code() -> None:
    work = {queue.name for queue in WORK_QUEUES if queue.dead}
    assert values("fleet_settled_total", "queue") == values("fleet_handle_seconds", "queue") == work
    assert values("ingress_updates_total", "fate") == set(get_args(Fate))
    assert values("fleet_trace_spans_total", "fate") == set(SPAN_FATES)
    assert values("sender_calls_total", "outcome") == {kind.__name__.lower() for kind in get_args(telegram.Outcome)}
    for metric in ("sender_calls_total", "sender_waiting", "sender_oldest_seconds", "sender_paused"):
        assert values(metric, "priority") == set(get_args(CallPriority))
    methods = set(telegram._METHODS)  # noqa: SLF001 - the methods that the sender can call
    assert values("sender_calls_total", "method") == methods | {telegram.named("5100000007")}
    assert values("sender_call_seconds", "method") == methods | {GetWebhookInfo.__api_method__}
    assert values("sender_webhook_drift", "setting") == set(SETTINGS)


def log_calls() -> Iterator[tuple[Event, set[str], bool]]:
    """Every `log.<level>("event", field=...)`: the event, its fields, and whether more come by `**`."""
    for service in SERVICES:
        for path in (PROJECT / service).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id="log"), attr=level),
                        args=[ast.Constant(value=str(name)), *_],
                        keywords=keywords,
                    ) if level in LEVELS:
                        fields = {keyword.arg for keyword in keywords if keyword.arg}
                        if level == "exception":
                            level, fields = "error", fields | {"exc_info"}
                        fields = {"exception" if field == "exc_info" else field for field in fields}
                        yield Event(name, level, service), fields, any(keyword.arg is None for keyword in keywords)


def events() -> dict[Event, set[str]]:
    return {
        Event(quoted(name)[0], level, service): set(quoted(fields))
        for name, level, fields, _says, service in table(PAGE, "Log lines")
    }


def test_the_table_has_the_events_that_the_code_logs() -> None:
    assert sorted(events()) == sorted({event for event, _, _ in log_calls()})


def _named(value: object) -> str:
    """The same in every process: a set's order is not."""
    return ",".join(sorted(value)) if isinstance(value, set) else str(value)


@pytest.mark.parametrize(("event", "fields", "more"), list(log_calls()), ids=_named)
def test_an_event_has_the_fields_that_the_table_says(event: Event, fields: set[str], *, more: bool) -> None:
    told = events()[event]
    assert fields <= told if more else fields == told


def bound() -> Iterator[tuple[str, str]]:
    """What handlers put on the canonical line: `bind_contextvars(field=...)`, by service."""
    for service in SERVICES[:-1]:
        for path in (PROJECT / service).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(func=ast.Name(id="bind_contextvars"), keywords=keywords):
                        yield from ((service, keyword.arg) for keyword in keywords if keyword.arg)


def test_the_canonical_line_has_what_its_table_says_and_no_more() -> None:
    told = {(service, field) for service, fields, _ in table(PAGE, "The canonical line") for field in quoted(fields)}
    item = Item(OutboundCall(key="k", chat_id=1, method="m", params={}, created_at=0.0), Priority.BULK, 0.0, calls=1)
    made = {("sender", field) for field in item.times}
    ingress = {("ingress", field) for field in events()[Event("settled", "info", "ingress")]}
    assert told == {*bound(), *made, *ingress}
