"""Traces: off they cost nothing and load nothing, on they go by the header, and a collector stops nobody."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from prometheus_client import REGISTRY
from pydantic import ValidationError
from structlog.testing import capture_logs

from shared import otlp, tracing
from shared.otlp import SpanRecorder
from shared.settings import TracingSettings

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_SAMPLED = f"{SAMPLED[:-1]}0"
HEAVY = "'opentelemetry.exporter', 'opentelemetry.proto', 'google', 'requests', 'shared.otlp'"
MANY = f"'opentelemetry', {HEAVY}"


class Collector:
    """Keeps what is delivered; away, it takes nothing; `hold` makes it take for ever."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.away = False
        self.asked, self.let_go = threading.Event(), threading.Event()
        self.let_go.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.set()
        self.let_go.wait()
        if self.away:
            return SpanExportResult.FAILURE
        self.spans += spans
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.let_go.set()

    def named(self, name: str) -> ReadableSpan:
        [found] = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
def collector() -> Collector:
    return Collector()


@pytest.fixture
def _on(collector: Collector) -> Iterator[None]:
    """Every trace is recorded."""
    settings = TracingSettings(otel_traces_sampler="parentbased_always_on")
    with tracing.recorded_by(SpanRecorder("test", settings, collector)):
        yield


def counted(fate: str) -> float:
    return REGISTRY.get_sample_value("fleet_trace_spans_total", {"fate": fate}) or 0.0


def trace_and_span(traceparent: str) -> tuple[int, int]:
    _, trace, span, _ = traceparent.split("-")
    return int(trace, 16), int(span, 16)


