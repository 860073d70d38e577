"""The geocoders that are asked over HTTP, each with its answers, so that one suite can be run over all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import SecretStr

from geo_worker.geocoders import Geocoder
from geo_worker.geocoders.google import Google
from geo_worker.geocoders.mapbox import Mapbox
from geo_worker.geocoders.nominatim import Nominatim
from geo_worker.geocoders.photon import Photon
from tests.unit.geo_worker.geocoder_answers import (
    GOOGLE_BAKU,
    GOOGLE_SEA,
    MAPBOX_BAKU,
    MAPBOX_SEA,
    NOMINATIM_BAKU,
    NOMINATIM_SEA,
    PHOTON_BAKU,
    PHOTON_SEA,
)

CONTACT: Final = "it@example.az"
SENTINEL: Final = "sk.SENTINEL-9f3c"
"""A key that must be seen nowhere but in a request."""


async def opened() -> None:
    """A gate that lets everything through."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How to make one (of its URL and its timeout), and what it is answered of Baku and of the sea."""

    make: Callable[[str, float], Geocoder]
    baku: object
    sea: object


KINDS: Final = {
    "nominatim": Kind(
        lambda url, timeout: Nominatim(url, CONTACT, None, timeout), baku=NOMINATIM_BAKU, sea=NOMINATIM_SEA
    ),
    "photon": Kind(lambda url, timeout: Photon(url, None, timeout), baku=PHOTON_BAKU, sea=PHOTON_SEA),
    "google": Kind(
        lambda url, timeout: Google(url, SecretStr(SENTINEL), None, timeout), baku=GOOGLE_BAKU, sea=GOOGLE_SEA
    ),
    "mapbox": Kind(
        lambda url, timeout: Mapbox(url, SecretStr(SENTINEL), None, timeout), baku=MAPBOX_BAKU, sea=MAPBOX_SEA
    ),
}


def for_all(text: object) -> dict[str, object]:
    """An answer that is one for each of them, with this for an address."""
    return {
        "display_name": text,
        "features": [{"properties": {"name": text, "full_address": text}}],
        "status": "OK",
        "results": [{"formatted_address": text, "types": ["street_address"]}],
    }


BODY: Final = orjson.dumps(for_all("Neftçilər prospekti 153, Bakı"))
