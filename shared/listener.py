"""Owns how a service listens on HTTP: how many connections it holds, how long each may take, and who goes first.

| what a client does                                          | what becomes of its connection                     |
|-------------------------------------------------------------|----------------------------------------------------|
| sends no whole head within 10 s of the head's first byte    | cut; a new connection is as good as a first byte   |
| has not taken its answer 30 s after the whole head          | cut                                                |
| sends what is no HTTP                                       | 400 and closed, without a line in the log          |
| sends a body after it was refused                           | read and thrown away for 2 s, then closed          |
| is one more than there is room for                          | taken, and the one that was idle longest is cut    |
| asks once more when the service was told to stop            | answered, told `Connection: close`, and closed     |

An idle connection that is closed may be in use at that very moment: its request is on the way, and its client does not
know whether it was read. So who is connected when the service stops is heard for a while longer, and closed with an
answer; only who has not asked all that time is closed without one.

Those who were never answered 200 are cut before those who were, so a crowd of strangers cannot crowd out who is known
here. Where all are being answered at once, the new one is cut. Connections cut are counted, not logged: a line each
would be one more thing to flood.
"""

import asyncio
import contextlib
import itertools
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.http import RawRequestMessage

from shared.metrics import HTTP_CUT

HEAD_TIMEOUT: Final = 10.0
ANSWER_TIMEOUT: Final = 30.0
LINGER: Final = 2.0
SHUTDOWN_TIMEOUT: Final = 2.0
"""Seconds that requests in hand have to finish when the service stops."""
FAREWELL: Final = 1.0
"""Seconds before that in which who is connected may still ask; enough for connections that are in use at all."""
BACKLOG: Final = 1024
"""Connections that the kernel holds for us; they come up in one go, above those that there is room for."""
FILES_EACH: Final = 4
"""File descriptors for each connection that there is room for: the others are for the backlog and for our engines."""
HEAD_LIMITS: Final = {"max_line_size": 4096, "max_field_size": 4096, "max_headers": 64}
"""Bytes, bytes, lines: a head that is not whole yet costs 256 KiB at most; Telegram's and a proxy's are below 4."""


class _House:
    """The connections of one listener, those that are idle in the order in which they became so."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._inside: set[_Guest] = set()
        self._strangers: dict[_Guest, None] = {}
        self._known: dict[_Guest, None] = {}
        self._empty = asyncio.Event()
        self.closing = False

    def enter(self, guest: "_Guest") -> None:
        """Take a connection in; where there is no room, one is cut."""
        longest_idle = next(itertools.chain(self._strangers, self._known), guest)
        self._inside.add(guest)
        self._strangers[guest] = None
        if len(self._inside) > self._room:
            longest_idle.cut("crowded")

    def busy(self, guest: "_Guest") -> None:
        """It is being answered."""
        self._strangers.pop(guest, None)
        self._known.pop(guest, None)

    def idle(self, guest: "_Guest", *, known: bool) -> None:
        """It was answered and is idle again."""
        if guest in self._inside:
            (self._known if known else self._strangers)[guest] = None

    def leave(self, guest: "_Guest") -> None:
        """It is gone, or cut; harmless when called again."""
        self._inside.discard(guest)
        self.busy(guest)
        if not self._inside:
            self._empty.set()

    async def see_out(self, seconds: float) -> None:
        """Let everybody go with their next answer; returns when nobody is left, or after so long."""
        self.closing = True
        if self._inside:
            self._empty.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._empty.wait()


class _Guest(web.RequestHandler):
    """One connection, with a deadline for what it does now."""

    __slots__ = ("_deadline", "_house", "_known_here", "_malformed", "_wire")

    def __init__(self, house: _House, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        limits: dict[str, Any] = HEAD_LIMITS
        # What is compressed is refused by the service's own code; aiohttp's would fail on what it cannot unpack.
        super().__init__(server, loop=loop, auto_decompress=False, lingering_time=LINGER, **limits)
        self._house = house
        self._deadline: asyncio.TimerHandle | None = None
        self._known_here = self._malformed = False
        self._wire: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._wire = cast("asyncio.Transport", transport)  # of TCP; aiohttp forgets its own before it is closed
        self._until(HEAD_TIMEOUT, "head late")
        self._house.enter(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._house.leave(self)
        self._until(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if data and self._deadline is None:
            self._until(HEAD_TIMEOUT, "head late")
        if not self._malformed:
            super().data_received(data)
            self._notice_an_error()

    def _notice_an_error(self) -> None:
        """Hear no more after bytes that are no request, and keep none of them.

        aiohttp would make an error of each piece that follows, and each error's traceback holds its piece, in a ring
        that only the garbage collector opens: 15 MB a connection that sends without end.
        """
        error = self._messages[-1][0] if self._messages else None
        if error is not None and not isinstance(error, RawRequestMessage):
            self._malformed = True
            error.exc.__traceback__ = None

    def begin(self) -> None:
        """A head is whole, and its answer is being made."""
        self._house.busy(self)
        self._until(ANSWER_TIMEOUT, "answer late")

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if self._house.closing:
            resp.force_close()
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._known_here = self._known_here or resp.status == web.HTTPOk.status_code
            self._until(None)
            self._house.idle(self, known=self._known_here)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status != web.HTTPBadRequest.status_code:
            return super().handle_error(request, status, exc, message)
        HTTP_CUT.labels("malformed").inc()
        response = web.Response(status=status, text="this is no request\n")
        response.force_close()
        return response

    def cut(self, reason: str) -> None:
        """End the connection now."""
        HTTP_CUT.labels(reason).inc()
        self._house.leave(self)
        self._until(None)
        if self._wire is not None:
            self._wire.abort()

    def _until(self, seconds: float | None, reason: str = "") -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self._loop.call_later(seconds, self.cut, reason)


@web.middleware
async def _begin(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if isinstance(request.protocol, _Guest):
        request.protocol.begin()
    return await handler(request)


def _room(wanted: int) -> int:
    """Connections that there are file descriptors for, at most as many as wanted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted * FILES_EACH
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(wanted, soft // FILES_EACH)


@contextlib.asynccontextmanager
async def serving(app: web.Application, host: str, port: int, room: int, farewell: float = 0.0) -> AsyncIterator[None]:
    """Serve the application while the block runs, then let requests in hand finish.

    Args:
        app: what answers; it is served once.
        host: where it listens.
        port: likewise.
        room: connections held at once; fewer where the process may not open as many files.
        farewell: seconds in which connections are still heard when the block is over; no new ones are taken.
    """
    app.middlewares.insert(0, _begin)
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    house, loop = _House(_room(room)), asyncio.get_running_loop()
    listening: asyncio.Server | None = None

    def guest() -> _Guest:
        if runner.server is None:
            raise AssertionError  # it is there from `setup` to `cleanup`, and we listen between them
        return _Guest(house, runner.server, loop)

    try:
        listening = await loop.create_server(guest, host, port, backlog=BACKLOG)
        yield
    finally:
        if listening is not None:
            listening.close()
            await house.see_out(farewell)
        await runner.cleanup()
