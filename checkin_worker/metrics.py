"""Owns the check-in worker's metrics."""

from typing import Final

from prometheus_client import Histogram

from shared.metrics import SECONDS, SINCE_SAID

UPDATE_SECONDS: Final = Histogram(
    "fleet_update_seconds",
    "Seconds from an update's arrival at our door to the commit of its effect and its replies.",
    buckets=SECONDS,
)
RECORDED_SECONDS: Final = Histogram(
    "checkin_recorded_seconds",
    "Seconds from a location's own date at Telegram to the commit of its attendance event.",
    buckets=SINCE_SAID,
)
