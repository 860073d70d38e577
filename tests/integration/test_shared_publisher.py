"""Published is what the broker has confirmed; everything else is `BrokerUnavailable`, soon."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aio_pika
import pytest

from local.engines import Engines
from local.rabbitmq import RabbitMQ
from shared import broker
from shared.errors import BrokerUnavailable
from shared.publisher import CONFIRM_TIMEOUT, Publisher
from tests.integration.broker_side import comes, held, linked, own_queue, until
from tests.integration.proxy import Proxy
from tests.integration.replica_side import frozen

SOON = CONFIRM_TIMEOUT + 3.0
"""Seconds, generous: on a busy machine, too."""


@pytest.fixture(scope="module")
async def url(engines: Engines) -> AsyncIterator[str]:
    """One virtual host for the module; each test has queues of its own in it."""
    yield await engines.rabbitmq.create_vhost("publisher")
    await engines.rabbitmq.delete_vhost("publisher")


async def test_publish_returns_when_the_broker_has_the_message_with_its_headers(url: str) -> None:
    queue = await own_queue(url)
    publisher = Publisher()
    async with linked(url, publisher):
        await publisher.publish(queue.name, b"\x00\xff", key="k", headers={"update_id": 2**63 - 1, "said": "hə"})
        (message,) = await held(url, queue.name)
    assert (message.body, message.message_id) == (b"\x00\xff", "k")
    assert (message.headers["update_id"], message.headers["said"]) == (2**63 - 1, "hə")
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT


async def test_publish_returns_only_after_the_confirm(url: str, engines: Engines) -> None:
    queue = await own_queue(url)
    publisher = Publisher()
    async with Proxy(engines.rabbitmq.port) as proxy, linked(proxy.before(url), publisher):
        proxy.freeze()
        publishing = asyncio.create_task(publisher.publish(queue.name, b"x", key="k"))
        done, _ = await asyncio.wait([publishing], timeout=0.3)
        assert not done
        await proxy.heal()
        await publishing
        assert [message.body for message in await held(url, queue.name)] == [b"x"]


async def test_a_thousand_at_once_are_all_confirmed(url: str) -> None:
    queue = await own_queue(url)
    publisher = Publisher()
    async with linked(url, publisher):
        await asyncio.gather(*(publisher.publish(queue.name, b"%d" % n, key=str(n)) for n in range(1000)))
    assert {message.body for message in await held(url, queue.name)} == {b"%d" % n for n in range(1000)}


async def test_not_connected_is_unavailable_at_once() -> None:
    publisher = Publisher()
    with pytest.raises(BrokerUnavailable, match="not connected"):
        await publisher.publish("updates", b"x", key="k")


async def test_a_queue_that_does_not_exist_is_unavailable_and_harms_no_other(url: str) -> None:
    queue = await own_queue(url)
    publisher = Publisher()
    async with linked(url, publisher):
        with pytest.raises(BrokerUnavailable, match=r"no\.such\.queue"):
            await publisher.publish("no.such.queue", b"x", key="k")
        await publisher.publish(queue.name, b"x", key="k")
    assert len(await held(url, queue.name)) == 1


async def test_a_full_queue_is_unavailable_and_harms_no_other(url: str) -> None:
    full, other = await own_queue(url, max_length=1), await own_queue(url)
    publisher = Publisher()
    refused = 0
    async with linked(url, publisher):
        for _ in range(10):  # the bound is not exact: the broker learns of its length a moment later
            try:
                await publisher.publish(full.name, b"x", key="k")
            except BrokerUnavailable:
                refused += 1
            await publisher.publish(other.name, b"x", key="k")
    assert refused >= 5
    assert len(await held(url, other.name)) == 10


async def test_refusals_at_once_do_not_fail_what_others_publish_at_the_same_time(url: str) -> None:
    full, other = await own_queue(url, max_length=1), await own_queue(url)
    publisher = Publisher()
    async with linked(url, publisher):
        with contextlib.suppress(BrokerUnavailable):
            for _ in range(10):
                await publisher.publish(full.name, b"x", key="k")
        names = [full.name, other.name] * 50
        ends = await asyncio.gather(*(publisher.publish(name, b"x", key="k") for name in names), return_exceptions=True)
    assert ends[1::2] == [None] * 50
    assert all(isinstance(end, BrokerUnavailable) for end in ends[::2])
    assert len(await held(url, other.name)) == 50


async def test_a_cancelled_publisher_is_cancelled_and_the_next_works(url: str, engines: Engines) -> None:
    queue = await own_queue(url)
    publisher = Publisher()
    async with Proxy(engines.rabbitmq.port) as proxy, linked(proxy.before(url), publisher):
        proxy.freeze()
        publishing = asyncio.create_task(publisher.publish(queue.name, b"x", key="k"))
        await asyncio.sleep(0)
        publishing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await publishing
        await proxy.heal()
        await publisher.publish(queue.name, b"y", key="k")


async def test_a_connection_that_ends_while_publishing_is_unavailable_and_is_made_again(
    url: str, engines: Engines
) -> None:
    queue = await own_queue(url)
    publisher = Publisher()
    async with Proxy(engines.rabbitmq.port) as proxy, linked(proxy.before(url), publisher) as attached:
        proxy.freeze()
        publishing = [asyncio.create_task(publisher.publish(queue.name, b"x", key="k")) for _ in range(20)]
        await asyncio.wait(publishing, timeout=0.1)
        await proxy.cut()
        ends = await asyncio.gather(*publishing, return_exceptions=True)
        assert {type(end) for end in ends} == {BrokerUnavailable}
        with pytest.raises(BrokerUnavailable):
            await publisher.publish(queue.name, b"x", key="k")
        attached.up.clear()
        await proxy.heal()
        async with asyncio.timeout(15):
            await attached.up.wait()
        await publisher.publish(queue.name, b"at last", key="k")
    assert (await held(url, queue.name))[-1].body == b"at last"


async def registered(rabbitmq: RabbitMQ, queue: str) -> bool:
    """Whether the broker would know a new queue after a crash: it writes its list of them half a second late."""
    return any(queue.encode() in names.read_bytes() for names in rabbitmq.folder.rglob("names.dets"))


async def published(publisher: Publisher, queue: str, body: bytes) -> None:
    """Publish as every service does: again while the broker is away."""
    while True:
        with contextlib.suppress(BrokerUnavailable):
            return await publisher.publish(queue, body, key="k")


@pytest.fixture(scope="module")
async def own_broker(run: Path) -> AsyncIterator[RabbitMQ]:
    """A broker to freeze and to kill."""
    folder = run / "own-broker"
    folder.mkdir()
    rabbitmq = RabbitMQ(folder, "secret")
    try:
        await rabbitmq.start()
        yield rabbitmq
    finally:
        rabbitmq.child.send(signal.SIGCONT)
        await rabbitmq.discard()


async def test_a_frozen_broker_is_unavailable_within_the_bound_however_long_and_works_again_when_it_thaws(
    own_broker: RabbitMQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "HEARTBEAT", 1)  # aio-pika gives the connection up after 6 s instead of 33
    queue = await own_queue(own_broker.url)
    publisher = Publisher()
    took, ends = [], []
    async with linked(own_broker.url, publisher) as attached:
        with frozen(own_broker.child.pid):
            while attached.up.is_set():
                began = time.monotonic()
                publishing = [publisher.publish(queue.name, b"x", key="k") for _ in range(5)]
                ends += await asyncio.gather(*publishing, return_exceptions=True)
                took.append(time.monotonic() - began)
            with pytest.raises(BrokerUnavailable):
                await publisher.publish(queue.name, b"x", key="k")
        async with asyncio.timeout(15):
            await attached.up.wait()
        await publisher.publish(queue.name, b"at last", key="k")
    assert {type(end) for end in ends} == {BrokerUnavailable}
    assert max(took) < SOON
    assert (await held(own_broker.url, queue.name))[-1].body == b"at last"


async def test_publishing_goes_on_by_itself_when_a_killed_broker_is_back_and_what_was_confirmed_is_there(
    own_broker: RabbitMQ,
) -> None:
    queue = await own_queue(own_broker.url)
    publisher = Publisher()
    async with linked(own_broker.url, publisher) as attached:
        await publisher.publish(queue.name, b"before", key="k")
        await until(lambda: registered(own_broker, queue.name))
        await own_broker.kill()
        began = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            await publisher.publish(queue.name, b"x", key="k")
        assert time.monotonic() - began < SOON
        await own_broker.start()
        async with asyncio.timeout(15):
            await attached.up.wait()
            await published(publisher, queue.name, b"after")  # the first may fall into the queue's election
    assert (await comes(own_broker.url, queue.name)).body == b"before"
    assert (await comes(own_broker.url, queue.name)).body == b"after"


async def test_a_broker_short_of_memory_does_not_answer_though_its_connections_are_open(
    url: str, engines: Engines
) -> None:
    publisher = Publisher()
    async with linked(url, publisher):
        assert await publisher.answers()
        await engines.rabbitmq.control("set_vm_memory_high_watermark", "absolute", "1MB")
        try:

            async def silent() -> bool:
                return not await publisher.answers()

            await until(silent)
            async with linked(url):
                pass  # as ever
        finally:
            await engines.rabbitmq.control("set_vm_memory_high_watermark", "0.4")
        await until(publisher.answers)


async def test_a_broker_that_is_away_does_not_answer() -> None:
    assert not await Publisher().answers()
