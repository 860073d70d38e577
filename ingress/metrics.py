"""Owns the ingress's metrics."""

from typing import Final

from prometheus_client import Counter, Histogram

from shared.metrics import SECONDS

UPDATES: Final = Counter("ingress_updates_total", "Updates taken in, by fate (queued, dropped, dead).", ["fate"])
WEBHOOKS: Final = Counter("ingress_webhook_requests_total", "Requests to /webhook, by HTTP status.", ["status"])
for _status in ("200", "503"):  # there before the first of them: Prometheus sees no increase of what is born with it
    WEBHOOKS.labels(_status)
WEBHOOK_SECONDS: Final = Histogram("ingress_webhook_seconds", "Seconds to answer a webhook request.", buckets=SECONDS)
REFUSED_SOURCES: Final = Counter(
    "ingress_refused_sources_total", "Requests refused for their caller's address, by why (elsewhere, untold).", ["why"]
)
