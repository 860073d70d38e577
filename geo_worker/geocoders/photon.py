"""Owns Photon: OpenStreetMap's data on one's own server.

Documentation: https://github.com/komoot/photon#reverse-geocoding. Unknown parameters are refused with 400, and so is
a language that the server's data was not built for; `lang=default` gives local names.
"""

from typing import Final

import msgspec

from geo_worker.geocoders import Policy, one_line
from geo_worker.geocoders.http import GeocoderHttp

RATE: Final = 20.0


class _Properties(msgspec.Struct):
    name: str | None = None
    street: str | None = None
    housenumber: str | None = None
    district: str | None = None
    city: str | None = None
    country: str | None = None


class _Feature(msgspec.Struct):
    properties: _Properties


class _Answer(msgspec.Struct):
    features: list[_Feature]


class Photon:
    """Asks Photon's /reverse."""

    name = "photon"

    def __init__(self, url: str, rate: float | None, timeout: float) -> None:
        self.policy = Policy(rate=rate or RATE, parallel=8, attribution="© OpenStreetMap")
        self._http = GeocoderHttp(url, timeout, "checkin-fleet/0.1")

    async def reverse(self, latitude: float, longitude: float, language: str) -> str | None:
        """The nearest feature's name, street, district, city and country, as far as they are known."""
        del language  # local names, see above
        query = {"lat": f"{latitude:.4f}", "lon": f"{longitude:.4f}", "limit": "1", "lang": "default"}
        answer = await self._http.ask(query, _Answer)
        if not answer.features:
            return None
        place = answer.features[0].properties
        street = " ".join(part for part in (place.street, place.housenumber) if part)
        parts = (place.name, street, place.district, place.city, place.country)
        return one_line(", ".join(dict.fromkeys(part for part in parts if part)))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
