"""Owns traces: the steps of an update's way, told to a collector, and their context in a message's header.

The context is W3C's `traceparent`, a string: version, trace, span, flags. Who publishes a message puts it into the
header of that name, and who gets the message continues from there; so it passes processes, retries and dead letters as
the message does. Every update has one from the ingress on, whether anything is recorded or not: log lines show it.

Whether a trace is recorded is decided once, at our door, and stands in the flags. Where it is not, and where nobody has
named a collector, a step costs a comparison and hands on the context that it was given. Nothing of OpenTelemetry is
loaded where there is no collector.
"""

import contextlib
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Final, Literal, Protocol, Self

from shared.contracts import TRACEPARENT
from shared.settings import TracingSettings

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Facts = Mapping[str, str | int | float]
"""What is told of a step, by OpenTelemetry's conventions, or `fleet.*`: never a person, a place or a text."""


class Step:
    """A step that nobody records; the base of those that are.

    Args:
        traceparent: of what follows from it; empty where there is no trace.
    """

    __slots__ = ("traceparent",)

    def __init__(self, traceparent: str) -> None:
        self.traceparent = traceparent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """End it; one that an exception ends has failed."""

    def tell(self, facts: Facts) -> None:
        """Add what is known only now."""

    def fail(self, kind: str) -> None:
        """It did not do what it should, in this way."""

    def link(self, traceparents: Iterable[str]) -> None:
        """It does something for other steps, too, perhaps of other traces."""


class Recorder(Protocol):
    """Makes steps that are recorded."""

    def begin(self, name: str, kind: Kind, facts: Facts) -> Step | None:
        """The first step of a trace; None if this one is not to be recorded."""

    def step(self, name: str, parent: str, kind: Kind, facts: Facts, since: float | None) -> Step:
        """A step that follows from `parent`, which is recorded."""

    def close(self) -> None:
        """Deliver what is recorded, as far as that is possible within a moment."""


_ODD: Final = frozenset("13579bdf")
UPDATE: Final = "fleet.update_id"
"""The fact that names an update."""
_recorders: Final[list[Recorder]] = []
"""None or one."""


@contextlib.contextmanager
def recording(service: str, settings: TracingSettings) -> Iterator[None]:
    """Record while the block runs, if the settings name a collector."""
    if settings.otel_exporter_otlp_endpoint is None:
        yield
        return
    from shared.otlp import SpanRecorder, exporter  # noqa: PLC0415 - not loaded where nobody asked for it

    with recorded_by(SpanRecorder(service, settings, exporter(settings))):
        yield


@contextlib.contextmanager
def recorded_by(recorder: Recorder) -> Iterator[None]:
    """Let it make the steps while the block runs, and deliver them."""
    _recorders.append(recorder)
    try:
        yield
    finally:
        _recorders.remove(recorder)
        recorder.close()


def begin(name: str, kind: Kind, facts: Facts) -> Step:
    """The first step of a new trace."""
    step = _recorders[0].begin(name, kind, facts) if _recorders else None
    return step or Step(f"00-{_random(128):032x}-{_random(64):016x}-00")


def _random(bits: int) -> int:
    """Unlike others, not secret: asking the kernel costs more. Not zero, which W3C forbids."""
    return random.getrandbits(bits) or 1


def step(
    name: str, parent: str, kind: Kind = "internal", facts: Facts | None = None, *, since: float | None = None
) -> Step:
    """A step that follows from another one.

    Args:
        name: what is done, to what: of these there are few.
        parent: the other's `traceparent`; empty if there is none.
        kind: on which side of a conversation it is.
        facts: what is known of it.
        since: when it began, unix seconds; now, if not given.
    """
    if not _recorders or not is_recorded(parent):
        return Step(parent)
    return _recorders[0].step(name, parent, kind, facts or {}, since)


def waited(name: str, parent: str, seconds: float) -> None:
    """Tell of a step that is over, and took so long until now."""
    with step(name, parent, since=time.time() - seconds):
        pass


def is_recorded(traceparent: str) -> bool:
    """Whether the flags say so: the last bit is set."""
    return traceparent[-1:] in _ODD


def of(headers: Mapping[str, object]) -> str:
    """The `traceparent` that a message's headers carry; empty if none."""
    told = headers.get(TRACEPARENT)
    return told if isinstance(told, str) else ""


def about(queue: str, key: str, size: int) -> dict[str, str | int]:
    """What conventions want to be told of a message."""
    return {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": queue,
        "messaging.message.id": key,
        "messaging.message.body.size": size,
    }
