"""Owns Google's Geocoding API.

Documentation: https://developers.google.com/maps/documentation/geocoding/requests-reverse-geocoding. 3,000 requests a
minute (https://developers.google.com/maps/documentation/geocoding/usage-and-billing). Addresses may be neither cached
nor stored, and away from a Google map they are shown with Google's name
(https://developers.google.com/maps/documentation/geocoding/policies).
"""

from typing import Final

import msgspec
from pydantic import SecretStr

from geo_worker.geocoders import Gate, GeocoderFailed, Policy, one_line
from geo_worker.geocoders.http import AGENT, PAUSE, GeocoderHttp, degrees

PUBLIC: Final = "https://maps.googleapis.com/maps/api/geocode/json"
RATE: Final = 50.0
_FAILURES: Final[dict[str, tuple[str, float | None]]] = {
    "OVER_QUERY_LIMIT": ("", PAUSE),
    "OVER_DAILY_LIMIT": (": look at GEOCODER_API_KEY, its billing and its quota", PAUSE),
    "REQUEST_DENIED": (": look at GEOCODER_API_KEY", PAUSE),
    "INVALID_REQUEST": ("", None),
    "UNKNOWN_ERROR": ("", None),
}
"""What else a status says, and for how long to leave it alone."""


class _Result(msgspec.Struct):
    formatted_address: str
    types: list[str]


class _Answer(msgspec.Struct):
    status: str
    results: list[_Result] = []


class Google:
    """Asks the Geocoding API, version 3."""

    name = "google"

    def __init__(self, url: str | None, key: SecretStr, rate: float | None, timeout: float) -> None:
        self.policy = Policy(rate=rate or RATE, parallel=8, cached_for=0.0, stored=False, attribution="Google Maps")
        self._key = key
        self._http = GeocoderHttp(url or PUBLIC, timeout, AGENT, "GEOCODER_API_KEY")

    async def reverse(self, latitude: float, longitude: float, language: str, gate: Gate) -> str | None:
        """The first result's address; a plus code names a square of the globe, at sea too, and is none."""
        query = {
            "latlng": f"{degrees(latitude)},{degrees(longitude)}",
            "language": language,
            "key": self._key.get_secret_value(),
        }
        answer = await self._http.ask(query, _Answer, gate)
        if answer.status in _FAILURES:
            advice, pause = _FAILURES[answer.status]
            raise GeocoderFailed(f"status {answer.status}{advice}", pause)
        if answer.status not in {"OK", "ZERO_RESULTS"}:
            raise GeocoderFailed("not the documented answer: no such status")
        for result in answer.results:
            if result.types != ["plus_code"]:
                return one_line(result.formatted_address)
        return None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
