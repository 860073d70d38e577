"""What every geocoder promises, asked of each; the HTTP ones speak to a server that answers as they are documented."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from geo_worker.geocoders import ADDRESS_LENGTH, Geocoder, Policy
from geo_worker.geocoders import google as google_module
from geo_worker.geocoders import mapbox as mapbox_module
from geo_worker.geocoders import nominatim as nominatim_module
from geo_worker.geocoders.google import Google
from geo_worker.geocoders.mapbox import Mapbox
from geo_worker.geocoders.nominatim import Nominatim, is_public
from geo_worker.geocoders.offline import Offline
from geo_worker.geocoders.photon import Photon
from tests.unit.geo_worker.geocoder_answers import BAKU, SEA
from tests.unit.geo_worker.geocoder_kinds import CONTACT, KINDS, opened
from tests.unit.geo_worker.geocoder_stand_in import documented, stand_in

KEY = SecretStr("a-key")
OSM = "© OpenStreetMap"
DAY = 86_400.0


@pytest.fixture(scope="module")
async def offline() -> AsyncIterator[Offline]:
    """Loaded once: it takes a second."""
    async with contextlib.aclosing(Offline()) as geocoder:
        yield geocoder


@pytest.fixture(params=["offline", *KINDS])
async def geocoder(request: pytest.FixtureRequest, offline: Offline) -> AsyncIterator[Geocoder]:
    if request.param == "offline":
        yield offline
        return
    kind = KINDS[request.param]
    async with (
        stand_in(documented(kind.baku, kind.sea)) as server,
        contextlib.aclosing(kind.make(server.url, 5.0)) as made,
    ):
        yield made


async def test_a_point_in_baku_has_an_address_that_names_the_city(geocoder: Geocoder) -> None:
    address = await geocoder.reverse(*BAKU, "az", opened)
    assert address is not None
    assert "Bakı" in address
    assert "Azərbaycan" in address


async def test_a_point_at_sea_has_none(geocoder: Geocoder) -> None:
    assert await geocoder.reverse(*SEA, "az", opened) is None


@pytest.mark.parametrize("language", ["az", "ru", "en", "az-Latn", "default", "xx", ""])
async def test_an_address_is_one_printable_line_in_any_language(geocoder: Geocoder, language: str) -> None:
    address = await geocoder.reverse(*BAKU, geocoder.policy.language(language), opened)
    assert address is not None
    assert any(char.isalpha() for char in address)
    assert address.isprintable()
    assert address == address.strip()
    assert len(address) <= ADDRESS_LENGTH == 300


@pytest.mark.parametrize("point", [(90.0, 0.0), (-90.0, 0.0), (0.0, 180.0), (0.0, -180.0), (-77.85, 166.67)])
async def test_the_ends_of_the_earth_are_places_too(geocoder: Geocoder, point: tuple[float, float]) -> None:
    address = await geocoder.reverse(*point, "az", opened)
    assert address is None or address.isprintable()


async def test_it_can_be_closed_twice(geocoder: Geocoder) -> None:
    await geocoder.aclose()
    await geocoder.aclose()


async def test_nothing_leaves_offline_so_the_gate_is_not_asked(offline: Offline) -> None:
    async def shut() -> None:
        pytest.fail("the gate was asked")

    assert await offline.reverse(*BAKU, "az", shut) is not None


async def test_offline_names_the_country_in_the_language_asked_for(offline: Offline) -> None:
    assert await offline.reverse(*BAKU, "az", opened) == "Bakı, Azərbaycan"
    assert await offline.reverse(*BAKU, "ru", opened) == "Baku, Азербайджан"
    assert await offline.reverse(*BAKU, "no such", opened) == "Baku, Azerbaijan"


OWN = "http://nominatim:8080/reverse"
PERMANENT = f"{mapbox_module.PUBLIC}?permanent=true"
POLICIES = {
    "nominatim's public server": (
        lambda: Nominatim(None, CONTACT, None, 5.0),
        Policy(rate=1.0, parallel=1, backfill_rate=4 / 60, attribution=OSM),
    ),
    "the same by its address": (
        lambda: Nominatim("https://Nominatim.OpenStreetMap.org:443/reverse?a=b", CONTACT, None, 5.0),
        Policy(rate=1.0, parallel=1, backfill_rate=4 / 60, attribution=OSM),
    ),
    "a setting may slow the public server down": (
        lambda: Nominatim(None, CONTACT, 0.05, 5.0),
        Policy(rate=0.05, parallel=1, backfill_rate=0.05, attribution=OSM),
    ),
    "and not speed it up": (
        lambda: Nominatim(None, CONTACT, 50.0, 5.0),
        Policy(rate=1.0, parallel=1, backfill_rate=4 / 60, attribution=OSM),
    ),
    "one's own nominatim": (
        lambda: Nominatim(OWN, None, None, 5.0),
        Policy(rate=1.0, parallel=1, attribution=OSM),
    ),
    "one's own nominatim, faster": (
        lambda: Nominatim(OWN, None, 50.0, 5.0),
        Policy(rate=50.0, parallel=1, attribution=OSM),
    ),
    "photon": (
        lambda: Photon("http://photon:2322/reverse", None, 5.0),
        Policy(rate=100.0, parallel=8, attribution=OSM, languages=("default",)),
    ),
    "google": (
        lambda: Google(None, KEY, None, 5.0),
        Policy(rate=50.0, parallel=8, cached_for=0.0, stored=False, attribution="Google Maps"),
    ),
    "mapbox": (
        lambda: Mapbox(None, KEY, None, 5.0),
        Policy(rate=10.0, parallel=8, cached_for=0.0, stored=False, attribution="© Mapbox"),
    ),
    "mapbox's answers that may be kept": (
        lambda: Mapbox(PERMANENT, KEY, 2.0, 5.0),
        Policy(rate=2.0, parallel=8, cached_for=DAY, stored=True, attribution="© Mapbox"),
    ),
    "mapbox's that may not": (
        lambda: Mapbox(f"{mapbox_module.PUBLIC}?permanent=false#permanent=true", KEY, 2.0, 5.0),
        Policy(rate=2.0, parallel=8, cached_for=0.0, stored=False, attribution="© Mapbox"),
    ),
}


@pytest.mark.parametrize(("make", "policy"), POLICIES.values(), ids=POLICIES.keys())
async def test_it_says_what_its_operators_ask_for(make: object, policy: Policy) -> None:
    assert callable(make)
    async with contextlib.aclosing(make()) as made:
        assert made.policy == policy


async def test_nobody_is_asked_offline(offline: Offline) -> None:
    assert offline.policy == Policy(rate=None, parallel=8, cached_for=0.0, stored=True, attribution="", here=True)


@pytest.mark.parametrize(
    ("url", "public"),
    [
        (None, True),
        (nominatim_module.PUBLIC, True),
        ("http://nominatim.openstreetmap.org", True),
        ("https://nominatim.openstreetmap.org./reverse", True),
        ("https://user:password@nominatim.openstreetmap.org:8443?x", True),
        ("https://nominatim.openstreetmap.org.example.az/reverse", False),
        ("https://nominatim.example.az/nominatim.openstreetmap.org/reverse", False),
        ("https://nominatim.openstreetmap.org@example.az/reverse", False),
        ("http://[::1", False),
    ],
)
def test_the_public_server_is_known_by_its_host(url: str | None, public: bool) -> None:  # noqa: FBT001 - a table's cell
    assert is_public(url) is public


def test_the_public_addresses_are_the_documented_ones() -> None:
    assert nominatim_module.PUBLIC == "https://nominatim.openstreetmap.org/reverse"
    assert google_module.PUBLIC == "https://maps.googleapis.com/maps/api/geocode/json"
    assert mapbox_module.PUBLIC == "https://api.mapbox.com/search/geocode/v6/reverse"
