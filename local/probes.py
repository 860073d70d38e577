"""Owns the two questions asked of a server at a port: does it greet, does it say 200."""

import asyncio
from contextlib import suppress
from http import HTTPStatus

import aiohttp

from local.ports import LOOPBACK

LIMIT_SECONDS = 2.0


async def greeted(port: int, say: bytes = b"", hear: bytes = b"") -> bool:
    """Whether a server at a port answers `say` with something that begins with `hear`."""
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(LIMIT_SECONDS):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(say)
                return await reader.readexactly(len(hear)) == hear
            finally:
                writer.close()
                await writer.wait_closed()
    return False


async def answers_ok(url: str) -> bool:
    """Whether a GET is answered with 200."""
    timeout = aiohttp.ClientTimeout(total=LIMIT_SECONDS)
    with suppress(aiohttp.ClientError, OSError, TimeoutError):
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            return answer.status == HTTPStatus.OK
    return False
