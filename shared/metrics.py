"""Owns the metrics that every service has; a service's own stand in its `metrics.py`.

Names, labels and meanings are public and stand in docs/telemetry.md. Labels take few values: never a person's.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 34.0)

FATES: Final = ("done", "retry", "dead", "returned", "apart", "rejoined", "lost")
SETTLED: Final = Counter(
    "fleet_settled_total", f"Messages settled, by queue and fate ({', '.join(FATES)}).", ["queue", "fate"]
)
"""Of each queue that a process consumes every fate is there from the start: a counter that is born with its first
event has no increase that Prometheus could see."""
HANDLE_SECONDS: Final = Histogram(
    "fleet_handle_seconds", "Seconds from a message's delivery to its settlement.", ["queue"], buckets=SECONDS
)
UPDATE_SECONDS: Final = Histogram(
    "fleet_update_seconds",
    "Seconds from an update's arrival at our door until its effect is stored and its replies are in their queues.",
    buckets=SECONDS,
)
POOL_WAIT_SECONDS: Final = Histogram(
    "fleet_pool_wait_seconds",
    "Seconds a task waited for a database connection, in vain or not.",
    buckets=SECONDS,
)
POOL_CONNECTIONS: Final = Gauge(
    "fleet_pool_connections", "Open connections to PostgreSQL, by server and state (used, idle).", ["server", "state"]
)
READS: Final = Counter("fleet_reads_total", "Reads served, by source (replica, primary).", ["source"])
CACHE_FAILURES: Final = Counter("fleet_cache_failures_total", "Questions that Redis did not answer in time.")
READY: Final = Gauge("fleet_ready", "1 while the service is ready, 0 while it starts, lacks an engine or drains.")
HTTP_CUT: Final = Counter(
    "fleet_http_cut_total",
    "Connections to our ports that we ended, by why (crowded, head late, answer late, malformed).",
    ["why"],
)
