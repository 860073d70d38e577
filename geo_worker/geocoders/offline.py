"""Owns the geocoder that needs no network: the nearest of 155,000 towns, from GeoNames by the package reverse-geocode.

City level only: it knows about 175 places of Azerbaijan. The country is named in the language asked for. Loading
takes about a second, so it happens in a thread before the first request.
"""

import asyncio
import math
from typing import Any, Final, Protocol

from babel import Locale, UnknownLocaleError

from geo_worker.geocoders import GeocoderFailed, Policy, one_line

NEAR: Final = 50.0
"""Kilometres; a town farther away is no address."""
_EARTH_RADIUS: Final = 6371.0
_AZERBAIJANI: Final = {
    "Baku": "Bakı",
    "Ganja": "Gəncə",
    "Sheki": "Şəki",
    "Lankaran": "Lənkəran",
    "Khirdalan": "Xırdalan",
}
"""Towns that GeoNames lists under their English names, as people there write them."""


class Offline:
    """Looks up the nearest town."""

    name = "offline"
    policy = Policy(parallel=8)

    def __init__(self) -> None:
        self._loading = asyncio.create_task(asyncio.to_thread(_towns), name="load-towns")

    async def reverse(self, latitude: float, longitude: float, language: str) -> str | None:
        """The nearest town and its country, or None at sea and in deserts."""
        try:
            towns = await asyncio.shield(self._loading)
        except ImportError as problem:
            raise GeocoderFailed("the package reverse-geocode is missing: install the extra `offline`") from problem
        town = towns.query([(latitude, longitude)])[0]
        if _kilometres(latitude, longitude, float(town["latitude"]), float(town["longitude"])) > NEAR:
            return None
        city = _AZERBAIJANI.get(town["city"], town["city"]) if language == "az" else town["city"]
        return one_line(f"{city}, {_country(town, language)}")

    async def aclose(self) -> None:
        """Wait for the thread."""
        await asyncio.wait([self._loading])


class _Towns(Protocol):
    def query(self, coordinates: list[tuple[float, float]]) -> list[dict[str, Any]]: ...


def _towns() -> _Towns:
    from reverse_geocode import GeocodeData  # noqa: PLC0415 - 180 MB that only this geocoder needs

    towns: _Towns = GeocodeData(0)
    _country(towns.query([(40.4, 49.9)])[0], "az")  # loads the locale's data and the tree's code
    return towns


def _country(town: dict[str, str], language: str) -> str:
    try:
        territories = Locale.parse(language, sep="-").territories
    except (UnknownLocaleError, ValueError):
        territories = Locale("en").territories
    return str(territories.get(town["country_code"], town["country"]))


def _kilometres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance by the haversine formula."""
    phi, other_phi = math.radians(latitude), math.radians(other_latitude)
    half = math.sin((other_phi - phi) / 2) ** 2
    half += math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * _EARTH_RADIUS * math.asin(math.sqrt(half))
