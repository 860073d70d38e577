"""Owns the metrics that every service has; a service's own stand in its `metrics.py`.

Names, labels and meanings are public and stand in docs/telemetry.md. Labels take few values: never a person's.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 34.0)
SINCE_SAID: Final = (0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0, 34.0, 60.0, 300.0)
"""Of what begins at Telegram's own date, which is cut to whole seconds: 1.5 s are a second of ours at most. 34 s is how
long a thousand replies take; five minutes are how long Telegram's pauses grow."""

FATES: Final = ("done", "retry", "dead", "returned", "apart", "rejoined", "lost")
SETTLED: Final = Counter(
    "fleet_settled_total", f"Messages settled, by queue and fate ({', '.join(FATES)}).", ["queue", "fate"]
)
"""Of each queue that a process consumes every fate is there from the start: a counter that is born with its first
event has no increase that Prometheus could see."""
HANDLE_SECONDS: Final = Histogram(
    "fleet_handle_seconds", "Seconds from a message's delivery to its settlement.", ["queue"], buckets=SECONDS
)
POOL_WAIT_SECONDS: Final = Histogram(
    "fleet_pool_wait_seconds",
    "Seconds a task waited for a database connection, in vain or not, by server.",
    ["server"],
    buckets=SECONDS,
)
POOL_CONNECTIONS: Final = Gauge(
    "fleet_pool_connections", "Open connections to PostgreSQL, by server and state (used, idle).", ["server", "state"]
)
POOL_LIMIT: Final = Gauge("fleet_pool_limit", "Connections that may be open at most, by server.", ["server"])
REPLICA_LAG: Final = Gauge(
    "fleet_replica_lag_seconds", "How far a replica is behind what is committed, as of the last look.", ["server"]
)
READS: Final = Counter("fleet_reads_total", "Reads served, by source (replica, primary).", ["source"])
SPAN_FATES: Final = ("delivered", "undelivered", "dropped")
SPANS: Final = Counter(
    "fleet_trace_spans_total", f"Steps of traces that were recorded, by fate ({', '.join(SPAN_FATES)}).", ["fate"]
)
CACHE_FAILURES: Final = Counter("fleet_cache_failures_total", "Questions that Redis did not answer in time.")
READY: Final = Gauge("fleet_ready", "1 while the service is ready, 0 while it starts, lacks an engine or drains.")
DRAINING: Final = Gauge("fleet_draining", "1 from the moment that the service is told to stop, or must.")
BUILD: Final = Gauge("fleet_build_info", "1; what runs, by release and Python.", ["version", "python"])
HTTP_CUT: Final = Counter(
    "fleet_http_cut_total",
    "Connections to our ports that we ended, by why (crowded, head late, answer late, malformed).",
    ["why"],
)
