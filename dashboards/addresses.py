"""Owns the panels of addresses: what geo workers are asked, and what they ask geocoders."""

from typing import Final

from dashboards.kinds import Lines
from dashboards.page import Row
from dashboards.questions import or_nobody, or_none, per_second

LOOKUPS: Final = Lines(
    title="Addresses, by where they came from",
    normal="cache and shared for nearly all of a crowd: people stand in the same few places. Offline: geocoder.",
    queries={"{{source}}": or_nobody(per_second("geo_lookups_total", "source"), "source", "none yet")},
    width=8,
    unit="cps",
    runbooks=("GeocodersFail",),
)
GEOCODERS: Final = Lines(
    title="Requests to geocoders",
    normal="Few (offline: all), address or nothing there. failed in a row opens the circuit, and the next is asked.",
    queries={
        "{{geocoder}}, {{outcome}}": or_nobody(
            per_second("geo_geocoder_requests_total", "geocoder, outcome"), "geocoder", "none yet"
        )
    },
    width=8,
    unit="cps",
    runbooks=("GeocodersFail",),
)
ADDRESSES: Final = Lines(
    title="Cells waited for, and circuits that are open",
    normal="No circuit is open. Cells wait a moment; with Nominatim, asked once a second, as many seconds as they are.",
    queries={"cells": "sum(geo_waiting)", "open circuits": or_none("sum(geo_circuit_open)")},
    width=8,
    runbooks=("GeocodersFail",),
)
ROWS: Final = (Row("Addresses", 7, (LOOKUPS, GEOCODERS, ADDRESSES)),)
