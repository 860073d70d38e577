"""Who works on a connection that dies, which aio-pika tells by a CancelledError, or that we close: by an Exception."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from shared.consume import Consumer
from shared.delivery import Delivery, Done, Verdict
from shared.errors import BrokerUnavailable
from shared.publisher import Publisher
from shared.topology import GEO_REQUESTS

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection

    from shared.broker import Link


class Dying:
    """A channel, its exchange and its connection in one; each question to the broker ends by this error."""

    def __init__(self, end: type[BaseException] = asyncio.CancelledError) -> None:
        self.asked = asyncio.Event()
        self.end = end

    async def channel(self, **_: Any) -> "Dying":  # noqa: ANN401 - whatever it is to be
        return self

    async def watch(self, _channel: object) -> None:
        """As the link's."""

    async def set_qos(self, **_: Any) -> None:  # noqa: ANN401 - as above
        self.asked.set()
        raise self.end


class Silent(Dying):
    """The same, which does not answer at all."""

    async def set_qos(self, **_: Any) -> None:  # noqa: ANN401 - as above
        self.asked.set()
        await asyncio.Event().wait()


class Closing:
    """A channel, its exchange and its connection in one, which we close while something is being published."""

    is_closed = False

    def __init__(self) -> None:
        self.default_exchange = self

    def channel(self, **_: Any) -> "Closing":  # noqa: ANN401 - as above
        return self

    async def initialize(self) -> None:
        """As a channel's."""

    async def close(self) -> None:
        """As a channel's."""

    async def publish(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as above
        raise Exception  # noqa: TRY002 - as aiormq has it


async def handle(_delivery: Delivery) -> Verdict:
    return Done()


async def on(dying: Dying) -> Consumer:
    """A consumer that is attached, and does not consume yet."""
    consumer = Consumer(GEO_REQUESTS, handle, Publisher(), prefetch=1, deadline=None)
    await consumer.stop()
    await consumer.attach(cast("AbstractConnection", dying), cast("Link", dying))
    return consumer


@pytest.mark.parametrize("end", [asyncio.CancelledError, Exception])
async def test_who_resumes_as_the_connection_ends_goes_on(end: type[BaseException]) -> None:
    dying = Dying(end)
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


async def test_a_defect_is_no_end_of_a_connection() -> None:
    consumer = await on(Dying(KeyError))
    with pytest.raises(KeyError):
        await consumer.resume()


async def test_who_publishes_as_the_connection_is_closed_hears_that_the_broker_is_away() -> None:
    publisher = Publisher()
    await publisher.attach(cast("AbstractConnection", Closing()), cast("Link", None))
    with pytest.raises(BrokerUnavailable):
        await publisher.publish("updates", b"", key="")
