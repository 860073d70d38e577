"""No byte of a request leaves but right after the gate let it through."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from geo_worker.geocoders import Gate, Geocoder, GeocoderFailed
from shared.errors import CacheUnavailable
from tests.unit.geo_worker.geocoder_answers import BAKU
from tests.unit.geo_worker.geocoder_failures import hangs_up, plain
from tests.unit.geo_worker.geocoder_kinds import BODY, KINDS, opened
from tests.unit.geo_worker.geocoder_stand_in import LOOPBACK, StandIn, stand_in

GOOD = plain(200, BODY)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


class Counted:
    """A gate that counts, and raises what it is told to."""

    def __init__(self, problem: BaseException | None = None) -> None:
        self.times = 0
        self.problem = problem

    async def __call__(self) -> None:
        self.times += 1
        await asyncio.sleep(0)
        if self.problem is not None:
            raise self.problem


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with stand_in(GOOD) as served:
        yield served


@pytest.fixture(params=KINDS)
async def geocoder(request: pytest.FixtureRequest, server: StandIn) -> AsyncIterator[Geocoder]:
    async with contextlib.aclosing(KINDS[request.param].make(server.url, 5.0)) as made:
        yield made


@EVERY_KIND
async def test_the_write_comes_right_after_the_gate(kind: str) -> None:
    """The server is a bare socket, read by what the loop comes to next after the gate: the bytes are there by then."""
    seen: list[bytes] = []
    connections: list[socket.socket] = []

    def next_in_the_loop() -> None:
        (connection,) = connections
        connection.settimeout(10)  # blocks the loop: nothing but what the gate's own step wrote can arrive
        seen.append(connection.recv(65536))
        connection.sendall(ANSWER)

    async def gate() -> None:
        await asyncio.sleep(0)
        connection, _ = listener.accept()
        connections.append(stack.enter_context(connection))
        connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
        with contextlib.suppress(BlockingIOError):
            seen.append(connection.recv(65536))
        asyncio.get_running_loop().call_soon(next_in_the_loop)

    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((LOOPBACK, 0)))
        listener.settimeout(10)
        url = f"http://{LOOPBACK}:{listener.getsockname()[1]}/reverse"
        async with contextlib.aclosing(KINDS[kind].make(url, 30.0)) as geocoder:
            assert await geocoder.reverse(*BAKU, "az", gate) is not None
    (request,) = seen
    assert request.startswith(b"GET /reverse?")
    assert request.endswith(b"\r\n\r\n")


async def test_the_gate_is_asked_once_a_request(geocoder: Geocoder, server: StandIn) -> None:
    gate = Counted()
    for _ in range(3):
        await geocoder.reverse(*BAKU, "az", gate)
    assert gate.times == len(server.asked) == 3


@pytest.mark.parametrize(
    "problem",
    [
        RuntimeError("not the leader any more"),
        CacheUnavailable("redis"),
        GeocoderFailed("it asked to be left alone", 30.0),
        TimeoutError(),
        ConnectionResetError(104, "reset"),
        ValueError("a value"),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientOSError(),
        aiohttp.ClientConnectionResetError(),
    ],
    ids=lambda problem: type(problem).__name__,
)
async def test_what_the_gate_raises_stops_the_request(geocoder: Geocoder, server: StandIn, problem: Exception) -> None:
    gate = Counted(problem)
    with pytest.raises(type(problem)) as stopped:
        await geocoder.reverse(*BAKU, "az", gate)
    assert stopped.value is problem
    assert problem.__cause__ is None
    assert problem.__context__ is None
    assert gate.times == 1
    await geocoder.reverse(*BAKU, "az", opened)
    assert len(server.asked) == 1  # the second


async def test_whoever_is_cancelled_at_the_gate_has_asked_nothing(geocoder: Geocoder, server: StandIn) -> None:
    at_the_gate = asyncio.Event()

    async def shut() -> None:
        at_the_gate.set()
        await server.never.wait()

    asking = asyncio.create_task(geocoder.reverse(*BAKU, "az", shut))
    await at_the_gate.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await geocoder.reverse(*BAKU, "az", opened)
    assert len(server.asked) == 1


async def test_each_of_many_at_once_passes_its_own_gate(geocoder: Geocoder, server: StandIn) -> None:
    gates = [Counted(), Counted(RuntimeError("stopped")), Counted()]
    async with asyncio.timeout(60):
        results = await asyncio.gather(*(geocoder.reverse(*BAKU, "az", gate) for gate in gates), return_exceptions=True)
    assert [type(result) for result in results] == [str, RuntimeError, str]
    assert [gate.times for gate in gates] == [1, 1, 1]
    assert len(server.asked) == 2


async def test_a_request_repeated_on_a_new_connection_passes_the_gate_again(
    geocoder: Geocoder, server: StandIn
) -> None:
    await geocoder.reverse(*BAKU, "az", opened)
    gate = Counted()

    async def hangs_up_once(request: web.Request) -> web.StreamResponse:
        server.answer = GOOD
        return await hangs_up(request)

    server.answer = hangs_up_once
    assert await geocoder.reverse(*BAKU, "az", gate) is not None
    assert gate.times == 2
    assert len(server.asked) == 3


async def test_a_repetition_may_be_stopped_too(geocoder: Geocoder, server: StandIn) -> None:
    gate = Counted()

    async def hangs_up_and_shuts(request: web.Request) -> web.StreamResponse:
        gate.problem = CacheUnavailable("not the leader any more")
        return await hangs_up(request)

    server.answer = hangs_up_and_shuts
    with pytest.raises(CacheUnavailable) as stopped:
        await geocoder.reverse(*BAKU, "az", gate)
    assert stopped.value.__context__ is None
    assert gate.times == 2
    assert len(server.asked) == 1


class Closing:
    """A server whose connections can be closed from its end, with the client's end known to have followed."""

    def __init__(self) -> None:
        self.requests = 0
        self.open: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.accepted = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.append((reader, writer))
        self.accepted.set()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                writer.write(ANSWER)
        writer.close()

    async def close_all(self) -> None:
        await self.accepted.wait()
        self.accepted.clear()
        for _, writer in self.open:
            writer.write_eof()
        for _, writer in self.open:
            await writer.wait_closed()  # `serve` has read the client's end
        self.open.clear()


