"""Owns the geo worker's metrics."""

from typing import Final

from prometheus_client import Counter, Histogram

from shared.metrics import SECONDS

LOOKUPS: Final = Counter(
    "geo_lookups_total",
    "Addresses asked for, by where the answer came from (cache, shared, geocoder, failed).",
    ["source"],
)
GEOCODER_SECONDS: Final = Histogram("geo_geocoder_seconds", "Seconds a geocoder took to answer.", buckets=SECONDS)
