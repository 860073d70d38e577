"""What every geocoder promises, asked of each; the HTTP ones speak to a server that answers as they are documented."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from geo_worker.geocoders import ADDRESS_LENGTH, Geocoder
from geo_worker.geocoders.nominatim import Nominatim
from geo_worker.geocoders.offline import Offline
from geo_worker.geocoders.photon import Photon
from tests.unit.geo_worker.geocoder_stand_in import (
    BAKU,
    NOMINATIM_BAKU,
    NOMINATIM_SEA,
    PHOTON_BAKU,
    PHOTON_SEA,
    SEA,
    documented,
    stand_in,
)


@pytest.fixture(scope="module")
async def offline() -> AsyncIterator[Offline]:
    """Loaded once: it takes a second."""
    async with contextlib.aclosing(Offline()) as geocoder:
        yield geocoder


@pytest.fixture(params=["offline", "photon", "nominatim"])
async def geocoder(request: pytest.FixtureRequest, offline: Offline) -> AsyncIterator[Geocoder]:
    if request.param == "offline":
        yield offline
    elif request.param == "photon":
        async with (
            stand_in(documented(PHOTON_BAKU, PHOTON_SEA)) as server,
            contextlib.aclosing(Photon(server.url, None, 5.0)) as photon,
        ):
            yield photon
    else:
        async with (
            stand_in(documented(NOMINATIM_BAKU, NOMINATIM_SEA)) as server,
            contextlib.aclosing(Nominatim(server.url, "it@example.az", None, 5.0)) as nominatim,
        ):
            yield nominatim


async def test_a_point_in_baku_has_an_address_that_names_the_city(geocoder: Geocoder) -> None:
    address = await geocoder.reverse(*BAKU, "az")
    assert address is not None
    assert "Bakı" in address
    assert "Azərbaycan" in address


async def test_a_point_at_sea_has_none(geocoder: Geocoder) -> None:
    assert await geocoder.reverse(*SEA, "az") is None


@pytest.mark.parametrize("language", ["az", "ru", "en", "az-Latn", "xx", ""])
async def test_an_address_is_one_printable_line_in_any_language(geocoder: Geocoder, language: str) -> None:
    address = await geocoder.reverse(*BAKU, language)
    assert address is not None
    assert any(char.isalpha() for char in address)
    assert address.isprintable()
    assert address == address.strip()
    assert len(address) <= ADDRESS_LENGTH == 300


@pytest.mark.parametrize("point", [(90.0, 0.0), (-90.0, 0.0), (0.0, 180.0), (0.0, -180.0), (-77.85, 166.67)])
async def test_the_ends_of_the_earth_are_places_too(geocoder: Geocoder, point: tuple[float, float]) -> None:
    address = await geocoder.reverse(*point, "az")
    assert address is None or address.isprintable()


async def test_it_says_what_its_operators_ask_for(geocoder: Geocoder) -> None:
    policy = geocoder.policy
    assert policy.parallel >= 1
    assert policy.attribution == ("" if geocoder.name == "offline" else "© OpenStreetMap")
    assert policy.rate == {"offline": None, "photon": 20.0, "nominatim": 1.0}[geocoder.name]
    assert policy.parallel == 1 or geocoder.name != "nominatim"


async def test_offline_names_the_country_in_the_language_asked_for(offline: Offline) -> None:
    assert await offline.reverse(*BAKU, "az") == "Bakı, Azərbaycan"
    assert await offline.reverse(*BAKU, "ru") == "Baku, Азербайджан"
    assert await offline.reverse(*BAKU, "no such") == "Baku, Azerbaijan"
