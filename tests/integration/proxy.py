"""A TCP proxy in front of an engine, or of several equal servers: a test can take them away, or make them slow."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Self

from local.ports import LOOPBACK, free_port


class Proxy:
    """Forwards a port of its own to others, each connection to the next that takes it.

    Frozen it says nothing, cut it refuses; `heal` ends both. With a `delay` each piece of data waits so many seconds.
    Servers whose port is in `withdrawn` get no new connections.
    """

    def __init__(self, *to: int) -> None:
        self.port = free_port()
        self.delay = 0.0
        self.withdrawn: set[int] = set()
        self._to = to
        self._turn = 0
        self._flowing = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._served: set[asyncio.Task[None]] = set()

    def before(self, url: str) -> str:
        """The address of the engine, by way of this proxy."""
        return url.replace(f":{self._to[0]}", f":{self.port}")

    def freeze(self) -> None:
        """Pass nothing on, in either direction; connections stay open and new ones are taken, as by a frozen server."""
        self._flowing.clear()

    async def cut(self) -> None:
        """End every connection and refuse new ones."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        served = list(self._served)
        for task in served:
            task.cancel()
        if served:
            await asyncio.wait(served)

    async def heal(self) -> None:
        """Forward again."""
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)

    async def __aenter__(self) -> Self:
        await self.heal()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._served.add(task)
        task.add_done_callback(self._served.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _closing(writer):
            if (line := await self._connected()) is None:
                return
            onwards, away = line
            async with _closing(away):
                pumps = {
                    asyncio.create_task(self._pump(reader, away)),
                    asyncio.create_task(self._pump(onwards, writer)),
                }
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.wait(pumps)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self._turn += 1
        servers = [port for port in self._to if port not in self.withdrawn]
        for number in range(len(servers)):
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(LOOPBACK, servers[(self._turn + number) % len(servers)])
        return None

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                await self._flowing.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                sink.write(data)
                await sink.drain()


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
