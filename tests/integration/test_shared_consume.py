"""The fate of a message, by cause, as the table in `shared.consume` promises it; seen in the broker."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from local.engines import Engines
from shared.consume import Consumer
from shared.contracts import OutboundCall, decode
from shared.delivery import (
    FAILED_IN,
    FIRST_FAILED,
    LAST_FAILED,
    REASON,
    TRIES,
    Delivery,
    Done,
    Drop,
    Handler,
    Retry,
    Verdict,
)
from shared.errors import CacheUnavailable, DatabaseUnavailable, Undecodable
from shared.publisher import Publisher
from shared.topology import WorkQueue
from tests.integration.broker_side import LIMIT, comes, held, linked, own_queue, put
from tests.integration.proxy import Proxy

IN_HAND = 10
LONG = (60, 60)
"""Retries that nobody waits for: a message that waits is found waiting."""


@pytest.fixture(scope="module")
async def url(engines: Engines) -> AsyncIterator[str]:
    """One virtual host for the module; each test has queues of its own in it."""
    yield await engines.rabbitmq.create_vhost("consume")
    await engines.rabbitmq.delete_vhost("consume")


@dataclass
class Calls:
    """A handler that tells when it is called and when it is cancelled, and then does what it is made of."""

    act: Handler
    began: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[Delivery] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def __call__(self, delivery: Delivery) -> Verdict:
        self.seen.append(delivery)
        self.times.append(time.monotonic())
        self.began.set()
        try:
            return await self.act(delivery)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@contextlib.asynccontextmanager
async def consuming(
    url: str,
    queue: WorkQueue,
    handler: Handler,
    *,
    deadline: float | None = 10.0,
    publish_url: str | None = None,
) -> AsyncIterator[Consumer]:
    """Consume as a service does: over two links."""
    publisher = Publisher()
    consumer = Consumer(queue, handler, publisher, prefetch=IN_HAND, deadline=deadline)
    async with linked(publish_url or url, publisher), linked(url, consumer):
        yield consumer


async def happens(event: asyncio.Event) -> None:
    async with asyncio.timeout(LIMIT):
        await event.wait()


def answer(verdict: Verdict) -> Handler:
    async def act(_delivery: Delivery) -> Verdict:
        return verdict

    return act


def fail(error: Exception) -> Handler:
    async def act(_delivery: Delivery) -> Verdict:
        raise error

    return act


async def hang(_delivery: Delivery) -> Verdict:
    await asyncio.Event().wait()
    raise AssertionError


async def read_version_one(delivery: Delivery) -> Verdict:
    decode(OutboundCall, delivery.body)
    return Done()


class AwayTwice:
    """An engine that is away for the first two tries."""

    def __init__(self) -> None:
        self.tries = 0

    async def __call__(self, _delivery: Delivery) -> Verdict:
        self.tries += 1
        if self.tries == 1:
            raise DatabaseUnavailable("starting up")
        if self.tries == 2:
            raise CacheUnavailable("slow")
        return Done()


ACKED, WAITS, DEAD = "acked", "waits", "dead"

CAUSES: dict[str, tuple[Callable[[], Handler], str, str]] = {
    "done": (lambda: answer(Done()), ACKED, ""),
    "retry": (lambda: answer(Retry("not yet")), WAITS, "not yet"),
    "exception": (lambda: fail(KeyError("surprise")), WAITS, "KeyError('surprise')"),
    "deadline": (lambda: hang, WAITS, "took longer than 0.3 s"),
    "drop": (lambda: answer(Drop("nobody knows this chat")), DEAD, "nobody knows this chat"),
    "undecodable": (lambda: fail(Undecodable("no JSON")), DEAD, "no JSON"),
    "unknown version": (lambda: read_version_one, DEAD, "version 2 of OutboundCall is unknown here"),
    "engine away, then there": (AwayTwice, ACKED, ""),
}


@pytest.mark.parametrize("cause", CAUSES)
async def test_each_cause_has_the_fate_that_the_table_promises(url: str, cause: str) -> None:
    make, fate, reason = CAUSES[cause]
    queue = await own_queue(url, retries=LONG)
    handler = Calls(make())
    async with consuming(url, queue, handler, deadline=0.3) as consumer:
        await put(url, queue.name, b'{"v":2}', message_id="k", headers={"update_id": 7})
        await happens(handler.began)
        await consumer.drain(LIMIT)
    found = {
        ACKED: [],
        WAITS: await held(url, queue.retry_names[0]),
        DEAD: await held(url, queue.dead),
    }
    assert {name for name, messages in found.items() if messages} == {fate} - {ACKED}
    assert await held(url, queue.name) == []
    for message in found[fate]:
        assert (message.body, message.message_id) == (b'{"v":2}', "k")
        assert message.headers["update_id"] == 7
        assert message.headers[TRIES] == 1
        assert reason in str(message.headers[REASON])
        assert message.headers[FIRST_FAILED] == message.headers[LAST_FAILED]
        assert message.headers[FAILED_IN] == queue.name


async def test_an_engine_that_is_away_is_not_counted_and_the_message_is_tried_in_place(url: str) -> None:
    queue = await own_queue(url, retries=LONG)
    handler = Calls(AwayTwice())
    async with consuming(url, queue, handler) as consumer:
        await put(url, queue.name, b"x")
        await happens(handler.began)
        await consumer.drain(LIMIT)
    assert [(seen.tries, seen.redelivered) for seen in handler.seen] == [(0, False)] * 3


async def test_what_a_shutdown_interrupts_goes_back_and_is_not_counted(url: str) -> None:
    queue = await own_queue(url, retries=LONG)
    handler = Calls(hang)
    async with consuming(url, queue, handler) as consumer:
        await put(url, queue.name, b"x", message_id="k")
        await happens(handler.began)
        await consumer.drain(0.05)
        assert not handler.cancelled.is_set()
    assert handler.cancelled.is_set()
    again = await comes(url, queue.name)
    assert (again.body, again.message_id, again.redelivered) == (b"x", "k", True)
    assert TRIES not in again.headers
    assert await held(url, queue.retry_names[0]) == await held(url, queue.dead) == []


async def test_what_a_lost_connection_interrupts_is_handed_out_again_and_not_counted(
    url: str, engines: Engines
) -> None:
    queue = await own_queue(url, retries=LONG)
    second = asyncio.Event()

    async def act(delivery: Delivery) -> Verdict:
        if not delivery.redelivered:
            await hang(delivery)
        second.set()
        return Done()

    handler = Calls(act)
    async with (
        Proxy(engines.rabbitmq.port) as proxy,
        consuming(proxy.before(url), queue, handler, publish_url=url) as consumer,
    ):
        await put(url, queue.name, b"x")
        await happens(handler.began)
        await proxy.cut()
        await happens(handler.cancelled)
        await proxy.heal()
        await happens(second)
        await consumer.drain(LIMIT)
    assert [(seen.tries, seen.redelivered) for seen in handler.seen] == [(0, False), (0, True)]
    assert await held(url, queue.name) == await held(url, queue.dead) == []


async def test_an_ack_that_outlives_its_connection_settles_nothing_of_another_delivery(
    url: str, engines: Engines
) -> None:
    queue = await own_queue(url, retries=LONG)
    handled: list[bytes] = []
    both = asyncio.Event()

    async def act(delivery: Delivery) -> Verdict:
        if not delivery.redelivered:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            return Done()  # the connection is gone; this verdict can reach nobody
        handled.append(delivery.body)
        if len(handled) == 2:
            both.set()
        return Done()

    handler = Calls(act)
    async with (
        Proxy(engines.rabbitmq.port) as proxy,
        consuming(proxy.before(url), queue, handler, publish_url=url) as consumer,
    ):
        await put(url, queue.name, b"1")
        await put(url, queue.name, b"2")
        while len(handler.seen) < 2:
            handler.began.clear()
            await happens(handler.began)
        await proxy.cut()
        await proxy.heal()
        await happens(both)
        await consumer.drain(LIMIT)
    assert sorted(handled) == [b"1", b"2"]
    assert await held(url, queue.name) == []


async def test_a_retry_comes_back_after_its_wait_and_after_the_last_the_message_is_dead(url: str) -> None:
    queue = await own_queue(url, retries=(1, 1))
    began = time.time()
    handler = Calls(answer(Retry("still not")))
    async with consuming(url, queue, handler):
        await put(url, queue.name, b"x", message_id="k", headers={"update_id": 7})
        dead = await comes(url, queue.dead)
    assert [seen.tries for seen in handler.seen] == [0, 1, 2]
    assert [seen.key for seen in handler.seen] == ["k"] * 3
    waits = [later - sooner for sooner, later in zip(handler.times, handler.times[1:], strict=False)]
    assert min(waits) > 0.79  # a second, jittered by a fifth
    first, last = dead.headers[FIRST_FAILED], dead.headers[LAST_FAILED]
    assert isinstance(first, int)
    assert isinstance(last, int)
    assert dead.headers[TRIES] == 3
    assert dead.headers["update_id"] == 7
    assert began - 1 <= first < last <= time.time()


async def test_a_failed_message_is_kept_while_the_broker_takes_nothing(url: str, engines: Engines) -> None:
    queue = await own_queue(url, retries=LONG)
    handler = Calls(answer(Drop("poison")))
    async with Proxy(engines.rabbitmq.port) as proxy, consuming(url, queue, handler, publish_url=proxy.before(url)):
        await proxy.cut()
        await put(url, queue.name, b"x")
        await happens(handler.began)
        assert await held(url, queue.dead) == []
        await proxy.heal()
        assert (await comes(url, queue.dead)).headers[REASON] == "poison"
    assert len(handler.seen) == 1


async def test_a_message_that_waits_for_an_engine_does_not_hold_up_its_neighbours(url: str) -> None:
    queue = await own_queue(url, retries=LONG)
    others = asyncio.Event()

    async def act(delivery: Delivery) -> Verdict:
        if delivery.body == b"stuck":
            raise DatabaseUnavailable("away for good")
        others.set()
        return Done()

    handler = Calls(act)
    async with consuming(url, queue, handler):
        await put(url, queue.name, b"stuck")
        await happens(handler.began)
        await put(url, queue.name, b"fine")
        await happens(others)


async def test_a_drain_finishes_what_is_in_hand_takes_nothing_new_and_may_be_repeated(url: str) -> None:
    queue = await own_queue(url, retries=LONG)
    may_end = asyncio.Event()

    async def act(_delivery: Delivery) -> Verdict:
        await may_end.wait()
        return Done()

    handler = Calls(act)
    async with consuming(url, queue, handler) as consumer:
        await put(url, queue.name, b"in hand")
        await happens(handler.began)
        drains = [asyncio.create_task(consumer.drain(LIMIT)) for _ in range(3)]
        await consumer.stop()
        await put(url, queue.name, b"new")
        may_end.set()
        await asyncio.gather(*drains)
        await consumer.drain(LIMIT)
        await consumer.stop()
    assert [seen.body for seen in handler.seen] == [b"in hand"]
    assert [message.body for message in await held(url, queue.name)] == [b"new"]


async def test_a_message_with_strange_headers_is_handled_like_any_other(url: str) -> None:
    queue = await own_queue(url, retries=LONG)
    handler = Calls(answer(Retry("no")))
    async with consuming(url, queue, handler) as consumer:
        await put(url, queue.name, b"x", headers={TRIES: "many", "list": [1, 2], "table": {"a": 1}, "none": None})
        await happens(handler.began)
        await consumer.drain(LIMIT)
    (message,) = await held(url, queue.retry_names[0])
    assert message.headers[TRIES] == 1


async def test_as_many_more_are_in_hand_as_a_consumer_is_told_to_hold_beside(url: str) -> None:
    queue = await own_queue(url)
    handler = Calls(hang)
    async with consuming(url, queue, handler) as consumer:
        for beside, in_hand in (
            (0, IN_HAND),
            (1, 2 * IN_HAND),
            (IN_HAND, 2 * IN_HAND),
            (IN_HAND + 1, 3 * IN_HAND),
            (0, 0),
        ):
            await consumer.hold(beside=beside)
            for _ in range(max(1, in_hand - len(handler.seen) + 1)):
                await put(url, queue.name, b"x")
            while len(handler.seen) < in_hand:
                handler.began.clear()
                await happens(handler.began)
            assert len(await held(url, queue.name)) == 1, "one more than it holds"
