"""What each geocoder is asked, and how its documented answers are read."""

import contextlib
import re
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from geo_worker.geocoders import Geocoder, GeocoderFailed
from geo_worker.geocoders.google import Google
from geo_worker.geocoders.mapbox import Mapbox
from geo_worker.geocoders.nominatim import Nominatim
from geo_worker.geocoders.photon import Photon
from tests.unit.geo_worker.geocoder_answers import (
    BAKU,
    GOOGLE_BAKU,
    GOOGLE_NOTHING,
    MAPBOX_BAKU,
    MAPBOX_REFUSES,
    NOMINATIM_BAKU,
    PHOTON_BAKU,
    google_refuses,
)
from tests.unit.geo_worker.geocoder_failures import plain
from tests.unit.geo_worker.geocoder_kinds import BODY, CONTACT, KINDS, opened
from tests.unit.geo_worker.geocoder_stand_in import StandIn, json_of, stand_in

KEY = SecretStr("a key & more")
POINT = (40.371749, 49.85)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[StandIn]:
    async with stand_in(json_of({})) as served:
        yield served


async def _ask(geocoder: Geocoder, point: tuple[float, float] = POINT, language: str = "az") -> str | None:
    async with contextlib.aclosing(geocoder):
        return await geocoder.reverse(*point, language, opened)


async def test_nominatim_is_asked_exactly_what_it_documents(server: StandIn) -> None:
    server.answer = json_of(NOMINATIM_BAKU)
    address = await _ask(Nominatim(server.url, CONTACT, None, 5.0))
    asked = server.asked[-1]
    assert asked.path == "/reverse"
    assert asked.query == {
        "lat": "40.3717",
        "lon": "49.8500",
        "format": "jsonv2",
        "zoom": "18",
        "layer": "address",
        "accept-language": "az",
    }
    assert address == "153, Neftçilər prospekti, Səbail rayonu, Bakı, AZ1010, Azərbaycan"


async def test_photon_is_asked_nothing_that_it_would_refuse(server: StandIn) -> None:
    server.answer = json_of(PHOTON_BAKU)
    address = await _ask(Photon(server.url, None, 5.0), language="az")
    assert server.asked[-1].query == {"lat": "40.3717", "lon": "49.8500", "limit": "1", "lang": "default"}
    assert address == "Neftçilər prospekti 153, Səbail rayonu, Bakı, Azərbaycan"


async def test_google_is_asked_exactly_what_it_documents(server: StandIn) -> None:
    server.answer = json_of(GOOGLE_BAKU)
    address = await _ask(Google(server.url, KEY, None, 5.0))
    assert server.asked[-1].query == {"latlng": "40.3717,49.8500", "language": "az", "key": "a key & more"}
    assert address == "153 Neftçilər prospekti, Bakı, Azərbaycan"


async def test_mapbox_is_asked_exactly_what_it_documents(server: StandIn) -> None:
    server.answer = json_of(MAPBOX_BAKU)
    address = await _ask(Mapbox(server.url, KEY, None, 5.0))
    assert server.asked[-1].query == {
        "longitude": "49.8500",
        "latitude": "40.3717",
        "language": "az",
        "limit": "1",
        "access_token": "a key & more",
    }
    assert address == "Neftçilər prospekti 153, Bakı AZ1010, Azərbaycan"


async def test_mapbox_is_told_that_its_answers_will_be_kept(server: StandIn) -> None:
    server.answer = json_of(MAPBOX_BAKU)
    await _ask(Mapbox(f"{server.url}?permanent=true&worldview=us", KEY, None, 5.0))
    asked = server.asked[-1].query
    assert (asked["permanent"], asked["worldview"], asked["longitude"]) == ("true", "us", "49.8500")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_query_of_the_setting_is_kept(server: StandIn, kind: str) -> None:
    server.answer = plain(200, BODY)
    await _ask(KINDS[kind].make(f"{server.url}?tenant=a%26b", 5.0))
    assert server.asked[-1].query["tenant"] == "a&b"


@pytest.mark.parametrize("kind", KINDS)
async def test_no_more_than_eleven_metres_of_where_somebody_is_leave(server: StandIn, kind: str) -> None:
    server.answer = plain(200, BODY)
    await _ask(KINDS[kind].make(server.url, 5.0), (-0.00004, -179.99996))
    query = server.asked[-1].query
    latitude, longitude = query.get("latlng", ",").split(",")
    assert (query.get("lat") or query.get("latitude") or latitude) == "0.0000"
    assert (query.get("lon") or query.get("longitude") or longitude) == "-180.0000"


