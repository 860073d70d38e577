"""Owns asking a geocoder over HTTP: who we say we are, how long we wait, how much we read, what counts as an answer.

| what comes back                         | outcome                                                             |
|-----------------------------------------|---------------------------------------------------------------------|
| 200 with the documented JSON            | the answer                                                          |
| 429                                     | failed; left alone for Retry-After, or a minute if it does not say  |
| 503                                     | failed; left alone for Retry-After if it says                       |
| 401, 403                                | failed; left alone for a minute, and the text names what to look at |
| any other status, a redirect included   | failed                                                              |
| nothing, too late, cut off, over 64 KiB | failed                                                              |
| 200 with anything else                  | failed                                                              |

The address asked may hold a key, and aiohttp's exceptions quote the address. So a failure names only their type, and
is raised where none of them is being handled: nothing in its chain knows the key.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import SimpleNamespace
from typing import Final, TypeVar

import aiohttp
import msgspec

from geo_worker.geocoders import Gate, GeocoderFailed

MAX_BODY: Final = 64 * 1024
"""Bytes; an answer is one or two kilobytes."""
MAX_PAUSE: Final = 3600.0
"""Seconds; whoever asks for more is asked again after this."""
PAUSE: Final = 60.0
"""Seconds for which a geocoder is left alone that refuses us and does not say for how long."""
AGENT: Final = "checkin-fleet/0.1"

T = TypeVar("T")


def degrees(value: float) -> str:
    """A coordinate as it leaves: rounded to 4 decimals, which is 11 m."""
    return f"{value:z.4f}"


def pause_asked_for(retry_after: str | None, now: datetime) -> float | None:
    """Seconds, at most an hour, that a Retry-After header asks for (RFC 9110, 10.2.3); None if it is no such thing."""
    if retry_after is None:
        return None
    with contextlib.suppress(ValueError):
        return float(min(max(int(retry_after), 0), MAX_PAUSE))
    try:
        then = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    if then.tzinfo is None:  # "-0000"
        then = then.replace(tzinfo=UTC)
    return min(max((then - now).total_seconds(), 0.0), MAX_PAUSE)


class GeocoderHttp:
    """One geocoder's endpoint.

    Args:
        url: the endpoint; a query that it has is kept.
        timeout: seconds for a request, the time at the gate not counted.
        user_agent: who we say we are.
        look_at: the setting to look at when it refuses us.
    """

    def __init__(self, url: str, timeout: float, user_agent: str, look_at: str) -> None:
        self._url = url
        self._timeout = timeout
        self._look_at = look_at
        at_the_write = aiohttp.TraceConfig()
        at_the_write.on_request_headers_sent.append(_pass)
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None),  # ours stands still at the gate, theirs cannot
            headers={"User-Agent": user_agent},
            raise_for_status=False,
            trace_configs=[at_the_write],
        )

    async def ask(self, query: Mapping[str, str], kind: type[T], gate: Gate) -> T:
        """GET the endpoint and read its JSON as that type.

        The gate is awaited when the connection stands and nothing is left to do but to write, and again where the
        server had closed the connection and the request is repeated on a new one. What it raises is raised here.

        Raises:
            GeocoderFailed: every outcome but the first of the table above.
        """
        body = await self._body(query, gate)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as problem:
            reason = str(problem)
        except (UnicodeDecodeError, RecursionError) as problem:  # the former quotes the whole answer
            reason = type(problem).__name__
        raise GeocoderFailed(f"not the documented answer: {reason}")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _body(self, query: Mapping[str, str], gate: Gate) -> bytes:
        deadline = asyncio.get_running_loop().time() + self._timeout
        problem: Exception
        try:
            async with asyncio.timeout_at(deadline) as limit:
                passage = _Passage(gate, limit, deadline)
                # The server may close the connection while the request waits at the gate: nothing was written then.
                with contextlib.suppress(aiohttp.ClientConnectionResetError):
                    return await self._exchange(query, passage)
                return await self._exchange(query, passage)
        except _Stopped as stopped:
            problem = stopped.problem
        except (aiohttp.ClientError, OSError, ValueError) as late:  # TimeoutError is an OSError, a bad URL a ValueError
            problem = GeocoderFailed(f"no answer: {type(late).__name__}")
        raise problem

    async def _exchange(self, query: Mapping[str, str], passage: "_Passage") -> bytes:
        async with self._session.get(
            self._url, params=query, allow_redirects=False, trace_request_ctx=passage
        ) as response:
            if response.status != HTTPStatus.OK:
                raise self._refusal(response.status, response.headers.get("Retry-After"))
            body = await response.content.read(MAX_BODY + 1)
            while len(body) <= MAX_BODY and (more := await response.content.read(MAX_BODY)):
                body += more
        if len(body) > MAX_BODY:
            raise GeocoderFailed(f"the answer is over {MAX_BODY} bytes")
        return body

    def _refusal(self, status: int, retry_after: str | None) -> GeocoderFailed:
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return GeocoderFailed(f"status {status}: look at {self._look_at}", PAUSE)
        pause = None
        if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            pause = pause_asked_for(retry_after, datetime.now(UTC))
        if status == HTTPStatus.TOO_MANY_REQUESTS and pause is None:
            pause = PAUSE
        return GeocoderFailed(f"status {status}", pause)


class _Stopped(Exception):
    """Carries what the gate raised through aiohttp, which would translate an OSError and try again after some."""

    def __init__(self, problem: Exception) -> None:
        super().__init__()
        self.problem = problem


class _Passage:
    """One request's way through the gate; its clock stands still meanwhile."""

    def __init__(self, gate: Gate, limit: asyncio.Timeout, deadline: float) -> None:
        self._gate = gate
        self._limit = limit
        self._deadline = deadline

    async def through(self) -> None:
        loop = asyncio.get_running_loop()
        left = self._deadline - loop.time()
        self._limit.reschedule(None)
        try:
            await self._gate()
        except Exception as problem:  # noqa: BLE001 - it is raised again as it is, once it is past aiohttp
            raise _Stopped(problem) from None
        self._deadline = loop.time() + left
        self._limit.reschedule(self._deadline)


async def _pass(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _sent: aiohttp.TraceRequestHeadersSentParams
) -> None:
    """Hold the request: in spite of its name the signal comes before the headers are written, and is waited for."""
    passage: _Passage = context.trace_request_ctx
    await passage.through()
