"""One request from its arrival to its answer: the stamp, the limits, the faults, the method, the ledger."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from simulator.botapi import parameters
from simulator.botapi.errors import (
    ApiError,
    BadRequestError,
    ServerError,
    TooManyRequestsError,
    UnauthorizedError,
)
from simulator.faults import Fate, Faults
from simulator.ledger import Arrival, Call, Ledger, Outcome
from simulator.stamper import HEADER

if TYPE_CHECKING:
    from simulator.botapi.flood import Flood
    from simulator.botapi.methods import Method, Methods

RESET_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER's way to say: close with a reset, not with a farewell."""


class Door:
    """Answers `/bot<token>/<method>`."""

    def __init__(self, token: str, methods: Methods, flood: Flood, faults: Faults, ledger: Ledger) -> None:
        self._token = token
        self._methods = methods
        self._flood = flood
        self._faults = faults
        self._ledger = ledger

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Handle one request; it was stamped when its first bytes came."""
        arrival = Arrival.stamped(float(request.headers[HEADER]))
        try:
            if request.match_info["token"] != self._token:
                raise UnauthorizedError("Unauthorized")
            method = self._methods.find(request.match_info["method"])
        except ApiError as refusal:
            return _json(refusal.status, refusal.body())
        call = self._ledger.open_call(arrival, method.name, counted=method.counted)
        try:
            return await self._serve(request, method, call)
        finally:
            if call.outcome is Outcome.PENDING:
                self._ledger.close_call(call, Outcome.LOST)

    async def _serve(self, request: web.Request, method: Method, call: Call) -> web.StreamResponse:
        retry_after = self._flood.overall(call.arrived) if method.counted else 0
        raw, problem = await _read(request)
        call.params = parameters.loggable(raw)
        call.chat_id = parameters.number(raw.get("chat_id"))
        fate = self._faults.fate_of(call.chat_id) if method.counted else Fate.SERVED
        if fate is Fate.RESET_BEFORE:
            self._ledger.close_call(call, Outcome.RESET_BEFORE)
            return _reset(request)
        try:
            if problem is not None:
                raise problem
            self._check_limits(call, retry_after, fate, counted=method.counted)
            body = await method.answer(parameters.validate(method.parameters, raw))
        except ApiError as refusal:
            self._ledger.close_call(call, Outcome.REFUSED, refusal.status, str(refusal))
            await self._delay(method)
            return _json(refusal.status, refusal.body(), getattr(refusal, "retry_after", None))
        return await self._tell(request, call, method, body, fate=fate)

    async def _tell(
        self, request: web.Request, call: Call, method: Method, body: dict[str, Any], *, fate: Fate
    ) -> web.StreamResponse:
        if method.counted:
            call.message_id = body["result"]["message_id"]
        if fate is Fate.RESET_AFTER:
            self._ledger.close_call(call, Outcome.RESET_AFTER)
            await self._delay(method)
            return _reset(request)
        self._ledger.close_call(call, Outcome.OK, 200)
        payload = orjson.dumps(body)
        await self._delay(method)
        return web.Response(body=payload, content_type="application/json")

    def _check_limits(self, call: Call, retry_after: int, fate: Fate, *, counted: bool) -> None:
        if retry_after:
            raise TooManyRequestsError(retry_after)
        if fate is Fate.FLOOD:
            raise TooManyRequestsError(self._faults.flood_retry_after)
        if fate is Fate.SERVER_ERROR:
            raise ServerError(self._faults.server_error_code)
        if counted and call.chat_id is not None:
            retry_after = self._flood.chat(call.chat_id, call.arrived)
            if retry_after:
                raise TooManyRequestsError(retry_after)

    async def _delay(self, method: Method) -> None:
        if method.counted and (delay := self._faults.answer_delay()) > 0:
            await asyncio.sleep(delay)


async def _read(request: web.Request) -> tuple[dict[str, Any], BadRequestError | None]:
    try:
        return await parameters.read(request), None
    except BadRequestError as problem:
        return {}, problem
    except ValueError:
        return {}, BadRequestError("can't parse the request")


def _json(status: int, body: dict[str, Any], retry_after: int | None = None) -> web.Response:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)


def _reset(request: web.Request) -> web.StreamResponse:
    """Break the connection with a reset; what is returned reaches nobody."""
    if (transport := request.transport) is not None:
        if (connection := transport.get_extra_info("socket")) is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
        transport.abort()
    return web.Response()
