"""Whatever comes back over HTTP is an address, no address, or `GeocoderFailed`."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_worker.geocoders import Geocoder, GeocoderFailed
from geo_worker.geocoders.http import MAX_BODY, pause_asked_for
from local.ports import free_port
from tests.unit.geo_worker.geocoder_answers import BAKU
from tests.unit.geo_worker.geocoder_failures import FAILURES, plain, truncated
from tests.unit.geo_worker.geocoder_kinds import BODY, KINDS, for_all, opened
from tests.unit.geo_worker.geocoder_stand_in import LOOPBACK, Answer, StandIn, json_of, stand_in

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[StandIn]:
    async with stand_in(json_of({})) as served:
        yield served


@pytest.fixture(scope="module", params=KINDS)
async def geocoder(request: pytest.FixtureRequest, server: StandIn) -> AsyncIterator[Geocoder]:
    async with contextlib.aclosing(KINDS[request.param].make(server.url, 5.0)) as made:
        yield made


async def _failure(geocoder: Geocoder) -> GeocoderFailed:
    with pytest.raises(GeocoderFailed) as failed:
        await geocoder.reverse(*BAKU, "az", opened)
    return failed.value


async def test_fields_that_nobody_documented_yet_are_ignored(geocoder: Geocoder, server: StandIn) -> None:
    server.answer = json_of({**for_all("Bakı"), "new": {"deep": [1, None]}})
    assert await geocoder.reverse(*BAKU, "az", opened) == "Bakı"


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
    geocoder: Geocoder, server: StandIn, text: str
) -> None:
    server.answer = json_of(for_all(text))
    address = await geocoder.reverse(*BAKU, "az", opened)
    assert address is not None
    assert address.isprintable()
    assert address == address.strip(" ,")
    assert 0 < len(address) <= 300


@pytest.mark.parametrize("text", ["", " ", ", ,", "\n\u200b"])
async def test_a_name_of_nothing_is_no_address(geocoder: Geocoder, server: StandIn, text: str) -> None:
    server.answer = json_of(for_all(text))
    assert await geocoder.reverse(*BAKU, "az", opened) is None


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
async def test_everything_but_the_documented_answer_is_a_failure(
    geocoder: Geocoder, server: StandIn, answer: Answer
) -> None:
    server.answer = answer
    await _failure(geocoder)


async def test_an_answer_of_64_kib_is_read(geocoder: Geocoder, server: StandIn) -> None:
    assert MAX_BODY == 64 * 1024
    server.answer = plain(200, BODY.ljust(MAX_BODY))
    assert await geocoder.reverse(*BAKU, "az", opened) is not None


async def test_a_redirect_is_not_followed(geocoder: Geocoder, server: StandIn) -> None:
    server.answer = plain(302, headers={"Location": f"{server.url}/elsewhere"})
    before = len(server.asked)
    assert "302" in str(await _failure(geocoder))
    assert len(server.asked) == before + 1


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (429, {"Retry-After": "30"}, 30.0),
        (429, {"Retry-After": "0"}, 0.0),
        (429, {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}, 3600.0),
        (429, {"Retry-After": "soon"}, 60.0),
        (429, {}, 60.0),
        (503, {"Retry-After": "120"}, 120.0),
        (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        (503, {}, None),
        (500, {"Retry-After": "30"}, None),
        (401, {}, 60.0),
        (403, {}, 60.0),
    ],
)
async def test_it_is_left_alone_for_as_long_as_it_asks(
    geocoder: Geocoder, server: StandIn, status: int, headers: dict[str, str], pause: float | None
) -> None:
    server.answer = plain(status, headers=headers)
    failed = await _failure(geocoder)
    assert failed.retry_after == pause
    assert f"status {status}" in str(failed)


async def test_how_long_is_known_even_where_the_rest_is_cut_off(geocoder: Geocoder, server: StandIn) -> None:
    async def cut_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=429, headers={"Content-Length": "1000", "Retry-After": "7"})
        await response.prepare(request)
        assert request.transport is not None
        request.transport.close()
        return response

    server.answer = cut_off
    assert (await _failure(geocoder)).retry_after == 7.0


NOW = datetime(2026, 7, 6, 6, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("-5", 0.0),
        ("3601", 3600.0),
        ("9" * 400, 3600.0),
        ("9" * 5000, None),
        ("1.5", None),
        ("inf", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(hours=2), usegmt=True), 3600.0),
        ("Mon, 06 Jul 2026 06:03:11 -0000", 60.0),
        ("Mon, 06 Jul 2026 10:03:11 +0400", 60.0),
        ("Mon, 36 Jul 2026 06:03:11 GMT", None),
        ("Mon, 06 Jul 99999999999 06:03:11 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_an_hour_at_most(header: str | None, pause: float | None) -> None:
    assert pause_asked_for(header, NOW) == pause


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [+-]?\w{0,5}"))
def test_no_retry_after_is_more_than_a_bad_one(header: str) -> None:
    pause = pause_asked_for(header, NOW)
    assert pause is None or 0.0 <= pause <= 3600.0


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("nominatim", "GEOCODER_CONTACT"),
        ("photon", "GEOCODER_URL"),
        ("google", "GEOCODER_API_KEY"),
        ("mapbox", "GEOCODER_API_KEY"),
    ],
)
@pytest.mark.parametrize("status", [401, 403])
async def test_who_is_refused_learns_where_to_look(server: StandIn, kind: str, setting: str, status: int) -> None:
    server.answer = plain(status)
    async with contextlib.aclosing(KINDS[kind].make(server.url, 5.0)) as geocoder:
        assert f"look at {setting}" in str(await _failure(geocoder))


@EVERY_KIND
async def test_an_answer_that_does_not_begin_in_time_is_a_failure(server: StandIn, kind: str) -> None:
    async def silent(_request: web.Request) -> web.StreamResponse:
        await server.never.wait()
        return web.Response()

    server.answer = silent
    async with contextlib.aclosing(KINDS[kind].make(server.url, 0.05)) as geocoder:
        assert "Timeout" in str(await _failure(geocoder))


@EVERY_KIND
async def test_an_answer_that_does_not_end_in_time_is_a_failure(server: StandIn, kind: str) -> None:
    async def stuck(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(BODY[:50])
        await server.never.wait()
        return response

    server.answer = stuck
    async with contextlib.aclosing(KINDS[kind].make(server.url, 0.05)) as geocoder:
        assert "Timeout" in str(await _failure(geocoder))


@EVERY_KIND
async def test_a_port_that_nobody_listens_on_is_a_failure(kind: str) -> None:
    async with contextlib.aclosing(KINDS[kind].make(f"http://{LOOPBACK}:{free_port()}/reverse", 5.0)) as geocoder:
        await _failure(geocoder)


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/reverse", "http://[::1", "http://a b/", "http://", "http://a..b/", "ftp://a/"]
)
@EVERY_KIND
async def test_an_address_that_leads_nowhere_is_a_failure(kind: str, url: str) -> None:
    async with contextlib.aclosing(KINDS[kind].make(url, 5.0)) as geocoder:
        await _failure(geocoder)


async def test_a_failure_is_over_with_the_next_good_answer(geocoder: Geocoder, server: StandIn) -> None:
    server.answer = truncated
    await _failure(geocoder)
    server.answer = plain(200, BODY)
    assert await geocoder.reverse(*BAKU, "az", opened) is not None


async def _no_other_error(geocoder: Geocoder) -> None:
    try:
        address = await geocoder.reverse(*BAKU, "az", opened)
    except GeocoderFailed:
        return
    assert address is None or (address.isprintable() and 0 < len(address) <= 300)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the fixtures are of the module
)
@given(body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "text/html; charset=ebcdic", "x"]))
async def test_random_bytes_raise_nothing_else(geocoder: Geocoder, server: StandIn, body: bytes, kind: str) -> None:
    server.answer = plain(200, body, kind)
    await _no_other_error(geocoder)


NAMES = [
    *("display_name", "error"),
    *("features", "properties", "name", "street", "housenumber", "full_address", "place_formatted"),
    *("status", "results", "formatted_address", "types"),
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=10)
    | st.sampled_from(["OK", "ZERO_RESULTS", "plus_code"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # as above
)
@given(value=VALUES)
async def test_random_json_raises_nothing_else(geocoder: Geocoder, server: StandIn, value: object) -> None:
    server.answer = json_of(value)
    await _no_other_error(geocoder)
