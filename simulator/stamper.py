"""Owns the moment of arrival: a relay in a process of its own that stamps each request as its first bytes come.

The simulator's event loop also posts updates, plays the crowd and checks calls; while it is busy, a stamp of its own
says when it got round to a request, tens of milliseconds after that came, and so does any process on a machine that the
fleet keeps busy. What is judged by these stamps is finer. So the kernel takes them, as the bytes come to the socket
(SO_TIMESTAMPNS, see socket(7) and timestamping.rst of Linux; of bytes that are read together it is the moment of the
last). The stamp, told in time.monotonic(), one clock for all processes of a machine, travels to the simulator in a
header.

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
MOST_READ = 65536
"""Bytes taken from a connection at once."""
OLDEST = 60.0
"""Seconds; a stamp that is older, or of the future, tells that the clock of the kernel was set meanwhile."""
_RESET = struct.pack("ii", 1, 0)
_STAMPED = 35
"""SO_TIMESTAMPNS (asm-generic/socket.h), as an option and as the kind of what comes with the bytes."""
_STAMP = struct.Struct("qq")


class Near(asyncio.Protocol):
    """A client's connection: asyncio writes to it, and it is read here, where the kernel's stamps are to be had."""

    def __init__(self, backend_port: int) -> None:
        self._backend_port = backend_port
        self._transport: asyncio.Transport | None = None
        self._read_from: socket.socket | None = None
        self._far: asyncio.Transport | None = None
        self._unsent = b""
        self._first_line = b""
        self._stamp = 0.0
        self.between_requests = True
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read it, and connect to the simulator."""
        self._transport = cast("asyncio.Transport", transport)
        loop = asyncio.get_running_loop()
        loop.call_soon(self._read_ourselves)  # after the transport has begun to read, whatever it is told until then
        self._connecting = loop.create_task(self._connect())

    def _read_ourselves(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            self._read_from = self._transport.get_extra_info("socket").dup()
            asyncio.get_running_loop().add_reader(self._read_from, self._read)

    def _read(self) -> None:
        if self._read_from is None or self._transport is None:
            return
        try:
            data, stamps, _, _ = self._read_from.recvmsg(MOST_READ, socket.CMSG_SPACE(_STAMP.size))
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._transport.abort()
            return
        if data:
            self._received(data, moment(stamps))
        else:
            asyncio.get_running_loop().remove_reader(self._read_from)
            self._transport.close()

    def _received(self, data: bytes, came_at: float) -> None:
        """Pass on; the first bytes of a request get the stamp, after its first line."""
        if not self.between_requests:
            self._pass_on(data)
            return
        if not self._first_line:
            self._stamp = came_at
        self._first_line += data
        line, end, rest = self._first_line.partition(b"\r\n")
        if end:
            self.between_requests = False
            self._first_line = b""
            self._pass_on(line + end + f"{HEADER}: {self._stamp!r}\r\n".encode() + rest)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: tell the simulator."""
        del exc
        if self._read_from is not None:
            asyncio.get_running_loop().remove_reader(self._read_from)
            self._read_from.close()
            self._read_from = None
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


def moment(stamps: list[tuple[int, int, bytes]]) -> float:
    """When the bytes came that have these control messages (level, kind, data), by time.monotonic()."""
    for level, kind, data in stamps:
        if level == socket.SOL_SOCKET and kind == _STAMPED and len(data) == _STAMP.size:
            seconds, nanoseconds = _STAMP.unpack(data)
            age: float = time.time() - (seconds + nanoseconds * 1e-9)
            if 0.0 <= age <= OLDEST:
                return time.monotonic() - age
    return time.monotonic()


async def relay(host: str, port: int, backend_port: int) -> None:
    """Relay until standard input ends."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(sys.stdin, over.set)
    server = await loop.create_server(lambda: Near(backend_port), host, port, backlog=1024, start_serving=False)
    for listening in server.sockets:  # what is accepted inherits it
        listening.setsockopt(socket.SOL_SOCKET, _STAMPED, 1)
    await server.start_serving()
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    gc.disable()
    _before_all_others()
    await over.wait()
    server.close()


def _before_all_others() -> None:
    """Be scheduled at once, where the system allows it: Telegram's machines are not those that the fleet keeps busy."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is for the simulator, which ends us
    asyncio.run(relay(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
