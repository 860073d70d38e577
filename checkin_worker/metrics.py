"""Owns the check-in worker's metrics."""

from typing import Final

from prometheus_client import Histogram

from shared.metrics import SINCE_SAID

RECORDED_SECONDS: Final = Histogram(
    "checkin_recorded_seconds",
    "Seconds from a location's own date at Telegram to the commit of its attendance event.",
    buckets=SINCE_SAID,
)
