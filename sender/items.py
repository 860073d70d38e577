"""Owns a call in memory: what it is, where it came from, and what has happened to it so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import msgspec

from shared import tracing
from shared.contracts import CallPriority, OutboundCall

RESTLESS: Final = frozenset({"answerCallbackQuery"})
"""Methods that bring no message: a chat takes them at any time."""


class Priority(IntEnum):
    """Where a call came from, best first."""

    INTERACTIVE = 0
    ENRICHMENT = 1
    BULK = 2

    @property
    def label(self) -> CallPriority:
        """Its name, for people and metrics."""
        return _LABELS[self]


_LABELS: Final[dict[Priority, CallPriority]] = {
    Priority.INTERACTIVE: "interactive",
    Priority.ENRICHMENT: "enrichment",
    Priority.BULK: "bulk",
}


@dataclass(slots=True, eq=False)
class Item:
    """A call in memory.

    Attributes:
        call: what to call.
        priority: where it came from.
        arrived: when, seconds on the process's monotonic clock.
        ready: whether it is known that it has not gone out before.
        tries: how often it has failed in a way that counts.
        setbacks: how often it was put off, whatever the reason.
        doubtful: tries of which nobody knows whether Telegram did them.
        amended_at: when the change was made that was taken into it last, unix seconds.
        wanted_by: how many deliveries wait for its end.
        not_before: seconds on the monotonic clock until which it rests after a failure.
        instead_of: older calls of its topic, which end when it does.
        place: in its chat's lane, the least first.
        trail: of the message that brought it: the update's id and the trace.
        joined: traces of the messages whose changes were taken into it.
        calls: how often it was made, whatever came of it.
        waited: seconds from its arrival until it was made last.
        took: seconds from then to Telegram's answer, or to what came instead.
    """

    call: OutboundCall
    priority: Priority
    arrived: float
    ready: bool = False
    tries: int = 0
    setbacks: int = 0
    doubtful: int = 0
    amended_at: float = 0.0
    wanted_by: int = 0
    not_before: float = 0.0
    instead_of: list["Item"] = field(default_factory=list)
    place: tuple[int, float, int] = (0, 0.0, 0)
    trail: Mapping[str, str | int] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)
    calls: int = 0
    waited: float = 0.0
    took: float = 0.0

    @property
    def serves(self) -> list[str]:
        """Traces of what else it is made for: changes that it has in it, and calls that it is made instead of."""
        return [*self.joined, *(tracing.of(older.trail) for older in self.instead_of)]

    @property
    def times(self) -> dict[str, object]:
        """What the canonical log line says of its calls; nothing where it was never made."""
        if not self.calls:
            return {}
        return {"calls": self.calls, "waited_ms": round(self.waited * 1e3, 1), "took_ms": round(self.took * 1e3, 1)}

    @property
    def complete(self) -> bool:
        """Whether nothing more is expected to be merged into it."""
        return not self.call.awaits_enrichment

    @property
    def restless(self) -> bool:
        """Whether its chat takes it at any time."""
        return self.call.method in RESTLESS

    def amend(self, change: OutboundCall) -> None:
        """Take a change of the text in; of several the one that was made last holds."""
        if change.created_at < self.amended_at:
            return
        self.amended_at = change.created_at
        params = {**self.call.params, "text": change.params["text"]}
        self.call = msgspec.structs.replace(
            self.call, params=params, awaits_enrichment=False, quotable=self.call.quotable and change.quotable
        )
