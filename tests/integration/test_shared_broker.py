"""A link to a real broker ends when it is told to, whatever what lives on it does."""

import asyncio

from aio_pika.abc import AbstractConnection
from pydantic import SecretStr

from shared.broker import Link
from tests.integration.broker_side import LIMIT


class Forgetful:
    """Waits as aio-pika does: before Python 3.12 asyncio.wait_for prefers an answer to a cancellation."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.detached = False

    async def attach(self, _connection: AbstractConnection, _link: Link) -> None:
        self.waiting.set()
        await asyncio.wait_for(self.answer, LIMIT)

    async def detach(self) -> None:
        self.detached = True


async def test_a_link_ends_although_the_cancellation_came_with_an_answer(rabbitmq_url: str) -> None:
    forgetful = Forgetful()
    running = asyncio.create_task(Link(SecretStr(rabbitmq_url), "test", [forgetful]).run())
    await forgetful.waiting.wait()
    forgetful.answer.set_result(None)
    running.cancel()
    ended, _ = await asyncio.wait([running], timeout=LIMIT)
    assert ended
    assert forgetful.detached
