"""Owns the sender's metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from shared.metrics import SECONDS

CALLS: Final = Counter(
    "sender_calls_total",
    "Calls to Telegram, by method and outcome (sent, flood, refused, failed, fenced).",
    ["method", "outcome"],
)
WAITING: Final = Gauge("sender_waiting", "Calls in memory that have not been answered yet.")
IN_FLIGHT: Final = Gauge("sender_in_flight", "Calls whose answer has not come yet.")
ACTIVE: Final = Gauge("sender_active", "1 while this sender holds the right to send.")
MERGED: Final = Counter("sender_merged_total", "Addresses taken into a reply that still waited.")
REPLY_SECONDS: Final = Histogram(
    "sender_reply_seconds", "Seconds from a call's creation to Telegram's answer.", buckets=SECONDS
)