@contextlib.asynccontextmanager
async def _closing(kind: str) -> AsyncIterator[tuple[Closing, Geocoder]]:
    closing = Closing()
    async with await asyncio.start_server(closing.serve, LOOPBACK, 0) as listening:
        url = f"http://{LOOPBACK}:{listening.sockets[0].getsockname()[1]}/reverse"
        async with contextlib.aclosing(KINDS[kind].make(url, 30.0)) as geocoder:
            yield closing, geocoder


def _closing_at(closing: Closing, times: set[int], counted: Counted) -> Gate:
    async def gate() -> None:
        await counted()
        if counted.times in times:
            await closing.close_all()

    return gate


@EVERY_KIND
async def test_a_connection_that_closed_at_the_gate_is_replaced(kind: str) -> None:
    async with _closing(kind) as (closing, geocoder):
        counted = Counted()
        assert await geocoder.reverse(*BAKU, "az", _closing_at(closing, {1}, counted)) is not None
        assert counted.times == 2
        assert closing.requests == 1


@EVERY_KIND
async def test_it_is_replaced_once(kind: str) -> None:
    async with _closing(kind) as (closing, geocoder):
        counted = Counted()
        with pytest.raises(GeocoderFailed, match="no answer"):
            await geocoder.reverse(*BAKU, "az", _closing_at(closing, {1, 2}, counted))
        assert counted.times == 2
        assert closing.requests == 0


async def test_the_clock_of_a_request_stands_still_at_the_gate(server: StandIn) -> None:
    async def slow() -> None:
        await asyncio.sleep(1.2)  # longer than the geocoder may take

    async with contextlib.aclosing(KINDS["photon"].make(server.url, 1.0)) as geocoder:
        assert await geocoder.reverse(*BAKU, "az", slow) is not None


async def test_after_the_gate_it_goes_on(server: StandIn) -> None:
    async def silent(_request: web.Request) -> web.StreamResponse:
        await server.never.wait()
        return web.Response()

    server.answer = silent
    gate = Counted()
    async with contextlib.aclosing(KINDS["photon"].make(server.url, 0.05)) as geocoder:
        with pytest.raises(GeocoderFailed, match="Timeout"):
            await geocoder.reverse(*BAKU, "az", gate)
    assert gate.times == 1
