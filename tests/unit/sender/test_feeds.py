"""The loops of the feeds end when they are told to; what they take of real queues is in `test_sender_feeds`."""

import asyncio

from pydantic import SecretStr

from sender.arrivals import Arrivals
from sender.feeds import Feed, Feeds
from sender.items import Priority
from sender.orders import Orders
from sender.places import Places
from sender.receipts import ReceiptBook
from sender.schedule import Schedule
from shared.broker import Link
from shared.cache import Cache
from shared.consume import Consumer
from shared.delivery import Delivery, Done, Verdict
from shared.publisher import Publisher
from shared.topology import BULK, SENDER_TURN
from shared.turn import Turn

LIMIT = 10.0


class ForgetfulConsumer(Consumer):
    """Begins to consume as aio-pika does: before Python 3.12 asyncio.wait_for prefers an answer to a cancellation."""

    def __init__(self) -> None:
        super().__init__(BULK, _handle, Publisher(), prefetch=1, deadline=None)
        self.waiting = asyncio.Event()
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def resume(self) -> None:
        self.waiting.set()
        await asyncio.wait_for(self.answer, LIMIT)


class ActiveTurn(Turn):
    """Has the right to send."""

    @property
    def active(self) -> bool:
        return True


async def _handle(_delivery: Delivery) -> Verdict:
    return Done()


async def test_the_feeds_end_although_the_cancellation_came_as_the_broker_answered() -> None:
    consumer, schedule = ForgetfulConsumer(), Schedule(30)
    places = Places(Cache(SecretStr("redis://not-asked")), lambda: 0.0)
    arrivals = Arrivals(schedule, places, ReceiptBook(Publisher()), changed=lambda: None)
    orders = Orders(changed=lambda: None)
    feeds = Feeds([Feed(consumer, Priority.BULK, 1)], ActiveTurn(SENDER_TURN), orders, schedule)
    link = Link(SecretStr("amqp://not-asked"), "test", [])
    running = asyncio.create_task(feeds.run(arrivals, link))
    await consumer.waiting.wait()
    consumer.answer.set_result(None)
    running.cancel()
    ended, _ = await asyncio.wait([running], timeout=LIMIT)
    assert ended
