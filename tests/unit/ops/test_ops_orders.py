"""A look at a queue passes on that the command is to end, whatever the client library makes of it."""

import asyncio
import contextlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from ops.orders import OrderDesk
from shared.topology import INTERACTIVE

if TYPE_CHECKING:
    from aio_pika.abc import AbstractChannel


class Forgetful:
    """A channel that answers when it is cancelled, as asyncio.wait_for may before Python 3.12."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def declare_queue(self, _name: str, **_options: object) -> SimpleNamespace:
        self.asked.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return SimpleNamespace(declaration_result=SimpleNamespace(message_count=1, consumer_count=0))


async def test_an_interrupt_that_comes_with_the_answer_is_heeded() -> None:
    channel = Forgetful()
    look = asyncio.create_task(OrderDesk(cast("AbstractChannel", channel)).depth(INTERACTIVE))
    await channel.asked.wait()
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
