"""A real ingress under siege by slow, endless, many and crooked clients; who has the secret is served meanwhile."""

import asyncio
import contextlib
import gzip
import os
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import aio_pika
import aiohttp
import pytest
from aio_pika.abc import AbstractConnection

from ingress.webhook import MAX_BODY, ROOM, SECRET_HEADER
from local.engines import Engines
from local.fleet import Fleet, plan
from local.folders import LOGS
from local.ports import LOOPBACK
from tests.integration.desk_side import taken

pytestmark = pytest.mark.long

SECRET = "a-secret-of-this-siege"  # noqa: S105 - opens this test's ingress only
UPDATE = b'{"update_id":%d,"message":{"from":{"id":5}}}'
IDLE = 10_000
MIB = 1024 * 1024

Attack = Callable[[int], Awaitable[None]]


@dataclass
class Siege:
    """The ingress, what besieges it, and Telegram, which goes on posting."""

    fleet: Fleet
    queues: AbstractConnection
    sent: int = 0

    @property
    def port(self) -> int:
        return self.fleet.services["ingress"].http_port

    @property
    def metrics_port(self) -> int:
        return self.fleet.services["ingress"].metrics_port

    async def post(self, http: aiohttp.ClientSession) -> int:
        self.sent += 1
        url, headers = f"http://{LOOPBACK}:{self.port}/webhook", {SECRET_HEADER: SECRET}
        async with http.post(url, data=UPDATE % self.sent, headers=headers) as answer:
            return answer.status

    async def seen(self, path: str) -> tuple[int, str]:
        url = f"http://{LOOPBACK}:{self.metrics_port}/{path}"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            return answer.status, await answer.text()

    async def counted(self, series: str) -> float:
        _, text = await self.seen("metrics")
        return sum(float(line.rsplit(maxsplit=1)[1]) for line in text.splitlines() if line.startswith(series))

    async def nothing_but_telegrams(self, posted: int) -> None:
        """Every update that Telegram posted is in the queue, and nothing else is in any."""
        bodies = [message.body for message in await taken(self.queues, "updates")]
        assert len(bodies) == posted
        assert all(b'"from":{"id":5}' in body for body in bodies)
        assert await taken(self.queues, "dead.updates") == []

    def resident(self) -> float:
        """MiB in memory now."""
        status = Path(f"/proc/{self.fleet.child('ingress').pid}/status").read_text()
        (size,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        return int(size) / 1024

    def files(self) -> int:
        return len(list(Path(f"/proc/{self.fleet.child('ingress').pid}/fd").iterdir()))


@pytest.fixture(scope="module")
async def siege(engines: Engines, run: Path) -> AsyncIterator[Siege]:
    """One ingress for all; every attack finds it as the one before has left it."""
    url = await engines.rabbitmq.create_vhost("siege")
    environment = {
        "PATH": os.environ["PATH"],
        "LISTEN_ADDRESS": LOOPBACK,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "RABBITMQ_URL": url,
    }
    async with (
        await aio_pika.connect(url) as queues,
        Fleet(plan({"ingress": 1}), environment, run / LOGS / "siege") as fleet,
    ):
        yield Siege(fleet, queues)
    await engines.rabbitmq.delete_vhost("siege")


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(LOOPBACK, port)


def head(*lines: str, signed: bool = False) -> bytes:
    signature = [f"{SECRET_HEADER}: {SECRET}"] if signed else []
    return "\r\n".join(["POST /webhook HTTP/1.1", "Host: x", *signature, *lines, "", ""]).encode()


async def drip(port: int, beginning: bytes, drops: bytes) -> None:
    """One client that sends a beginning and then a little every now and then, until it is cut off."""
    reader, writer = await connect(port)
    over = asyncio.create_task(reader.read())
    with contextlib.suppress(ConnectionError):
        writer.write(beginning)
        while not over.done():
            await asyncio.wait([over], timeout=1.0)
            writer.write(drops)
        await over
    writer.transport.abort()


async def pour(port: int, beginning: bytes, piece: bytes = b"", pieces: int = 0) -> None:
    """One client that sends all of it, or until it is cut off; it reads the beginning of what is said to it."""
    reader, writer = await connect(port)
    with contextlib.suppress(ConnectionError):
        writer.write(beginning)
        for _ in range(pieces):
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(30):
            await reader.readline()
    writer.transport.abort()


async def all_of(attacks: Iterable[Awaitable[None]]) -> None:
    await asyncio.gather(*attacks)


BLOCK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
BOMB = gzip.compress(b" " * (64 * MIB))
UNSIGNED_WHOLE = head("Content-Length: 2") + b"{}"

ATTACKS: dict[str, Attack] = {
    "500 heads that drip": lambda port: all_of(drip(port, head()[:-2] + b"X-a: ", b"a") for _ in range(500)),
    "100 signed bodies of a byte a second": lambda port: all_of(
        drip(port, head("Content-Length: 9999", signed=True), b" ") for _ in range(100)
    ),
    "endless bodies, signed and not": lambda port: all_of(
        pour(port, head("Transfer-Encoding: chunked", signed=signed), BLOCK, 1024) for signed in (True, False) * 5
    ),
    "bodies of 64 MiB": lambda port: all_of(
        pour(port, head(f"Content-Length: {64 * MIB}", signed=signed), b"x" * MIB, 64) for signed in (True, False) * 5
    ),
    "gzip bombs": lambda port: all_of(
        pour(port, head(*lines, f"Content-Length: {len(BOMB)}", signed=True), BOMB, 1)
        for lines in [("Content-Encoding: gzip",), ("Content-Encoding: br",), ("Content-Encoding: zstd",)] * 10
    ),
    "two lengths, two requests in one": lambda port: all_of(
        pour(port, head(*lines) + b"0\r\n\r\n" + head("Content-Length: 44", signed=True))
        for lines in [
            ("Content-Length: 5", "Transfer-Encoding: chunked"),
            ("Transfer-Encoding: chunked", "Content-Length: 5"),
            ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
            ("Transfer-Encoding: xchunked", "Content-Length: 5"),
            ("Content-Length: 5", "Content-Length: 6"),
            ("Content-Length: +5",),
            ("Content-Length : 5",),
        ]
        * 10
    ),
    "heads without end": lambda port: all_of(
        pour(port, b"POST /webhook HTTP/1.1\r\nX: ", b"x" * MIB, 32) for _ in range(20)
    ),
    "lines without end": lambda port: all_of(
        pour(port, b"POST /webhook HTTP/1.1\r\n", b"X: y\r\n" * 10_000, 100) for _ in range(20)
    ),
    "unsigned requests one behind another": lambda port: all_of(
        pour(port, UNSIGNED_WHOLE, UNSIGNED_WHOLE * 100, 100) for _ in range(20)
    ),
    "what is no HTTP": lambda port: all_of(pour(port, os.urandom(1000), os.urandom(1000), 10) for _ in range(200)),
    "other methods and paths, and HTTP/1.0": lambda port: all_of(
        pour(port, line + b"\r\nHost: x\r\n\r\n")
        for line in [
            b"GET /webhook HTTP/1.0",
            b"PUT /webhook HTTP/1.1",
            b"POST /../webhook HTTP/1.0",
            b"GET * HTTP/1.1",
        ]
        * 10
    ),
}


@contextlib.asynccontextmanager
async def telegram_posts(siege: Siege) -> AsyncIterator[list[int]]:
    """Four connections that post one update after another while the block runs; the statuses of all."""
    statuses: list[int] = []
    over = asyncio.Event()

    async def post_on() -> None:
        async with aiohttp.ClientSession() as http:
            while not over.is_set():
                statuses.append(await siege.post(http))
                await asyncio.wait([waiting], timeout=0.02)

    waiting = asyncio.create_task(over.wait())
    posting = [asyncio.create_task(post_on()) for _ in range(4)]
    try:
        yield statuses
    finally:
        over.set()
        await asyncio.gather(*posting)


@pytest.mark.parametrize("name", ATTACKS)
async def test_under_attack_telegrams_updates_are_taken_and_no_others(siege: Siege, name: str) -> None:
    async with telegram_posts(siege) as statuses:
        await ATTACKS[name](siege.port)
    assert set(statuses) == {200}
    assert siege.resident() < 250
    assert (await siege.seen("readyz"))[0] == 200
    await siege.nothing_but_telegrams(len(statuses))


async def test_ten_thousand_idle_connections_stop_neither_the_webhook_nor_the_probes(
    siege: Siege,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < IDLE + 1000:
        pytest.skip(f"this machine lets a process open {hard} files, and {IDLE + 1000} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IDLE + 1000), hard))
    crowd: list[asyncio.StreamWriter] = []
    try:
        async with telegram_posts(siege) as statuses:
            for port, number in ((siege.port, IDLE - 1000), (siege.metrics_port, 1000)):
                for _ in range(number // 100):
                    crowd.extend(writer for _, writer in await asyncio.gather(*(connect(port) for _ in range(100))))
            assert siege.files() <= ROOM + 100 + 100
            assert (await siege.seen("healthz"))[0] == 200
        assert set(statuses) == {200}
        assert siege.resident() < 250
        assert await siege.counted('fleet_http_cut_total{why="crowded"}') >= IDLE - 2 * ROOM
        await siege.nothing_but_telegrams(len(statuses))
    finally:
        for writer in crowd:
            writer.transport.abort()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_body_of_a_mebibyte_is_the_most_that_a_signed_request_costs(siege: Siege) -> None:
    before = siege.resident()
    await all_of(
        pour(siege.port, head(f"Content-Length: {MAX_BODY}", signed=True), b"x" * MAX_BODY, 1) for _ in range(100)
    )
    assert siege.resident() < before + 200
