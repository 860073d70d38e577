"""Owns the geo worker's metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from shared.metrics import SECONDS

LOOKUPS: Final = Counter(
    "geo_lookups_total",
    "Addresses asked for, by where the answer came from (cache, stale, shared, geocoder, failed, overtaken, returned).",
    ["source"],
)
GEOCODER_REQUESTS: Final = Counter(
    "geo_geocoder_requests_total",
    "Requests to a geocoder, by outcome (address, nothing there, failed, fenced, given up).",
    ["geocoder", "outcome"],
)
GEOCODER_SECONDS: Final = Histogram(
    "geo_geocoder_seconds",
    "Seconds from the writing of a request, or from the question to the offline geocoder, to the answer or failure.",
    ["geocoder"],
    buckets=SECONDS,
)
CIRCUIT_OPEN: Final = Gauge("geo_circuit_open", "1 while a geocoder in use is left alone after failures.", ["geocoder"])
WAITING: Final = Gauge("geo_waiting", "Cells whose address is waited for.")
ACTIVE: Final = Gauge("geo_active", "1 while this geo worker holds the right to ask geocoders.")
