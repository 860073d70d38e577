"""Owns Photon: OpenStreetMap's data on one's own server.

Documentation: https://github.com/komoot/photon#reverse-geocoding. Unknown parameters are refused with 400, and so is
a language that the server's data was not built for, which of Azerbaijani is the rule; `lang=default` gives local
names. The data's licence asks for attribution (https://www.openstreetmap.org/copyright); pace and caching are one's
own affair.
"""

from typing import Final

import msgspec

from geo_worker.geocoders import Gate, Policy, one_line
from geo_worker.geocoders.http import AGENT, GeocoderHttp, degrees

RATE: Final = 100.0
LANGUAGES: Final = ("default",)


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
        self.policy = Policy(rate=rate or RATE, parallel=8, attribution="© OpenStreetMap", languages=LANGUAGES)
        self._http = GeocoderHttp(url, timeout, AGENT, "GEOCODER_URL")

    async def reverse(self, latitude: float, longitude: float, language: str, gate: Gate) -> str | None:
        """The nearest feature's name, street, district, city and country, as far as they are known."""
        query = {
            "lat": degrees(latitude),
            "lon": degrees(longitude),
            "limit": "1",
            "lang": self.policy.language(language),
        }
        answer = await self._http.ask(query, _Answer, gate)
        if not answer.features:
            return None
        place = answer.features[0].properties
        street = " ".join(part for part in (place.street, place.housenumber) if part)
        parts = (place.name, street, place.district, place.city, place.country)
        return one_line(", ".join(dict.fromkeys(part for part in parts if part)))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
