"""Owns a crowd that costs little: requests written beforehand, over a hundred connections, as Telegram opens them."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

CONNECTIONS: Final = 100
"""At once; Telegram's own default is 40, its most is 100 (core.telegram.org/bots/api#setwebhook)."""
_OK: Final = b"http/1.1 200 "
_LATER: Final = b"http/1.1 503 "


class RefusedError(Exception):
    """An update was answered with something else than 200 or 503; says with what."""


async def post(url: str, secret: str, bodies: Iterable[bytes], connections: int = CONNECTIONS) -> int:
    """Post every body until it is taken, each connection its next one when the last was.

    As Telegram does, it sends again what is put off by a 503, after as long as Retry-After says.

    Returns:
        How often something was put off.

    Raises:
        RefusedError: within an ExceptionGroup.
    """
    waiting = iter(bodies)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_keep_posting(url, secret, waiting)) for _ in range(connections)]
    return sum(task.result() for task in tasks)


async def _keep_posting(url: str, secret: str, waiting: Iterator[bytes]) -> int:
    parts, put_off = urlsplit(url), 0
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: "
    ).encode()
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        for body in waiting:
            request = b"%b%d\r\n\r\n%b" % (head, len(body), body)
            writer.write(request)
            while pause := await _put_off(reader):
                put_off += 1
                await asyncio.sleep(pause)
                writer.write(request)
    finally:
        writer.close()
        await writer.wait_closed()
    return put_off


async def _put_off(reader: asyncio.StreamReader) -> float:
    """Read one answer to its end; the seconds after which it wants the update again, 0 if it was taken."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(_value(head, b"content-length")))
    if head.startswith(_OK):
        return 0.0
    if not head.startswith(_LATER):
        raise RefusedError(head.decode(errors="replace").splitlines()[0])
    return float(_value(head, b"retry-after"))


def _value(head: bytes, name: bytes) -> bytes:
    """Of a header."""
    return head.partition(b"\r\n%b:" % name)[2].partition(b"\r\n")[0].strip()
