"""A consumer on a connection that dies: aio-pika tells of that by a CancelledError, which ends nobody's task."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from shared.consume import Consumer
from shared.delivery import Delivery, Done, Verdict
from shared.publisher import Publisher
from shared.topology import GEO_REQUESTS

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection

    from shared.broker import Link


class Dying:
    """A channel, its queue and its connection in one; each question to the broker ends as `ends` says."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def channel(self, **_: Any) -> "Dying":  # noqa: ANN401 - whatever it is to be
        return self

    async def watch(self, _channel: object) -> None:
        """As the link's."""

    async def set_qos(self, **_: Any) -> None:  # noqa: ANN401 - as above
        self.asked.set()
        raise asyncio.CancelledError


class Silent(Dying):
    """The same, which does not answer at all."""

    async def set_qos(self, **_: Any) -> None:  # noqa: ANN401 - as above
        self.asked.set()
        await asyncio.Event().wait()


async def handle(_delivery: Delivery) -> Verdict:
    return Done()


async def on(dying: Dying) -> Consumer:
    """A consumer that is attached, and does not consume yet."""
    consumer = Consumer(GEO_REQUESTS, handle, Publisher(), prefetch=1, deadline=None)
    await consumer.stop()
    await consumer.attach(cast("AbstractConnection", dying), cast("Link", dying))
    return consumer


async def test_who_resumes_as_the_connection_dies_goes_on() -> None:
    dying = Dying()
    consumer = await on(dying)
    await consumer.resume()
    assert dying.asked.is_set()


async def test_who_is_asked_to_end_meanwhile_ends() -> None:
    silent = Silent()
    consumer = await on(silent)
    resuming = asyncio.create_task(consumer.resume())
    await silent.asked.wait()
    resuming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await resuming
