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


class TurnInHand(Turn):
    """Fed by the broker, and holding the right, as the test says."""

    def __init__(self, *, held: bool) -> None:
        super().__init__(SENDER_TURN)
        self.fed, self.may_send = True, held

    @property
    def active(self) -> bool:
        return self.fed

    @property
    def held(self) -> bool:
        return self.may_send


class WatchedConsumer(Consumer):
    """Notes whether it consumes; there is no broker."""

    def __init__(self) -> None:
        super().__init__(BULK, _handle, Publisher(), prefetch=1, deadline=None)
        self.steps: asyncio.Queue[str] = asyncio.Queue()

    async def resume(self) -> None:
        self.steps.put_nowait("resumed")

    async def stop(self) -> None:
        self.steps.put_nowait("stopped")


async def _handle(_delivery: Delivery) -> Verdict:
    return Done()


def _feeds(consumer: Consumer, turn: Turn) -> tuple[Feeds, asyncio.Task[None]]:
    """Feeds that run, with one consumer."""
    schedule = Schedule(30)
    cache = Cache(SecretStr("redis://not-asked"))
    places = Places(cache, lambda: 0.0, cache)
    arrivals = Arrivals(schedule, places, ReceiptBook(Publisher()), changed=lambda: None)
    feeds = Feeds([Feed(consumer, Priority.BULK, 1)], turn, Orders(changed=lambda: None), schedule)
    link = Link(SecretStr("amqp://not-asked"), "test", [])
    return feeds, asyncio.create_task(feeds.run(arrivals, link))


async def test_the_feeds_end_although_the_cancellation_came_as_the_broker_answered() -> None:
    consumer = ForgetfulConsumer()
    _, running = _feeds(consumer, TurnInHand(held=True))
    await consumer.waiting.wait()
    consumer.answer.set_result(None)
    running.cancel()
    ended, _ = await asyncio.wait([running], timeout=LIMIT)
    assert ended


async def test_nothing_is_taken_before_it_may_be_sent_and_what_is_fed_stays_when_a_lease_is_late() -> None:
    consumer, turn = WatchedConsumer(), TurnInHand(held=False)
    feeds, running = _feeds(consumer, turn)
    for _ in range(3):  # it looks, and takes nothing
        feeds.look()
        await asyncio.sleep(0)
    assert consumer.steps.empty(), "whoever sent before may still tell Redis what became of its last calls"
    turn.may_send = True
    feeds.look()
    assert await asyncio.wait_for(consumer.steps.get(), LIMIT) == "resumed"
    turn.may_send = False  # the broker is late with our knock; it feeds us, so nobody else has what waits
    for _ in range(3):
        feeds.look()
        await asyncio.sleep(0)
    assert consumer.steps.empty()
    turn.fed = False
    feeds.look()
    assert await asyncio.wait_for(consumer.steps.get(), LIMIT) == "stopped"
    assert consumer.steps.empty()
    running.cancel()
    await asyncio.wait([running], timeout=LIMIT)
