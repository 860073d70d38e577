"""Owns what a handler is given and what it returns: a message in our hands, and the verdicts.

How often it failed and why travels in its headers. What becomes of it by each verdict stands in `shared.consume`.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from aiormq.abc import DeliveredMessage

from shared import tracing
from shared.contracts import RECEIVED_AT, TRACEPARENT, UPDATE_ID
from shared.publisher import Headers

TRIES: Final = "x-tries"
REASON: Final = "x-reason"
FIRST_FAILED: Final = "x-first-failed-at"
LAST_FAILED: Final = "x-last-failed-at"
FAILED_IN: Final = "x-queue"
"""Headers of a message that failed: count, why, unix seconds of the first and last time, the queue it came from."""
_RETURNS: Final = "x-delivery-count"
"""The broker's header: how often a message came back to its queue; not to be carried on to another."""

HANDLED_ALONE: Final = 4
"""How often a message may end the process that handles it alone; once before that it did so among others."""


@dataclass(frozen=True, slots=True)
class Done:
    """The message has had its effect."""


@dataclass(frozen=True, slots=True)
class Retry:
    """It failed; another try may succeed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Drop:
    """It can never succeed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Return:
    """It is to be handed out again, to this process or another."""


Verdict = Done | Retry | Drop | Return


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in our hands: its bytes, headers, and how often it has failed before.

    Attributes:
        tries: verdicts so far that were no success.
        returns: how often it came back to the queue without a verdict, or given back.
        alone: whether it was moved apart, and is the only such one of its queue that this process has in hand.
        taken_at: when it came into our hands, by `time.monotonic`.
    """

    queue: str
    key: str
    body: bytes
    headers: Mapping[str, object]
    tries: int
    redelivered: bool
    returns: int = 0
    alone: bool = False
    taken_at: float = field(default_factory=time.monotonic)

    @property
    def ends_processes(self) -> bool:
        """Whether it was alone in hand whenever its process ended: it is not handled any more."""
        return self.alone and self.returns >= HANDLED_ALONE

    @property
    def received_at(self) -> float | None:
        """When the update came to our door, unix seconds; None of a message that is no update."""
        stamp = self.headers.get(RECEIVED_AT)
        return stamp / 1000 if isinstance(stamp, int) else None

    @property
    def trail(self) -> Headers:
        """The headers that a message which follows from this one carries on: the update's id and the trace."""
        kept = {name: self.headers.get(name) for name in (UPDATE_ID, TRACEPARENT)}
        return {name: value for name, value in kept.items() if isinstance(value, str | int)}

    @property
    def trace(self) -> str:
        """What a step of its handling follows from, as `shared.tracing` has it; empty where there is no trace."""
        return tracing.of(self.headers)

    def after(self, step: tracing.Step) -> "Delivery":
        """The same message; what follows from it follows from this step."""
        if step.traceparent == self.trace:
            return self
        return replace(self, headers={**self.headers, TRACEPARENT: step.traceparent})

    @property
    def names(self) -> dict[str, object]:
        """By what every log line about the message can be found: queue, key, and what its trail names."""
        return {"queue": self.queue, "key": self.key, **names_in(self.trail)}


Handler = Callable[[Delivery], Awaitable[Verdict]]


def names_in(trail: Headers) -> dict[str, object]:
    """The update's id and the trace's, as log lines have them, as far as a trail has them."""
    names: dict[str, object] = {UPDATE_ID: trail[UPDATE_ID]} if UPDATE_ID in trail else {}
    return names | {"trace": str(trail[TRACEPARENT])[3:35]} if TRACEPARENT in trail else names


def carried(delivery: Delivery) -> Headers:
    """The headers that a message takes along to another queue."""
    kept = {name: value for name, value in delivery.headers.items() if isinstance(value, str | int)}
    return {name: value for name, value in kept.items() if name != _RETURNS}


def failed(delivery: Delivery, reason: str) -> Headers:
    """The headers that a message takes along which has failed once more, for this reason."""
    now = int(time.time())
    return {
        FIRST_FAILED: now,
        **carried(delivery),
        TRIES: delivery.tries + 1 + (delivery.returns if delivery.ends_processes else 0),
        REASON: reason[:500],
        LAST_FAILED: now,
        FAILED_IN: delivery.queue,
    }


def received(queue: str, message: DeliveredMessage, *, alone: bool) -> Delivery:
    """What the broker handed out; a header that nobody of ours wrote counts as not there."""
    properties, redelivered = message.header.properties, bool(message.redelivered)
    headers: Mapping[str, object] = properties.headers or {}
    tries, returns = headers.get(TRIES, 0), headers.get(_RETURNS, 0)
    return Delivery(
        queue=queue,
        key=properties.message_id or "",
        body=message.body,
        headers=headers,
        tries=max(tries, 0) if isinstance(tries, int) else 0,
        redelivered=redelivered,
        returns=max(1, returns if isinstance(returns, int) else 0) if redelivered else 0,
        alone=alone,
    )
