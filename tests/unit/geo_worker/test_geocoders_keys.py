"""A key is seen by the geocoder that it is for, and by nobody else."""

import asyncio
import contextlib
import gc
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Iterator

import pytest
import structlog
from aiohttp import web
from structlog.testing import capture_logs

from geo_worker.geocoders import Geocoder, GeocoderFailed
from local.ports import free_port
from tests.unit.geo_worker.geocoder_answers import BAKU, google_refuses
from tests.unit.geo_worker.geocoder_failures import FAILURES, plain
from tests.unit.geo_worker.geocoder_kinds import BODY, KINDS, SENTINEL, opened
from tests.unit.geo_worker.geocoder_stand_in import LOOPBACK, Answer, StandIn, json_of, stand_in

QUERY = f"?token={SENTINEL}"
"""Of GEOCODER_URL: some who sell Nominatim or Photon take their key there."""


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[StandIn]:
    async with stand_in(json_of({})) as served:
        yield served


@pytest.fixture(scope="module", params=KINDS)
async def geocoder(request: pytest.FixtureRequest, server: StandIn) -> AsyncIterator[Geocoder]:
    async with contextlib.aclosing(KINDS[request.param].make(server.url + QUERY, 5.0)) as made:
        yield made


def _chain(problem: BaseException | None) -> Iterator[BaseException]:
    if problem is not None:
        yield problem
        yield from _chain(problem.__cause__)
        yield from _chain(problem.__context__)


async def _assert_that_nobody_tells(asking: Awaitable[object], caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "aiohttp", "aiohttp.client", "aiohttp.internal", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)  # it says more then
    with capture_logs() as events:
        structlog.get_logger().debug("is captured")
        logging.getLogger("aiohttp.client").debug("is captured")
        with pytest.raises(GeocoderFailed) as failed:
            await asking
        problem = failed.value
        del failed
        gc.collect(1)  # who had an exception that nobody looked at says so now
    loop.set_debug(False)
    assert list(_chain(problem)) == [problem]
    told = [*traceback.format_exception(problem), str(problem), repr(problem), repr(vars(problem))]
    told += [repr(event) for event in events]
    told += [record.getMessage() + repr(vars(record)) for record in caplog.records]
    assert "\n".join(told).count("is captured") >= 2
    assert SENTINEL not in "\n".join(told)
    assert "token=" not in "\n".join(told)


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
async def test_no_failure_and_no_log_record_tells_a_key(
    geocoder: Geocoder, server: StandIn, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = answer
    await _assert_that_nobody_tells(geocoder.reverse(*BAKU, "az", opened), caplog)


@pytest.mark.parametrize(
    "answer",
    [google_refuses("REQUEST_DENIED", f"The API key {SENTINEL} is invalid."), {"status": SENTINEL, "results": []}],
)
async def test_nor_does_a_refusal_of_google_that_quotes_it(
    server: StandIn, answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = json_of(answer)
    async with contextlib.aclosing(KINDS["google"].make(server.url, 5.0)) as geocoder:
        await _assert_that_nobody_tells(geocoder.reverse(*BAKU, "az", opened), caplog)


@pytest.mark.parametrize("kind", KINDS)
async def test_nor_does_an_answer_that_is_late(server: StandIn, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    async def silent(_request: web.Request) -> web.StreamResponse:
        await server.never.wait()
        return web.Response()

    server.answer = silent
    async with contextlib.aclosing(KINDS[kind].make(server.url + QUERY, 0.05)) as geocoder:
        await _assert_that_nobody_tells(geocoder.reverse(*BAKU, "az", opened), caplog)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "address", ["http://[::1", "http://a b/", "http://", "http://a..b/", "ftp://a/", "http://no-such-host.invalid/"]
)
async def test_nor_does_an_address_that_leads_nowhere(
    kind: str, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with contextlib.aclosing(KINDS[kind].make(address + QUERY, 5.0)) as geocoder:
        await _assert_that_nobody_tells(geocoder.reverse(*BAKU, "az", opened), caplog)


@pytest.mark.parametrize("kind", KINDS)
async def test_nor_does_a_port_that_nobody_listens_on(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    url = f"http://{LOOPBACK}:{free_port()}/reverse{QUERY}"
    async with contextlib.aclosing(KINDS[kind].make(url, 5.0)) as geocoder:
        await _assert_that_nobody_tells(geocoder.reverse(*BAKU, "az", opened), caplog)


@pytest.mark.parametrize(("kind", "parameter"), [("google", "key"), ("mapbox", "access_token")])
async def test_a_key_is_in_the_query_and_nowhere_else(server: StandIn, kind: str, parameter: str) -> None:
    server.answer = plain(200, BODY)
    async with contextlib.aclosing(KINDS[kind].make(server.url, 5.0)) as geocoder:
        await geocoder.reverse(*BAKU, "az", opened)
        assert SENTINEL not in repr(geocoder) + repr(vars(geocoder)) + str(geocoder.policy)
    asked = server.asked[-1]
    assert [name for name, value in asked.query.items() if SENTINEL in value] == [parameter]
    assert not [name for name, value in asked.headers.items() if SENTINEL in value]
