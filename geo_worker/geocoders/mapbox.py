"""Owns Mapbox's Geocoding API.

Documentation: https://docs.mapbox.com/api/search/geocoding/, whose table of languages names Azerbaijani. 600 to
1,000 requests a minute, by account. Addresses may be neither cached nor stored, unless they are
asked for with `permanent=true`, which costs more: the query of GEOCODER_URL says so.
"""

from typing import Final
from urllib.parse import parse_qs

import msgspec
from pydantic import SecretStr

from geo_worker.geocoders import Gate, Policy, one_line
from geo_worker.geocoders.http import AGENT, GeocoderHttp, degrees

PUBLIC: Final = "https://api.mapbox.com/search/geocode/v6/reverse"
RATE: Final = 10.0
ATTRIBUTION: Final = "© Mapbox"


class _Properties(msgspec.Struct):
    full_address: str | None = None
    name: str | None = None
    place_formatted: str | None = None


class _Feature(msgspec.Struct):
    properties: _Properties


class _Answer(msgspec.Struct):
    features: list[_Feature]


class Mapbox:
    """Asks the Geocoding API, version 6."""

    name = "mapbox"

    def __init__(self, url: str | None, key: SecretStr, rate: float | None, timeout: float) -> None:
        if _permanent(url or PUBLIC):
            self.policy = Policy(rate=rate or RATE, parallel=8, attribution=ATTRIBUTION)
        else:
            self.policy = Policy(rate=rate or RATE, parallel=8, cached_for=0.0, stored=False, attribution=ATTRIBUTION)
        self._key = key
        self._http = GeocoderHttp(url or PUBLIC, timeout, AGENT, "GEOCODER_API_KEY")

    async def reverse(self, latitude: float, longitude: float, language: str, gate: Gate) -> str | None:
        """The nearest feature's full address, or its name and what it lies in."""
        query = {
            "longitude": degrees(longitude),
            "latitude": degrees(latitude),
            "language": language,
            "limit": "1",
            "access_token": self._key.get_secret_value(),
        }
        answer = await self._http.ask(query, _Answer, gate)
        if not answer.features:
            return None
        place = answer.features[0].properties
        parts = [place.full_address] if place.full_address else [place.name, place.place_formatted]
        return one_line(", ".join(part for part in parts if part))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _permanent(url: str) -> bool:
    return parse_qs(url.partition("#")[0].partition("?")[2]).get("permanent") == ["true"]
