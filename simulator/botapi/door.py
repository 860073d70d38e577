"""One request from its arrival to its answer: the stamp, the limits, the faults, the method, the ledger."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from simulator.botapi import answers, parameters, schema
from simulator.botapi.errors import (
    ApiError,
    BadRequestError,
    ServerError,
    TooManyRequestsError,
    UnauthorizedError,
)
from simulator.botapi.silence import Silences
from simulator.faults import Fate, Faults
from simulator.ledger import Arrival, Call, Ledger, Outcome, Rule
from simulator.stamper import HEADER

if TYPE_CHECKING:
    from aiohttp import web

    from simulator.botapi.flood import Flood
    from simulator.botapi.methods import Method, Methods


class Door:
    """Answers `/bot<token>/<method>`."""

    def __init__(self, token: str, methods: Methods, flood: Flood, faults: Faults, ledger: Ledger) -> None:
        self._token = token
        self._methods = methods
        self._flood = flood
        self._silences = Silences()
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
            self._ledger.blame_stranger(request.match_info["method"], str(refusal))
            return answers.refusal(refusal)
        call = self._ledger.open_call(arrival, method.name, counted=method.counted)
        try:
            return await self._serve(request, method, call)
        finally:
            if call.outcome is Outcome.PENDING:
                self._ledger.close_call(call, Outcome.LOST)
            if not call.over:
                self._ledger.settle(call, answered=False)

    async def _serve(self, request: web.Request, method: Method, call: Call) -> web.StreamResponse:
        too_many = self._flood.overall(call.arrived) if method.counted else 0
        raw, problem = await _read(request)
        call.params = parameters.loggable(raw)
        call.chat_id = parameters.number(raw.get("chat_id"))
        self._judge(method, call, raw, problem)
        silent_for = self._silence_over(call) if method.counted else 0
        fate = self._faults.fate_of(call.chat_id) if method.counted and not silent_for else Fate.SERVED
        if fate is Fate.RESET_BEFORE:
            self._ledger.close_call(call, Outcome.RESET_BEFORE)
            return answers.reset(request)
        try:
            if problem is not None:
                raise problem
            if silent_for:
                raise TooManyRequestsError(silent_for)
            if method.counted:
                self._check_limits(call, too_many, fate)
            body = await method.answer(parameters.validate(method.parameters, raw))
        except ApiError as refusal:
            self._ledger.close_call(call, Outcome.REFUSED, refusal.status, str(refusal))
            return await self._answer(request, method, call, answers.refusal(refusal))
        if method.counted:
            call.message_id = body["result"]["message_id"]
        return await self._tell(request, method, call, body, fate=fate)

    async def _tell(
        self, request: web.Request, method: Method, call: Call, body: dict[str, Any], *, fate: Fate
    ) -> web.StreamResponse:
        if fate is Fate.RESET_AFTER:
            self._ledger.close_call(call, Outcome.RESET_AFTER)
            await self._delay(method)
            return answers.reset(request)
        if fate is Fate.SILENT:
            self._ledger.close_call(call, Outcome.SILENT)
            return await answers.hang(request)
        if fate is Fate.ERROR_AFTER:
            trouble = ServerError(self._faults.server_error_code)
            self._ledger.close_call(call, Outcome.ERROR_AFTER, trouble.status, str(trouble))
            return await self._answer(request, method, call, answers.refusal(trouble))
        self._ledger.close_call(call, Outcome.OK, 200)
        return await self._answer(request, method, call, answers.success(body))

    async def _answer(
        self, request: web.Request, method: Method, call: Call, response: web.Response
    ) -> web.StreamResponse:
        await self._delay(method)
        self._ledger.settle(call, answered=await answers.write(request, response))
        if call.answered is not None and call.status == TooManyRequestsError.code:
            self._silences.tell(call.chat_id, call.answered)
        return response

    def _judge(self, method: Method, call: Call, raw: dict[str, Any], problem: BadRequestError | None) -> None:
        wrong = schema.problems(method.described, parameters.plain(raw)) if problem is None else [str(problem)]
        for one in wrong:
            self._ledger.blame(call, Rule.SCHEMA, one)

    def _silence_over(self, call: Call) -> int:
        """Seconds left of the silence in which the call arrives; blames it if it breaks one."""
        if (broken := self._silences.broken_by(call.chat_id, call.arrived)) is not None:
            rule = Rule.SILENCE if broken.everybody else Rule.CHAT_SILENCE
            self._ledger.blame(call, rule, f"arrived {broken.until - call.arrived:.3f} s before the end of a silence")
        return self._silences.seconds_left(call.chat_id, call.arrived)

    def _check_limits(self, call: Call, too_many: int, fate: Fate) -> None:
        chat, now = call.chat_id, call.arrived
        if too_many or fate is Fate.FLOOD:
            raise self._silence(call, too_many or self._faults.flood_retry_after, everybody=True)
        if fate is Fate.FLOOD_CHAT:
            raise self._silence(call, self._faults.flood_retry_after, everybody=False)
        if fate is Fate.SERVER_ERROR:
            raise ServerError(self._faults.server_error_code)
        if chat is not None and (retry_after := self._flood.chat(chat, now)):
            raise self._silence(call, retry_after, everybody=False)

    def _silence(self, call: Call, retry_after: int, *, everybody: bool) -> TooManyRequestsError:
        self._silences.begin(call.chat_id, call.arrived, retry_after, everybody=everybody)
        return TooManyRequestsError(retry_after)

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