def test_where_nobody_named_a_collector_nothing_of_opentelemetry_is_loaded() -> None:
    """But for what redis-py loads by itself where it is installed, for metrics of its own."""
    program = f"""
import sys
def loaded(*beginnings):
    print(sorted(name for name in sys.modules if name.startswith(beginnings)))
import checkin_worker.app, ingress.app, shared.lifecycle
loaded({MANY})
import geo_worker.app, sender.app
loaded({HEAVY})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_without_a_collector_a_trace_has_a_name_and_is_not_recorded() -> None:
    with tracing.recording("test", TracingSettings()), tracing.begin("a", "server", {}) as first:
        assert not tracing.is_recorded(first.traceparent)
        assert len(first.traceparent) == len(SAMPLED)
        assert tracing.step("b", SAMPLED).traceparent == SAMPLED, "what others record is handed on"


@pytest.mark.usefixtures("_on")
def test_a_step_follows_from_the_one_that_the_header_names(collector: Collector) -> None:
    with (
        tracing.begin("POST /webhook", "server", {"http.request.method": "POST"}) as first,
        tracing.step("send updates", first.traceparent, "producer") as second,
    ):
        second.tell({"messaging.system": "rabbitmq"})
    with tracing.step("process updates", tracing.of({"traceparent": second.traceparent}), "consumer"):
        pass
    tracing.waited("wait to be sent", second.traceparent, 2.0)
    finish()
    root, sent, handled = (collector.named(name) for name in ("POST /webhook", "send updates", "process updates"))
    assert root.parent is None
    assert sent.parent is not None
    assert handled.parent is not None
    assert (sent.parent.trace_id, sent.parent.span_id) == trace_and_span(first.traceparent)
    assert (handled.parent.trace_id, handled.parent.span_id) == trace_and_span(second.traceparent)
    wait = collector.named("wait to be sent")
    assert ((wait.end_time or 0) - (wait.start_time or 0)) / 1e9 == pytest.approx(2.0, abs=0.5)


@pytest.mark.usefixtures("_on")
def test_a_failure_is_told_by_its_kind_and_not_by_its_text(collector: Collector) -> None:
    with pytest.raises(ValueError, match="Leyla"), tracing.step("handle", SAMPLED):
        raise ValueError("Leyla, 40.4")
    finish()
    span = collector.named("handle")
    assert (span.status.is_ok, dict(span.attributes or {}), span.events) == (False, {"error.type": "ValueError"}, ())
    assert span.status.description is None


@pytest.mark.usefixtures("_on")
def test_a_step_for_several_is_linked_with_those_that_are_recorded(collector: Collector) -> None:
    other = f"00-{'1' * 32}-{'2' * 16}-01"
    with tracing.step("POST", SAMPLED) as step:
        step.link([other, NOT_SAMPLED, "", "garbage1"])
    finish()
    [link] = collector.named("POST").links
    assert (link.context.trace_id, link.context.span_id) == trace_and_span(other)


@pytest.mark.usefixtures("_on")
@pytest.mark.parametrize("parent", [NOT_SAMPLED, "", "1", f"ff{SAMPLED[2:]}", "00-1-2-01", SAMPLED.upper()])
def test_what_is_not_recorded_or_no_context_at_all_is_handed_on_as_it_is(parent: str, collector: Collector) -> None:
    with tracing.step("b", parent) as step:
        assert step.traceparent == parent
    finish()
    assert collector.spans == []


@pytest.mark.parametrize(
    ("settings", "number"),
    [
        ({"otel_traces_sampler_arg": 0.0}, 0),
        ({"otel_traces_sampler_arg": 0.25}, 5),
        ({"otel_traces_sampler_arg": 1.0}, 20),
        ({"otel_traces_sampler": "parentbased_always_on", "otel_traces_sampler_arg": 0.0}, 20),
        ({"otel_traces_sampler": "parentbased_always_off", "otel_traces_sampler_arg": 1.0}, 0),
    ],
    ids=["nobody", "a quarter", "all", "on", "off"],
)
def test_as_many_are_recorded_as_the_share_says(
    settings: dict[str, str | float], number: int, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = itertools.cycle([0.0, 0.25, 0.5, 0.75])
    monkeypatch.setattr("shared.otlp.random.random", lambda: next(draws))
    recorded = 0
    with tracing.recorded_by(SpanRecorder("test", TracingSettings.model_validate(settings), collector)):
        for _ in range(20):
            with tracing.begin("a", "server", {}) as step:
                recorded += tracing.is_recorded(step.traceparent)
    assert recorded == len(collector.spans) == number


def test_a_collector_that_takes_for_ever_holds_up_nobody_and_what_has_no_room_is_counted(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "LAST_WORDS", 0.01)
    monkeypatch.setattr(otlp, "PAUSE", 0.001)
    dropped = counted("dropped")
    collector.let_go.clear()
    settings = TracingSettings(otel_traces_sampler="parentbased_always_on")
    with tracing.recorded_by(SpanRecorder("test", settings, collector)):
        end_steps(1)
        assert collector.asked.wait(10)
        end_steps(otlp.ROOM + 10)
        assert counted("dropped") == dropped + 10
    assert counted("dropped") == dropped + 10 + otlp.ROOM, "and what still waited at the end"
    for thread in threading.enumerate():
        if thread.name == "traces":
            thread.join(10)
    assert len(collector.spans) == 1, "what was dropped is not delivered as well"


def test_that_the_collector_is_away_is_said_once_and_that_it_is_back(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "BATCH", 1)
    undelivered, delivered = counted("undelivered"), counted("delivered")
    collector.away = True
    settings = TracingSettings(otel_traces_sampler="parentbased_always_on")
    with capture_logs() as lines:
        with tracing.recorded_by(SpanRecorder("test", settings, collector)):
            end_steps(3)
        collector.away = False
        with tracing.recorded_by(SpanRecorder("test", settings, collector)):
            end_steps(1)
    assert [line["event"] for line in lines] == ["collector_away"]
    assert (counted("undelivered"), counted("delivered")) == (undelivered + 3, delivered + 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("otel_exporter_otlp_endpoint", "collector:4318"),
        ("otel_traces_sampler_arg", 2),
    ],
)
def test_a_wrong_variable_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        TracingSettings.model_validate({field: value})


def test_a_collector_without_the_packages_for_it_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.settings.find_spec", lambda _name: None)
    with pytest.raises(ValidationError, match="extra `tracing`"):
        TracingSettings(otel_exporter_otlp_endpoint="http://collector:4318")


def end_steps(number: int) -> None:
    for _ in range(number):
        with tracing.step("a", SAMPLED):
            pass


def finish() -> None:
    """Have all delivered; the block's own end does so again, harmlessly."""
    tracing._recorders[0].close()  # noqa: SLF001 - as the process does when it ends
