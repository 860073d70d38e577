"""A channel that refuses or is late is used no more; the next publish opens a fresh one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

import pytest
from aio_pika.exceptions import DeliveryError
from pamqp.commands import Basic

from shared import publisher as publishing
from shared.errors import BrokerUnavailable
from shared.publisher import Publisher

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection

    from shared.broker import Link

Answer = Callable[[], Awaitable[None]]


async def confirm() -> None:
    pass


async def nack() -> None:
    raise DeliveryError(None, Basic.Nack())


async def silence() -> None:
    await asyncio.Event().wait()


class Channel:
    """Answers each publish as it is told."""

    is_closed = False

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.published = 0

    async def get_underlay_channel(self) -> "Channel":
        return self

    async def initialize(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def basic_publish(self, *_: object, **__: object) -> None:
        self.published += 1
        await self._answer()


class Connection:
    """Its first channel answers so; all others confirm."""

    def __init__(self, first: Answer) -> None:
        self._first = first
        self.channels: list[Channel] = []

    def channel(self, **_: object) -> Channel:
        self.channels.append(Channel(confirm if self.channels else self._first))
        return self.channels[-1]


async def attached(first: Answer) -> tuple[Publisher, Connection]:
    connection, publisher = Connection(first), Publisher()
    await publisher.attach(cast("AbstractConnection", connection), cast("Link", None))
    return publisher, connection


@pytest.mark.parametrize("refuse", [nack, silence])
async def test_after_a_nack_or_a_late_confirm_the_next_publish_opens_a_fresh_channel(
    refuse: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "CONFIRM_TIMEOUT", 0.01)
    publisher, connection = await attached(refuse)
    with pytest.raises(BrokerUnavailable):
        await publisher.publish("updates", b"x", key="k")
    await publisher.publish("updates", b"x", key="k")
    assert [channel.published for channel in connection.channels] == [1, 1]


async def test_a_channel_that_confirms_is_used_again() -> None:
    publisher, connection = await attached(confirm)
    for _ in range(2):
        await publisher.publish("updates", b"x", key="k")
    assert [channel.published for channel in connection.channels] == [2]