@pytest.mark.parametrize("kind", KINDS)
async def test_it_learns_who_asks_and_of_the_public_server_whom_to_write_to(server: StandIn, kind: str) -> None:
    server.answer = plain(200, BODY)
    await _ask(KINDS[kind].make(server.url, 5.0))
    contact = rf" \({re.escape(CONTACT)}\)" if kind == "nominatim" else ""
    assert re.fullmatch(rf"checkin-fleet/[\d.]+{contact}", server.asked[-1].headers["User-Agent"])


async def test_ones_own_nominatim_needs_nobody_to_write_to(server: StandIn) -> None:
    server.answer = json_of(NOMINATIM_BAKU)
    await _ask(Nominatim(server.url, None, None, 5.0))
    assert server.asked[-1].headers["User-Agent"] == "checkin-fleet/0.1"


async def test_photon_says_a_part_once_and_leaves_out_what_is_not_known(server: StandIn) -> None:
    properties = {"name": "Bakı", "city": "Bakı", "district": None, "street": "", "country": "Azərbaycan"}
    server.answer = json_of({"features": [{"properties": properties}]})
    assert await _ask(Photon(server.url, None, 5.0)) == "Bakı, Azərbaycan"


@pytest.mark.parametrize(
    ("properties", "address"),
    [
        ({"name": "Bakı", "place_formatted": "Azərbaycan"}, "Bakı, Azərbaycan"),
        ({"full_address": "", "name": "Bakı"}, "Bakı"),
        ({"full_address": None, "place_formatted": "Azərbaycan"}, "Azərbaycan"),
        ({"full_address": "Bakı, Azərbaycan", "name": "Bakı"}, "Bakı, Azərbaycan"),
        ({}, None),
    ],
)
async def test_mapbox_may_have_a_name_and_no_full_address(
    server: StandIn, properties: dict[str, str | None], address: str | None
) -> None:
    server.answer = json_of({"features": [{"properties": properties}]})
    assert await _ask(Mapbox(server.url, KEY, None, 5.0)) == address


async def test_google_may_know_of_nothing_there(server: StandIn) -> None:
    server.answer = json_of(GOOGLE_NOTHING)
    assert await _ask(Google(server.url, KEY, None, 5.0)) is None


@pytest.mark.parametrize(
    ("status", "pause"),
    [
        ("OVER_QUERY_LIMIT", 60.0),
        ("OVER_DAILY_LIMIT", 60.0),
        ("REQUEST_DENIED", 60.0),
        ("INVALID_REQUEST", None),
        ("UNKNOWN_ERROR", None),
    ],
)
async def test_google_says_with_200_that_it_failed(server: StandIn, status: str, pause: float | None) -> None:
    server.answer = json_of(google_refuses(status, "The provided API key a key & more is invalid."))
    with pytest.raises(GeocoderFailed) as failed:
        await _ask(Google(server.url, KEY, None, 5.0))
    assert f"status {status}" in str(failed.value)
    assert "provided" not in str(failed.value)
    assert failed.value.retry_after == pause


@pytest.mark.parametrize("status", ["REQUEST_DENIED", "OVER_DAILY_LIMIT"])
async def test_googles_refusal_of_a_key_says_where_to_look(server: StandIn, status: str) -> None:
    server.answer = json_of(google_refuses(status, "This API project is not authorized to use this API."))
    with pytest.raises(GeocoderFailed, match="look at GEOCODER_API_KEY"):
        await _ask(Google(server.url, KEY, None, 5.0))


async def test_a_status_that_google_does_not_document_is_not_repeated(server: StandIn) -> None:
    server.answer = json_of({"status": "sesame", "results": []})
    with pytest.raises(GeocoderFailed, match="no such status"):
        await _ask(Google(server.url, KEY, None, 5.0))


async def test_mapboxs_refusal_of_a_key_says_where_to_look(server: StandIn) -> None:
    server.answer = plain(401, b"%a" % MAPBOX_REFUSES)
    with pytest.raises(GeocoderFailed, match="look at GEOCODER_API_KEY") as failed:
        await _ask(Mapbox(server.url, KEY, None, 5.0), BAKU)
    assert failed.value.retry_after == 60.0
