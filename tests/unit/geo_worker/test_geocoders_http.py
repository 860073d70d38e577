"""What the HTTP geocoders ask, and that whatever comes back is an address, no address, or `GeocoderFailed`."""

import contextlib
import gzip
import re
from collections.abc import AsyncIterator

import orjson
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_worker.geocoders import GeocoderFailed
from geo_worker.geocoders.http import MAX_BODY
from geo_worker.geocoders.nominatim import Nominatim
from geo_worker.geocoders.photon import Photon
from local.ports import free_port
from tests.unit.geo_worker.geocoder_stand_in import (
    BAKU,
    LOOPBACK,
    NOMINATIM_BAKU,
    PHOTON_BAKU,
    Answer,
    StandIn,
    json_of,
    stand_in,
)

HttpGeocoder = Nominatim | Photon
CONTACT = "it@example.az"


def make(kind: str, url: str, timeout: float = 5.0) -> HttpGeocoder:
    return Nominatim(url, CONTACT, None, timeout) if kind == "nominatim" else Photon(url, None, timeout)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[StandIn]:
    async with stand_in(json_of({})) as served:
        yield served


@pytest.fixture(scope="module", params=["nominatim", "photon"])
async def geocoder(request: pytest.FixtureRequest, server: StandIn) -> AsyncIterator[HttpGeocoder]:
    async with contextlib.aclosing(make(request.param, server.url)) as made:
        yield made


async def test_nominatim_is_asked_exactly_what_it_documents(server: StandIn) -> None:
    server.answer = json_of(NOMINATIM_BAKU)
    async with contextlib.aclosing(make("nominatim", server.url)) as nominatim:
        address = await nominatim.reverse(40.371749, 49.85, "az")
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


async def test_nominatims_operators_learn_who_to_write_to(server: StandIn) -> None:
    server.answer = json_of(NOMINATIM_BAKU)
    async with contextlib.aclosing(make("nominatim", server.url)) as nominatim:
        await nominatim.reverse(*BAKU, "az")
    assert re.fullmatch(rf"checkin-fleet/[\d.]+ \({re.escape(CONTACT)}\)", server.asked[-1].headers["User-Agent"])


async def test_photon_is_asked_nothing_that_it_would_refuse(server: StandIn) -> None:
    server.answer = json_of(PHOTON_BAKU)
    async with contextlib.aclosing(make("photon", server.url)) as photon:
        address = await photon.reverse(-0.00004, -179.99999, "az")
    asked = server.asked[-1]
    assert asked.path == "/reverse"
    assert asked.query == {"lat": "-0.0000", "lon": "-180.0000", "limit": "1", "lang": "default"}
    assert address == "Neftçilər prospekti 153, Səbail rayonu, Bakı, Azərbaycan"


async def test_photon_says_a_part_once_and_leaves_out_what_is_not_known(server: StandIn) -> None:
    properties = {"name": "Bakı", "city": "Bakı", "district": None, "street": "", "country": "Azərbaycan"}
    server.answer = json_of({"features": [{"properties": properties}]})
    async with contextlib.aclosing(make("photon", server.url)) as photon:
        assert await photon.reverse(*BAKU, "az") == "Bakı, Azərbaycan"


async def test_fields_that_nobody_documented_yet_are_ignored(server: StandIn) -> None:
    server.answer = json_of({**NOMINATIM_BAKU, "new": {"deep": [1, None]}})
    async with contextlib.aclosing(make("nominatim", server.url)) as nominatim:
        assert await nominatim.reverse(*BAKU, "az") is not None


def _hostile(text: str) -> dict[str, object]:
    """An answer that is one for Nominatim and for Photon."""
    return {"display_name": text, "features": [{"properties": {"name": text}}]}


@pytest.mark.parametrize(
    "text",
    [
        "Bakı\nsəhəri\r\n\tküçə",
        "ə" * 4000,
        "a\u202egnp\u2069\u200b\x00b",
        "  Bakı , ",
        "x\ue000y\ufeff",
        "Bakı\u2028küçə",
    ],
)
async def test_whatever_it_is_called_an_address_is_one_printable_line(
    geocoder: HttpGeocoder, server: StandIn, text: str
) -> None:
    server.answer = json_of(_hostile(text))
    address = await geocoder.reverse(*BAKU, "az")
    assert address is not None
    assert address.isprintable()
    assert address == address.strip(" ,")
    assert 0 < len(address) <= 300


@pytest.mark.parametrize("text", ["", " ", ", ,", "\n\u200b"])
async def test_a_name_of_nothing_is_no_address(geocoder: HttpGeocoder, server: StandIn, text: str) -> None:
    server.answer = json_of(_hostile(text))
    assert await geocoder.reverse(*BAKU, "az") is None


def _plain(status: int, body: bytes = b"", kind: str = "application/json", **headers: str) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={"Content-Type": kind, **headers})

    return answer


