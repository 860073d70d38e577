"""Owns `POST /webhook`: who may post, how much, and which status tells Telegram what to do next.

| status | when                                        | what Telegram does                              |
|--------|---------------------------------------------|-------------------------------------------------|
| 200    | the broker holds the update, or we drop it  | forgets it                                      |
| 401    | the secret is missing, wrong or given twice | sends it again                                  |
| 403    | the caller is not of WEBHOOK_SOURCES        | sends it again                                  |
| 408    | the body did not arrive within 10 s         | sends it again                                  |
| 413    | the body is over 1 MiB                      | sends it again; its own updates are far smaller |
| 415    | the body is compressed                      | sends it again; its own updates never are       |
| 503    | the broker is away or late                  | waits `Retry-After` seconds and sends it again  |
"""

import asyncio
import hmac
import random
import time
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from aiohttp import web

from ingress.intake import Intake
from ingress.metrics import REFUSED_SOURCES, WEBHOOK_SECONDS, WEBHOOKS
from ingress.sources import EVERYBODY, Sources
from shared import tracing
from shared.errors import BrokerUnavailable

MAX_BODY: Final = 1024 * 1024
"""Bytes; Telegram's updates are a few kilobytes."""
BODY_TIMEOUT: Final = 10.0
"""Seconds a client may take to send a body."""
ROOM: Final = 1000
"""Connections at once; Telegram opens 100 at most."""
SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header, no secret
FORWARDED_FOR: Final = "X-Forwarded-For"
RETRY_AFTER: Final = (2, 5)
"""Seconds, least and most: soon enough to recover quickly, spread so that all do not return at once."""

_FACTS: Final = MappingProxyType({"http.request.method": "POST", "http.route": "/webhook", "url.scheme": "http"})
"""What conventions want to be told of a request. Of who calls nothing is told, and what they say of a trace of theirs
is not listened to: it begins here, when the body has been read."""


class Webhook:
    """The webhook's application."""

    def __init__(self, intake: Intake, secrets: Sequence[bytes], sources: Sources = EVERYBODY) -> None:
        self._intake = intake
        self._secrets = secrets
        self._sources = sources

    def app(self) -> web.Application:
        """The application with its one route."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/webhook", self._post)
        return app

    async def _post(self, request: web.Request) -> web.Response:
        started = time.monotonic()
        response = await self._answer(request)
        WEBHOOKS.labels(str(response.status)).inc()
        WEBHOOK_SECONDS.observe(time.monotonic() - started)
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        return await self._take(request) if refusal is None else refusal

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Why the request is refused before any of its body is read."""
        stranger = self._sources.refusal(request.remote, request.headers.getall(FORWARDED_FOR, []))
        if stranger is not None:
            REFUSED_SOURCES.labels(stranger.why).inc()
            return _refuse(403, stranger.said)
        if not self._knows(request.headers.getall(SECRET_HEADER, [])):
            return _refuse(401, "the secret is missing or wrong")
        if "Content-Encoding" in request.headers:
            return _refuse(415, "compressed bodies are not taken")
        return None

    async def _take(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                body = await _read(request)
        except TimeoutError:
            return _refuse(408, "the body did not arrive in time")
        if body is None:
            return _refuse(413, f"the body is over {MAX_BODY} bytes")
        with tracing.begin("POST /webhook", "server", _FACTS) as step:
            try:
                await self._intake.take(body, step)
            except BrokerUnavailable:
                pause = random.randint(*RETRY_AFTER)  # noqa: S311 - jitter needs no secrecy
                response = web.Response(status=503, text="try again\n", headers={"Retry-After": str(pause)})
                step.fail(str(response.status))
            else:
                response = web.Response(text="taken\n")
            step.tell({"http.response.status_code": response.status})
        return response

    def _knows(self, shown: Sequence[str]) -> bool:
        """Compare with every secret, each in constant time, so that time tells nothing about them."""
        said = shown[0].encode("utf-8", "surrogateescape") if len(shown) == 1 else b""
        matches = [hmac.compare_digest(said, secret) for secret in self._secrets]  # all of them, always
        return any(matches)


async def _read(request: web.Request) -> bytes | None:
    """The body, or None as soon as it is seen to be too long."""
    if (request.content_length or 0) > MAX_BODY:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _refuse(status: int, reason: str) -> web.Response:
    response = web.Response(status=status, text=f"{reason}\n")
    response.force_close()  # what is left of the body is not read
    return response
