"""Owns a hand-over between queues: what is consumed is published to another queue with confirm, and then acked.

`python -m bench.relay ours|bare` does it from `updates` to `outbound.interactive` until a signal ends the process: by
the fleet's own consumer and publisher, or by aio-pika and nothing else.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Final

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from pydantic import SecretStr

from shared.broker import Link
from shared.consume import Consumer
from shared.delivery import Delivery, Done, Verdict
from shared.publisher import Publisher
from shared.settings import ProcessSettings
from shared.telemetry import configure_logging
from shared.topology import INTERACTIVE, UPDATES

AT_ONCE: Final = 16
"""As many as a worker has in hand."""


async def ours(url: str) -> None:
    """As a worker does it, with the line that it logs."""
    configure_logging("relay", ProcessSettings())
    publisher = Publisher()

    async def hand_over(delivery: Delivery) -> Verdict:
        await publisher.publish(INTERACTIVE.name, delivery.body, key=delivery.key)
        return Done()

    consumer = Consumer(UPDATES, hand_over, publisher, prefetch=AT_ONCE, deadline=30.0)
    async with asyncio.TaskGroup() as links:
        for name, attachment in (("publish", publisher), ("consume", consumer)):
            links.create_task(Link(SecretStr(url), name, [attachment]).run())


async def bare(url: str) -> None:
    """As few lines as it takes."""
    async with await aio_pika.connect(url) as connection, connection.channel() as to, connection.channel() as source:

        async def hand_over(message: AbstractIncomingMessage) -> None:
            copy = aio_pika.Message(message.body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await to.default_exchange.publish(copy, INTERACTIVE.name)
            await message.ack()

        await source.set_qos(prefetch_count=AT_ONCE)
        await (await source.get_queue(UPDATES.name)).consume(hand_over)
        await asyncio.Event().wait()


WAYS: Final[Mapping[str, Callable[[str], Coroutine[Any, Any, None]]]] = MappingProxyType({"ours": ours, "bare": bare})

if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(WAYS[sys.argv[1]](os.environ["RABBITMQ_URL"]))
