"""Everything that may come back instead of an address."""

import contextlib
import gzip
from collections.abc import Mapping
from typing import Final

import orjson
from aiohttp import web

from geo_worker.geocoders.http import MAX_BODY
from tests.unit.geo_worker.geocoder_answers import MAPBOX_REFUSES, NOMINATIM_BAKU
from tests.unit.geo_worker.geocoder_kinds import BODY, for_all
from tests.unit.geo_worker.geocoder_stand_in import Answer, json_of

JSON: Final = "application/json"


def plain(status: int, body: bytes = b"", kind: str = JSON, headers: Mapping[str, str] | None = None) -> Answer:
    """This, whatever was asked."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={"Content-Type": kind, **(headers or {})})

    return answer


async def truncated(request: web.Request) -> web.StreamResponse:
    """The connection ends within the body."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(BODY[:50])
    assert request.transport is not None
    request.transport.close()
    return response


async def hangs_up(request: web.Request) -> web.StreamResponse:
    """The connection ends before an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def _no_http(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.write(b"220 smtp.example.az ESMTP\r\n\r\n")
    request.transport.close()
    return web.Response()


async def _echo(request: web.Request) -> web.StreamResponse:
    return web.Response(body=f"<h1>No such page: {request.path_qs}</h1>".encode() + b"\xff", content_type="text/html")


async def _echo_in_json(request: web.Request) -> web.StreamResponse:
    body = {**for_all({request.path_qs: 1}), "status": request.path_qs}
    return web.Response(body=orjson.dumps(body), content_type="application/json")


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" " * 16384)
    return response


FAILURES: Final[dict[str, Answer]] = {
    "500": plain(500, BODY),
    "502 with a page": plain(502, b"<html>Bad gateway</html>", "text/html"),
    "503": plain(503, BODY),
    "429": plain(429, b'{"error": "Bandwidth limit exceeded"}', headers={"Retry-After": "30"}),
    "401": plain(401, orjson.dumps(MAPBOX_REFUSES)),
    "403 with a page": plain(403, b"<html>Access blocked</html>", "text/html"),
    "400 as Photon's": plain(400, b'{"message": "unknown query parameter(s) \'zoom\'"}'),
    "404": plain(404, BODY),
    "204": plain(204),
    "206": plain(206, BODY),
    "redirect": plain(302, headers={"Location": "/elsewhere"}),
    "redirect nowhere": plain(308),
    "html instead of json": plain(200, b"<!doctype html><title>Welcome to the Wi-Fi</title>", "text/html"),
    "empty body": plain(200),
    "not utf-8": plain(200, BODY.replace(b"Bak", b"\xff\xfe")),
    "half of a surrogate pair": plain(200, BODY.replace(b"Bak", b"\\ud800")),
    "not a number": plain(200, BODY.replace(b'"Neft', b'NaN, "')),
    "nothing but not a number": plain(200, b"NaN"),
    "null": json_of(None),
    "json of somebody else": json_of({"message": "ok"}),
    "a list": json_of([NOMINATIM_BAKU]),
    "wrong types": json_of({"display_name": 153, "features": {}, "status": 200, "results": {}}),
    "wrong types inside": json_of(for_all({"az": "Bakı"})),
    "features of nothing": json_of({"display_name": [], "features": [None], "status": "OK", "results": [None]}),
    "over 64 KiB": plain(200, BODY.ljust(MAX_BODY + 1)),
    "nested without end": plain(200, b"[" * MAX_BODY),
    "fields nested without end": plain(200, b'{"a":' * (MAX_BODY // 5)),
    "not what the encoding says": plain(200, BODY, headers={"Content-Encoding": "gzip"}),
    "a bomb": plain(200, gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"}),
    "what was asked, as a page": _echo,
    "what was asked, as json": _echo_in_json,
    "a cookie that is none": plain(500, headers={"Set-Cookie": "a b=c; =; \u00e9"}),
    "truncated": truncated,
    "hangs up": hangs_up,
    "no http": _no_http,
    "without end": _endless,
}
