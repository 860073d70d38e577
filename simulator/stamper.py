"""Owns the moment of arrival: a relay in a process of its own that stamps each request as its first bytes come.

The simulator's event loop also posts updates, plays the crowd and checks calls; while it is busy, a stamp of its own
says when it got round to a request, tens of milliseconds after that came. What is judged by these stamps is finer, so
they are taken where nothing else happens. The stamp (time.monotonic(), one clock for all processes of a machine)
travels to the simulator in a header.

Run as a program: `stamper.py HOST PORT BACKEND_PORT`; prints the port on which it listens, ends when its standard input
does. It imports nothing but the standard library, to be up at once and to have nothing to collect.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import struct
import sys
import time
from typing import cast

HEADER = "X-Arrived-Monotonic"
_RESET = struct.pack("ii", 1, 0)


class Near(asyncio.Protocol):
    """A client's connection."""

    def __init__(self, backend_port: int) -> None:
        self._backend_port = backend_port
        self._transport: asyncio.Transport | None = None
        self._far: asyncio.Transport | None = None
        self._unsent = b""
        self._first_line = b""
        self._stamp = 0.0
        self.between_requests = True
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the simulator."""
        self._transport = cast("asyncio.Transport", transport)
        self._connecting = asyncio.create_task(self._connect())

    def data_received(self, data: bytes) -> None:
        """Pass on; the first bytes of a request get the stamp, after its first line."""
        now = time.monotonic()
        if not self.between_requests:
            self._pass_on(data)
            return
        if not self._first_line:
            self._stamp = now
        self._first_line += data
        line, end, rest = self._first_line.partition(b"\r\n")
        if end:
            self.between_requests = False
            self._first_line = b""
            self._pass_on(line + end + f"{HEADER}: {self._stamp!r}\r\n".encode() + rest)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: tell the simulator."""
        del exc
        if self._far is not None:
            self._far.abort()

    def answer(self, data: bytes) -> None:
        """What the simulator says; after it the client may begin another request."""
        self.between_requests = True
        if self._transport is not None:
            self._transport.write(data)

    def hang_up(self, exc: Exception | None) -> None:
        """Close as the simulator closed: in order, or with a reset."""
        if self._transport is None:
            return
        if exc is None:
            self._transport.close()
            return
        if (connection := self._transport.get_extra_info("socket")) is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_connection(lambda: Far(self), "127.0.0.1", self._backend_port)
        except OSError as problem:
            self.hang_up(problem)
            return
        self._far = transport
        self._pass_on(b"")

    def _pass_on(self, data: bytes) -> None:
        self._unsent += data
        if self._far is not None and self._unsent:
            self._far.write(self._unsent)
            self._unsent = b""


class Far(asyncio.Protocol):
    """The connection to the simulator."""

    def __init__(self, near: Near) -> None:
        self._near = near

    def data_received(self, data: bytes) -> None:
        """Pass the answer on."""
        self._near.answer(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass the end on."""
        self._near.hang_up(exc)


async def relay(host: str, port: int, backend_port: int) -> None:
    """Relay until standard input ends."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(sys.stdin, over.set)
    server = await loop.create_server(lambda: Near(backend_port), host, port, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    gc.disable()
    _before_all_others()
    await over.wait()
    server.close()


def _before_all_others() -> None:
    """Be scheduled at once, where the system allows it: on a busy machine a stamp is late by tens of milliseconds else.

    Telegram's machines are not the ones that the fleet keeps busy.
    """
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is for the simulator, which ends us
    asyncio.run(relay(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
