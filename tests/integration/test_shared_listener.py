"""How long a connection may take and how many there may be; a crowd of strangers keeps nobody out who is known."""

import asyncio
import contextlib
import gc
import resource
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import REGISTRY

from local.ports import LOOPBACK, free_port
from shared import listener
from shared.listener import serving

LIMIT = 10.0
GET = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
MUCH = 64 * 1024 * 1024
"""Bytes of an answer that no socket's buffer holds."""


@dataclass
class Caller:
    """One connection to the listener, as raw bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, path: bytes = b"quick") -> int:
        """Send a request and read its answer; returns the status."""
        self.writer.write(GET % path)
        return await self.answer()

    async def answer(self) -> int:
        async with asyncio.timeout(LIMIT):
            head = await self.reader.readuntil(b"\r\n\r\n")
            (length,) = [int(line.split()[1]) for line in head.splitlines() if line.startswith(b"Content-Length")]
            await self.reader.readexactly(length)
        return int(head.split()[1])

    async def ends(self) -> None:
        """Wait until the listener has ended the connection."""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(LIMIT):
                assert await self.reader.read() is not None


@dataclass
class Place:
    """A listener with a page that answers at once, one that answers when it is told to, and one that is large."""

    port: int
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    callers: list[Caller] = field(default_factory=list)

    async def call(self, sent: bytes = b"") -> Caller:
        caller = Caller(*await asyncio.open_connection(LOOPBACK, self.port))
        caller.writer.write(sent)
        self.callers.append(caller)
        return caller

    async def quick(self, _request: web.Request) -> web.Response:
        return web.Response(text="here")

    async def slow(self, _request: web.Request) -> web.Response:
        self.asked.release()
        await self.opened.wait()
        return web.Response(text="at last")

    async def large(self, _request: web.Request) -> web.Response:
        return web.Response(body=b"x" * MUCH)

    async def broken(self, _request: web.Request) -> web.Response:
        raise RuntimeError("a defect")

    async def refuse(self, _request: web.Request) -> web.Response:
        response = web.Response(status=401, text="no")
        response.force_close()
        return response


Opens = Callable[[int], contextlib.AbstractAsyncContextManager[Place]]


@contextlib.asynccontextmanager
async def place(room: int = 50) -> AsyncIterator[Place]:
    here = Place(free_port())
    app = web.Application()
    for name in ("quick", "slow", "large", "broken", "refuse"):
        app.router.add_route("*", f"/{name}", getattr(here, name))
    async with serving(app, LOOPBACK, here.port, room):
        yield here
        here.opened.set()
        for caller in here.callers:
            caller.writer.transport.abort()


def cut(why: str) -> float:
    return REGISTRY.get_sample_value("fleet_http_cut_total", {"why": why}) or 0.0


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines of a moment instead of ten and thirty seconds."""
    monkeypatch.setattr(listener, "HEAD_TIMEOUT", 0.2)
    monkeypatch.setattr(listener, "ANSWER_TIMEOUT", 0.4)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("sent", [b"", b"GET /qu", b"GET /quick HTTP/1.1\r\nHost: x\r\nX-Slow: 1\r\n"])
async def test_a_head_that_does_not_become_whole_is_cut_and_counted(sent: bytes) -> None:
    before = cut("head late")
    async with place() as here:
        await (await here.call(sent)).ends()
    assert cut("head late") == before + 1


@pytest.mark.usefixtures("hurried")
async def test_a_head_that_drips_is_cut_however_often_a_byte_comes() -> None:
    async with place() as here:
        caller = await here.call(b"GET /quick HTTP/1.1\r\nX-Drip: ")
        ended = asyncio.create_task(caller.ends())
        while not ended.done():
            caller.writer.write(b"x")
            await asyncio.wait([ended], timeout=0.02)
        await ended


@pytest.mark.usefixtures("hurried")
async def test_the_second_head_on_a_connection_has_the_same_deadline() -> None:
    async with place() as here:
        caller = await here.call()
        assert await caller.ask() == 200
        caller.writer.write(b"GET /quick HT")
        await caller.ends()


async def test_a_connection_that_was_answered_may_be_idle_for_longer_than_a_head_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with place() as here:
        caller = await here.call()
        assert await caller.ask() == 200
        monkeypatch.setattr(listener, "HEAD_TIMEOUT", 0.1)
        await (await here.call()).ends()  # one that came later and never asked is gone
        assert await caller.ask() == 200


@pytest.mark.usefixtures("hurried")
async def test_who_does_not_take_the_answer_is_cut_and_counted() -> None:
    before = cut("answer late")
    async with place() as here:
        caller = await here.call()
        caller.writer.write(GET % b"large")
        await here_is_cut("answer late", before)
        assert len(await caller.reader.read(MUCH)) < MUCH


async def here_is_cut(why: str, before: float) -> None:
    """The listener is in this process: give it its turns until it has cut one."""
    async with asyncio.timeout(LIMIT):
        while cut(why) == before:  # noqa: ASYNC110 - a counter tells nobody that it has changed
            await asyncio.sleep(0.02)