async def _truncated(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(orjson.dumps(NOMINATIM_BAKU)[:100])
    assert request.transport is not None
    request.transport.close()
    return response


async def _hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def _no_http(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.write(b"220 smtp.example.az ESMTP\r\n\r\n")
    request.transport.close()
    return web.Response()


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" " * 16384)
    return response


BODY = orjson.dumps(NOMINATIM_BAKU | PHOTON_BAKU)

FAILURES = {
    "500": _plain(500, BODY),
    "429": _plain(429, b'{"error": "Bandwidth limit exceeded"}', **{"Retry-After": "30"}),
    "403 with a page": _plain(403, b"<html>Access blocked</html>", "text/html"),
    "400 as Photon's": _plain(400, b'{"message": "unknown query parameter(s) \'zoom\'"}'),
    "204": _plain(204),
    "html instead of json": _plain(200, b"<!doctype html><title>Welcome to the Wi-Fi</title>", "text/html"),
    "empty body": _plain(200),
    "not utf-8": _plain(200, b'{"display_name": "\xff\xfe", "features": "\xff"}'),
    "half of a surrogate pair": _plain(200, b'{"display_name": "\\ud800", "features": "\\ud800"}'),
    "null": json_of(None),
    "json of somebody else": json_of({"message": "ok"}),
    "a list": json_of([NOMINATIM_BAKU]),
    "wrong types": json_of({"display_name": 153, "features": {}}),
    "wrong types inside": json_of({"display_name": {"az": "Bakı"}, "features": [{"properties": {"name": 1}}]}),
    "features of nothing": json_of({"display_name": [], "features": [None]}),
    "over 64 KiB": _plain(200, BODY.ljust(MAX_BODY + 1)),
    "nested without end": _plain(200, b"[" * MAX_BODY),
    "fields nested without end": _plain(200, b'{"a":' * (MAX_BODY // 5)),
    "not what the encoding says": _plain(200, BODY, **{"Content-Encoding": "gzip"}),
    "a bomb": _plain(200, gzip.compress(b" " * 50_000_000), **{"Content-Encoding": "gzip"}),
    "truncated": _truncated,
    "hangs up": _hangs_up,
    "no http": _no_http,
    "without end": _endless,
}


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
async def test_everything_but_the_documented_answer_is_a_failure(
    geocoder: HttpGeocoder, server: StandIn, answer: Answer
) -> None:
    server.answer = answer
    with pytest.raises(GeocoderFailed):
        await geocoder.reverse(*BAKU, "az")


async def test_an_answer_of_64_kib_is_read(geocoder: HttpGeocoder, server: StandIn) -> None:
    assert MAX_BODY == 64 * 1024
    server.answer = _plain(200, BODY.ljust(MAX_BODY))
    assert await geocoder.reverse(*BAKU, "az") is not None


async def test_a_redirect_is_not_followed(geocoder: HttpGeocoder, server: StandIn) -> None:
    server.answer = _plain(302, Location=f"{server.url}/elsewhere")
    before = len(server.asked)
    with pytest.raises(GeocoderFailed, match="302"):
        await geocoder.reverse(*BAKU, "az")
    assert len(server.asked) == before + 1


@pytest.mark.parametrize("kind", ["nominatim", "photon"])
async def test_an_answer_that_does_not_begin_in_time_is_a_failure(server: StandIn, kind: str) -> None:
    async def silent(_request: web.Request) -> web.StreamResponse:
        await server.never.wait()
        return web.Response()

    server.answer = silent
    async with contextlib.aclosing(make(kind, server.url, timeout=0.05)) as geocoder:
        with pytest.raises(GeocoderFailed, match="Timeout"):
            await geocoder.reverse(*BAKU, "az")


@pytest.mark.parametrize("kind", ["nominatim", "photon"])
async def test_an_answer_that_does_not_end_in_time_is_a_failure(server: StandIn, kind: str) -> None:
    async def stuck(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(BODY[:50])
        await server.never.wait()
        return response

    server.answer = stuck
    async with contextlib.aclosing(make(kind, server.url, timeout=0.05)) as geocoder:
        with pytest.raises(GeocoderFailed, match="Timeout"):
            await geocoder.reverse(*BAKU, "az")


@pytest.mark.parametrize("kind", ["nominatim", "photon"])
async def test_a_port_that_nobody_listens_on_is_a_failure(kind: str) -> None:
    async with contextlib.aclosing(make(kind, f"http://{LOOPBACK}:{free_port()}/reverse")) as geocoder:
        with pytest.raises(GeocoderFailed):
            await geocoder.reverse(*BAKU, "az")


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/reverse", "http://[::1", "http://a b/", "http://"])
async def test_an_address_that_leads_nowhere_is_a_failure(url: str) -> None:
    async with contextlib.aclosing(make("photon", url)) as geocoder:
        with pytest.raises(GeocoderFailed):
            await geocoder.reverse(*BAKU, "az")


async def test_a_failure_is_over_with_the_next_good_answer(geocoder: HttpGeocoder, server: StandIn) -> None:
    server.answer = _truncated
    with pytest.raises(GeocoderFailed):
        await geocoder.reverse(*BAKU, "az")
    server.answer = _plain(200, BODY)
    assert await geocoder.reverse(*BAKU, "az") is not None


async def _no_other_error(geocoder: HttpGeocoder) -> None:
    try:
        address = await geocoder.reverse(*BAKU, "az")
    except GeocoderFailed:
        return
    assert address is None or (address.isprintable() and 0 < len(address) <= 300)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the fixtures are of the module
)
@given(body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "text/html; charset=ebcdic", "x"]))
async def test_random_bytes_raise_nothing_else(geocoder: HttpGeocoder, server: StandIn, body: bytes, kind: str) -> None:
    server.answer = _plain(200, body, kind)
    await _no_other_error(geocoder)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["display_name", "error", "features", "properties", "name", "street", "housenumber"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # as above
)
@given(value=VALUES)
async def test_random_json_raises_nothing_else(geocoder: HttpGeocoder, server: StandIn, value: object) -> None:
    server.answer = json_of(value)
    await _no_other_error(geocoder)
