"""Owns how a call is answered: with JSON, with a reset, or not at all; and whether that reached the caller."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from simulator.botapi.errors import ApiError

RESET_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER's way to say: close with a reset, not with a farewell."""
LOOK = 0.05
"""Seconds between looks whether a caller who gets no answer is still there."""


def refusal(why: ApiError) -> web.Response:
    """The answer to a call that is refused."""
    retry_after = getattr(why, "retry_after", None)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = orjson.dumps(why.body())
    return web.Response(status=why.status, body=body, content_type="application/json", headers=headers)


def success(body: dict[str, Any]) -> web.Response:
    """The answer to a call that was done."""
    return web.Response(body=orjson.dumps(body), content_type="application/json")


async def write(request: web.Request, response: web.Response) -> bool:
    """Write the answer now; whether the caller was still there."""
    if _gone(request):
        return False
    try:
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        return False
    return not _gone(request)


def reset(request: web.Request) -> web.StreamResponse:
    """Break the connection with a reset; what is returned reaches nobody."""
    if (transport := request.transport) is not None:
        if (connection := transport.get_extra_info("socket")) is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
        transport.abort()
    return web.Response()


async def hang(request: web.Request) -> web.StreamResponse:
    """Say nothing until the caller has gone; what is returned reaches nobody."""
    while not _gone(request):  # noqa: ASYNC110 - aiohttp tells nobody who waits that a caller has gone
        await asyncio.sleep(LOOK)
    return web.Response()


def _gone(request: web.Request) -> bool:
    return (transport := request.transport) is None or transport.is_closing()
