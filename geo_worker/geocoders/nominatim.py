"""Owns Nominatim: OpenStreetMap's public geocoder, or one's own server.

Documentation: https://nominatim.org/release-docs/latest/api/Reverse/. The public server's policy
(https://operations.osmfoundation.org/policies/nominatim/): one request a second for the whole application, none in
parallel, an identifying User-Agent, attribution shown, results cached.
"""

from typing import Final

import msgspec

from geo_worker.geocoders import GeocoderFailed, Policy, one_line
from geo_worker.geocoders.http import GeocoderHttp

PUBLIC: Final = "https://nominatim.openstreetmap.org/reverse"
PUBLIC_RATE: Final = 1.0


class _Answer(msgspec.Struct):
    display_name: str | None = None
    error: str | None = None  # where there is no address, with status 200


class Nominatim:
    """Asks Nominatim's /reverse."""

    name = "nominatim"

    def __init__(self, url: str | None, contact: str, rate: float | None, timeout: float) -> None:
        self.policy = Policy(rate=rate or PUBLIC_RATE, parallel=1, attribution="© OpenStreetMap")
        self._http = GeocoderHttp(url or PUBLIC, timeout, f"checkin-fleet/0.1 ({contact})")

    async def reverse(self, latitude: float, longitude: float, language: str) -> str | None:
        """The place's full name as Nominatim writes it."""
        query = {
            "lat": f"{latitude:.4f}",
            "lon": f"{longitude:.4f}",
            "format": "jsonv2",
            "zoom": "18",
            "layer": "address",
            "accept-language": language,
        }
        answer = await self._http.ask(query, _Answer)
        if answer.display_name is None and answer.error is None:
            raise GeocoderFailed("not the documented answer: neither display_name nor error")
        return one_line(answer.display_name) if answer.display_name else None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
