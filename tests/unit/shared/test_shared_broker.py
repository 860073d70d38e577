"""A link to a broker that is not there."""

import asyncio

import aio_pika
import pytest
from pydantic import SecretStr

from shared.broker import Link


async def test_a_link_ends_though_the_library_lost_its_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """As asyncio.wait_for does before Python 3.12, when a connection fails in the step in which its task ends."""
    asked = asyncio.Event()

    async def connect(*_: object, **__: object) -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionRefusedError("in the same step") from None

    monkeypatch.setattr(aio_pika, "connect", connect)
    running = asyncio.create_task(Link(SecretStr("amqp://nobody"), "test", []).run())
    await asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
