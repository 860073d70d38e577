"""Owns the sender's metrics."""

import time
from collections import deque
from collections.abc import Iterable
from functools import partial
from typing import Final, Protocol

from prometheus_client import Counter, Gauge, Histogram

from sender.items import Item, Priority
from shared.contracts import CallPriority
from shared.metrics import SECONDS, SINCE_SAID

CALLS: Final = Counter(
    "sender_calls_total",
    "Calls to Telegram, by priority, method and outcome (sent, flood, unreachable, refused, moved, failed, unknown, "
    "fenced).",
    ["priority", "method", "outcome"],
)
CALL_SECONDS: Final = Histogram(
    "sender_call_seconds",
    "Seconds from the writing of a call to Telegram's answer or failure.",
    ["method"],
    buckets=SECONDS,
)
WAITING: Final = Gauge("sender_waiting", "Calls in memory that are not over, by priority.", ["priority"])
OLDEST: Final = Gauge(
    "sender_oldest_seconds", "Age of the oldest call in memory that is not over, by priority.", ["priority"]
)
IN_FLIGHT: Final = Gauge("sender_in_flight", "Calls whose answer has not come yet.")
ACTIVE: Final = Gauge("sender_active", "1 while this sender holds the right to send.")
PAUSED: Final = Gauge("sender_paused", "1 while an operator has this priority paused.", ["priority"])
MERGED: Final = Counter(
    "sender_merged_total", "Calls saved, by what went inside another (enrichment, superseded).", ["kind"]
)
FLOODS: Final = Counter(
    "sender_floods_total", "Times Telegram wanted silence, by whose it became (chat, everybody).", ["scope"]
)
for _scope in ("chat", "everybody"):  # there before the first: Prometheus sees no increase of what is born with it
    FLOODS.labels(_scope)
TAKEOVERS: Final = Counter(
    "sender_takeovers_total", "Times the right to send came here, by how (bequeathed, lapsed).", ["how"]
)
REPLY_SECONDS: Final = Histogram(
    "sender_reply_seconds",
    "Seconds from an update's arrival at our door to Telegram's answer to a reply.",
    buckets=SECONDS,
)
TOLD_SECONDS: Final = Histogram(
    "sender_told_seconds",
    "Seconds from a message's own date at Telegram to Telegram's answer to a reply.",
    buckets=SINCE_SAID,
)
WEBHOOK_PENDING: Final = Gauge("sender_webhook_pending", "Updates that wait at Telegram.")
WEBHOOK_LAST_ERROR: Final = Gauge(
    "sender_webhook_last_error_timestamp_seconds", "When Telegram last failed to deliver; 0 if never."
)
WEBHOOK_DRIFT: Final = Gauge(
    "sender_webhook_drift", "1 where Telegram holds something else than our settings.", ["setting"]
)
WEBHOOK_ASKED: Final = Gauge(
    "sender_webhook_asked_timestamp_seconds", "When Telegram last said what it holds; 0 if not yet."
)
CAP_USED: Final = Gauge("sender_cap_used_ratio", "Share of the cap used in the last 10 seconds.")
LATE_REPLIES: Final = Counter(
    "sender_late_replies_total", "Replies, of those in sender_reply_seconds, that came later than their place explains."
)


class Used:
    """How much of the cap is used: calls written in the last seconds, as a share of what the cap allows in them."""

    SPAN: Final = 10.0

    def __init__(self) -> None:
        self._written: deque[float] = deque()

    def tell(self, now: float) -> None:
        """A call was written."""
        self._written.append(now)
        self._drop(now)

    def share_of(self, rate: int) -> None:
        """Let the gauge show the share of this cap."""
        CAP_USED.set_function(lambda: self._share(time.monotonic(), rate))

    def _share(self, now: float, rate: int) -> float:
        self._drop(now)
        return len(self._written) / (self.SPAN * rate)

    def _drop(self, now: float) -> None:
        while self._written and self._written[0] <= now - self.SPAN:
            self._written.popleft()


USED: Final = Used()


def told(item: Item, now: float) -> None:
    """A reply was taken by Telegram at that moment, unix seconds."""
    if item.priority is not Priority.INTERACTIVE:
        return
    if item.call.asked_at is not None:
        REPLY_SECONDS.observe(now - item.call.asked_at)
    if item.call.said_at is not None:
        TOLD_SECONDS.observe(max(0.0, now - item.call.said_at))


class Paused(Protocol):
    """Who knows what is paused."""

    def paused(self, priority: CallPriority) -> bool:
        """Whether this priority is."""


def watch(items: Iterable[Item], orders: Paused) -> None:
    """Let the gauges show what waits in this schedule, and what is paused."""
    for priority in Priority:
        WAITING.labels(priority.label).set_function(partial(_waiting, items, priority))
        OLDEST.labels(priority.label).set_function(partial(_age, items, priority))
        PAUSED.labels(priority.label).set_function(partial(orders.paused, priority.label))


def _waiting(items: Iterable[Item], priority: Priority) -> float:
    return float(sum(item.priority is priority for item in items))


def _age(items: Iterable[Item], priority: Priority) -> float:
    now = time.time()
    return now - min((item.call.created_at for item in items if item.priority is priority), default=now)
