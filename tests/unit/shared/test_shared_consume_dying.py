"""Who works on a connection that dies, which aio-pika tells by a CancelledError, or that we close: by an Exception."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from shared.consume import Consumer
from shared.delivery import Delivery, Done, Verdict
from shared.errors import BrokerUnavailable
from shared.publisher import Publisher
from shared.topology import GEO_REQUESTS, INGRESS_TURN
from shared.turn import Turn

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection

    from shared.broker import Link


class Dying:
    """A channel, the one below it, its queue, its connection and its link in one; a question ends by this error.

    Those are answered that come while it is `alive`.
    """

    def __init__(self, end: type[BaseException] = asyncio.CancelledError) -> None:
        self.asked = asyncio.Event()
        self.lost = asyncio.Event()
        self.end = end
        self.alive = False
        self.default_exchange = self
        self.close_callbacks = set[object]()

    async def channel(self, **_: Any) -> "Dying":  # noqa: ANN401 - whatever it is to be
        return self

    async def get_underlay_channel(self) -> "Dying":
        return self

    async def get_queue(self, _name: str, **_: Any) -> "Dying":  # noqa: ANN401 - as above
        return self

    async def basic_qos(self, **_: Any) -> None:  # noqa: ANN401 - as above
        await self.answer()

    async def basic_consume(self, *_: Any, **__: Any) -> SimpleNamespace:  # noqa: ANN401 - as above
        await self.answer()
        return SimpleNamespace(consumer_tag="tag")

    async def basic_cancel(self, _tag: str) -> None:
        await self.answer()

    async def watch(self, _channel: object) -> None:
        """As the link's."""

    def lose(self, _reason: object) -> None:
        self.lost.set()

    async def set_qos(self, **_: Any) -> None:  # noqa: ANN401 - as above
        await self.answer()

    async def consume(self, *_: Any, **__: Any) -> str:  # noqa: ANN401 - as above
        await self.answer()
        return "tag"

    async def cancel(self, _tag: str) -> None:
        await self.answer()

    async def publish(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as above
        await self.answer()

    async def close(self) -> None:
        await self.answer()

    async def answer(self) -> None:
        if not self.alive:
            self.asked.set()
            raise self.end


class Silent(Dying):
    """The same, which does not answer at all."""

    async def answer(self) -> None:
        self.asked.set()
        await asyncio.Event().wait()


class Closing:
    """A channel, the one below it and its connection in one, which we close while something is being published."""

    is_closed = False

    def channel(self, **_: Any) -> "Closing":  # noqa: ANN401 - as above
        return self

    async def initialize(self) -> None:
        """As a channel's."""

    async def close(self) -> None:
        """As a channel's."""

    async def get_underlay_channel(self) -> "Closing":
        return self

    async def basic_publish(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as above
        raise Exception  # noqa: TRY002 - as aiormq has it


async def handle(_delivery: Delivery) -> Verdict:
    return Done()


async def on(dying: Dying) -> Consumer:
    """A consumer that is attached, and does not consume yet."""
    consumer = Consumer(GEO_REQUESTS, handle, Publisher(), prefetch=1, deadline=None)
    await consumer.stop()
    await consumer.attach(cast("AbstractConnection", dying), cast("Link", dying))
    return consumer


ends = pytest.mark.parametrize("end", [asyncio.CancelledError, Exception])


@ends
async def test_who_resumes_as_the_connection_ends_goes_on(end: type[BaseException]) -> None:
    dying = Dying(end)
    consumer = await on(dying)
    await consumer.resume()
    assert dying.asked.is_set()


@ends
@pytest.mark.parametrize("change", [Consumer.stop, partial(Consumer.hold, beside=0), partial(Consumer.hold, beside=2)])
async def test_who_changes_what_is_consumed_as_the_connection_ends_goes_on(
    change: Callable[[Consumer], Awaitable[None]], end: type[BaseException]
) -> None:
    dying = Dying(end)
    consumer = await on(dying)
    dying.alive = True
    await consumer.resume()
    await consumer.hold(beside=1)
    dying.alive = False
    await change(consumer)
    assert dying.asked.is_set()


async def test_who_knocks_as_the_connection_dies_loses_the_link_and_is_not_cancelled() -> None:
    dying = Dying()
    dying.alive = True
    turn = Turn(INGRESS_TURN)
    await turn.attach(cast("AbstractConnection", dying), cast("Link", dying))
    dying.alive = False
    [knocking] = [task for task in asyncio.all_tasks() if task.get_name().startswith("knock:")]
    await asyncio.wait([knocking])
    assert dying.lost.is_set()
    assert not knocking.cancelled()
    assert knocking.exception() is None


@ends
async def test_who_hands_over_as_the_connection_ends_goes_on(end: type[BaseException]) -> None:
    dying = Dying(end)
    dying.alive = True
    turn = Turn(INGRESS_TURN)
    await turn.attach(cast("AbstractConnection", dying), cast("Link", dying))
    dying.alive = False
    await turn.hand_over(lambda: b"")
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