async def test_a_crowd_of_strangers_keeps_out_neither_the_newcomer_nor_the_known() -> None:
    before = cut("crowded")
    async with place(room=5) as here:
        known = await here.call()
        assert await known.ask() == 200
        crowd = [await here.call() for _ in range(30)]
        await asyncio.gather(*(one.ends() for one in crowd[:26]))  # the oldest first; four are as many as fit beside
        newcomer = await here.call()
        assert await newcomer.ask() == 200
        assert await known.ask() == 200
        assert cut("crowded") == before + 27


async def test_who_was_only_refused_is_no_more_known_than_who_never_asked() -> None:
    async with place(room=2) as here:
        known = await here.call()
        assert await known.ask() == 200
        refused = await here.call()
        assert await refused.ask(b"nowhere") == 404
        await here.call()
        await refused.ends()
        assert await known.ask() == 200


async def test_whoever_is_being_answered_is_not_cut_for_a_newcomer() -> None:
    async with place(room=3) as here:
        busy = [await here.call(GET % b"slow") for _ in range(3)]
        for _ in busy:
            await here.asked.acquire()
        await (await here.call()).ends()
        here.opened.set()
        assert [await one.answer() for one in busy] == [200] * 3


async def test_what_is_no_request_is_400_and_leaves_no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    before = cut("malformed")
    async with place() as here:
        for garbage in (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nX" + b"y" * 9000):
            caller = await here.call(garbage)
            assert await caller.answer() == 400
            await caller.ends()
    assert cut("malformed") == before + 3
    assert caplog.records == []


async def test_a_head_of_too_many_lines_is_400() -> None:
    async with place() as here:
        lines = b"".join(b"X-%d: y\r\n" % number for number in range(100))
        assert await (await here.call(b"GET /quick HTTP/1.1\r\n" + lines + b"\r\n")).answer() == 400


async def test_a_defect_is_500_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with place() as here:
        assert await (await here.call()).ask(b"broken") == 500
    assert "a defect" in caplog.text


async def test_the_body_of_who_was_refused_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "LINGER", 0.2)
    async with place() as here:
        caller = await here.call(b"POST /refuse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert await caller.answer() == 401
        ended = asyncio.create_task(caller.ends())
        while not ended.done():
            caller.writer.write(b"1\r\nx\r\n")
            await asyncio.wait([ended], timeout=0.02)
        await ended


async def test_http_1_0_and_pipelined_requests_are_answered() -> None:
    async with place() as here:
        caller = await here.call(GET % b"quick" * 3)
        assert [await caller.answer() for _ in range(3)] == [200] * 3
        old = await here.call(b"GET /quick HTTP/1.0\r\n\r\n")
        assert await old.answer() == 200
        await old.ends()


@pytest.mark.parametrize(
    ("limits", "raised", "room"),
    [
        ((1024, 1_000_000), 4000, 1000),
        ((20_000, 20_000), None, 1000),
        ((1024, 1024), 1024, 256),
        ((256, -1), 4000, 1000),
    ],
)
def test_there_is_room_for_as_many_as_there_are_files_for(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], raised: int | None, room: int
) -> None:
    changed: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda which, to: changed.append((which, to)))
    assert listener._room(1000) == room  # noqa: SLF001 - the process's own limits are not a test's to change
    assert changed == ([] if raised is None else [(resource.RLIMIT_NOFILE, (raised, limits[1]))])


async def test_what_is_no_request_leaves_nothing_in_memory_however_much_of_it_comes() -> None:
    gc.collect()
    async with place() as here:
        for _ in range(5):
            caller = await here.call(b"GET /quick HTTP/1.1\r\nX: ")
            with contextlib.suppress(ConnectionError):
                for _ in range(64):
                    caller.writer.write(b"y" * 65_536)
                    await caller.writer.drain()
                await caller.ends()
        del caller
        left = [one for one in gc.get_objects() if isinstance(one, HttpProcessingError) and one.__traceback__]
    assert left == []


@contextlib.asynccontextmanager
async def stopping(farewell: float) -> AsyncIterator[tuple[Caller, asyncio.Task[None]]]:
    """A caller that was answered by a listener which stops from now on, and the end of that."""
    here, app, up, over = Place(free_port()), web.Application(), asyncio.Event(), asyncio.Event()
    app.router.add_get("/quick", here.quick)

    async def listen() -> None:
        async with serving(app, LOOPBACK, here.port, 50, farewell):
            up.set()
            await over.wait()

    listening = asyncio.create_task(listen())
    await up.wait()
    caller = await here.call()
    assert await caller.ask() == 200
    over.set()
    with contextlib.suppress(ConnectionError):  # refused, or reset as it was being taken
        while True:
            (await here.call()).writer.transport.abort()
    yield caller, listening
    caller.writer.transport.abort()
    await listening


async def test_who_is_connected_when_the_service_stops_is_answered_once_more_and_nobody_is_waited_for_in_vain() -> None:
    async with stopping(farewell=2 * LIMIT) as (caller, listening):
        assert await caller.ask() == 200
        await caller.ends()
        async with asyncio.timeout(LIMIT):
            await listening


async def test_who_does_not_ask_once_more_is_closed_all_the_same() -> None:
    async with stopping(farewell=0.05) as (caller, _):
        await caller.ends()
