"""Owns recording: steps as OpenTelemetry's spans, and their way to the collector by OTLP over HTTP.

A thread of its own delivers. Whoever ends a step puts it into a queue with ROOM and goes on: a collector that is away,
slow or broken costs nobody anything, and what has no room, or is not taken, is counted and gone.
"""

import contextvars
import logging
import os
import random
import re
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from socket import gethostname
from types import MappingProxyType, TracebackType
from typing import Final, Protocol

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from shared.metrics import SPAN_FATES, SPANS
from shared.settings import TracingSettings
from shared.tracing import Facts, Kind, Step, is_recorded

log = structlog.get_logger()

ROOM: Final = 2048
"""Steps that wait to be delivered; some megabytes."""
BATCH: Final = 128
"""Steps in one request: to write one holds Python's lock for a few milliseconds."""
PAUSE: Final = 15.0
"""Seconds that steps wait for others: a request costs more than the steps in it."""
TIMEOUT: Final = 5.0
"""Seconds that a request may take, with its repetitions."""
LAST_WORDS: Final = 2.0
"""Seconds that a process that ends gives to what still waits."""

_FORM: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_KINDS: Final = MappingProxyType(
    {
        "internal": SpanKind.INTERNAL,
        "server": SpanKind.SERVER,
        "client": SpanKind.CLIENT,
        "producer": SpanKind.PRODUCER,
        "consumer": SpanKind.CONSUMER,
    }
)


class Exporter(Protocol):
    """Takes steps to the collector."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Return when they are there, or are given up."""

    def shutdown(self) -> None:
        """Give up what is under way."""


class Recorded(Step):
    """A step that is recorded."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        context = span.get_span_context()
        super().__init__(f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}")
        self._span = span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """End it; the exception is told by its kind, since its text may hold what is a person's."""
        if kind is not None:
            self.fail(kind.__name__)
        self._span.end()

    def tell(self, facts: Facts) -> None:
        """Add what is known only now."""
        self._span.set_attributes(facts)

    def fail(self, kind: str) -> None:
        """It did not do what it should."""
        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR)

    def link(self, traceparents: Iterable[str]) -> None:
        """Those of them that are recorded."""
        for one in traceparents:
            if is_recorded(one) and (context := _context(one)) is not None:
                self._span.add_link(context)


def exporter(settings: TracingSettings) -> OTLPSpanExporter:
    """The way to the collector that the settings name."""
    # We say once that the collector is away, and once that it is back; the library says it of each request.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    endpoint = (settings.otel_exporter_otlp_endpoint or "").rstrip("/")
    return OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=TIMEOUT)


class SpanRecorder:
    """Records the share of updates that the settings name, and has it taken to a collector.

    Which ones is drawn before there is a span: one that is not sampled cost the ingress 4 % of its time.
    """

    def __init__(self, service: str, settings: TracingSettings, way: Exporter) -> None:
        self._outlet = Outlet(way)
        self._share = _share(settings)
        release = version("checkin-fleet")
        resource = Resource(
            {
                "service.namespace": "checkin-fleet",
                "service.name": service,
                "service.version": release,
                "service.instance.id": f"{gethostname()}:{os.getpid()}",
            }
        )
        provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
        provider.add_span_processor(self._outlet)
        self._tracer = provider.get_tracer("checkin-fleet", release)

    def begin(self, name: str, kind: Kind, facts: Facts) -> Step | None:
        """The first step of a trace; None if it is not among the share that is recorded."""
        if random.random() >= self._share:  # noqa: S311 - not secret, and asking the kernel costs more
            return None
        return Recorded(self._tracer.start_span(name, Context(), _KINDS[kind], facts))

    def step(self, name: str, parent: str, kind: Kind, facts: Facts, since: float | None) -> Step:
        """A step that follows from `parent`; none that is recorded, if that is not of W3C's form."""
        if (context := _context(parent)) is None:
            return Step(parent)
        after = set_span_in_context(NonRecordingSpan(context), Context())
        began = None if since is None else int(since * 1e9)
        return Recorded(self._tracer.start_span(name, after, _KINDS[kind], facts, start_time=began))

    def close(self) -> None:
        """Deliver what waits, within a moment."""
        self._outlet.close()


class Outlet(SpanProcessor):
    """Steps that have ended, on their way to the collector."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter
        self._waiting: deque[ReadableSpan] = deque()
        self._wake = threading.Event()
        self._ending = self._given_up = False
        self._away = False
        for fate in SPAN_FATES:
            SPANS.labels(fate)
        # in the context of who starts it, which has the service's name for log lines
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=(self._run,), name="traces", daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        """Take a step that has ended, or drop it."""
        if len(self._waiting) >= ROOM:
            SPANS.labels("dropped").inc()
            return
        self._waiting.append(span)
        if len(self._waiting) >= BATCH:
            self._wake.set()

    def close(self) -> None:
        """Deliver what waits, for LAST_WORDS at most, and drop the rest."""
        self._ending = True
        self._wake.set()
        self._thread.join(LAST_WORDS)
        self._given_up = True
        SPANS.labels("dropped").inc(len(self._waiting))
        self._exporter.shutdown()

    def _run(self) -> None:
        while not self._ending:
            self._wake.wait(PAUSE)
            self._wake.clear()
            while self._waiting and not self._given_up:
                self._deliver([self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))])

    def _deliver(self, spans: Sequence[ReadableSpan]) -> None:
        try:
            delivered = self._exporter.export(spans) is SpanExportResult.SUCCESS
        except Exception:  # a thread that dies says nothing, and its queue stays full
            log.exception("traces_broken")
            delivered = False
        if delivered == self._away:
            self._away = not delivered
            if delivered:
                log.info("collector_back")
            else:
                log.warning("collector_away", hint="is OTEL_EXPORTER_OTLP_ENDPOINT right and the collector up?")
        SPANS.labels("delivered" if delivered else "undelivered").inc(len(spans))


def _share(settings: TracingSettings) -> float:
    """Of updates that are to be traced."""
    match settings.otel_traces_sampler:
        case "parentbased_always_on":
            return 1.0
        case "parentbased_always_off":
            return 0.0
        case "parentbased_traceidratio":
            return settings.otel_traces_sampler_arg


def _context(traceparent: str) -> SpanContext | None:
    """The context in a header; None if it is not of W3C's form, as nobody of ours writes it."""
    if (found := _FORM.fullmatch(traceparent)) is None:
        return None
    trace, span, flags = (int(part, 16) for part in found.groups())
    return SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags))
