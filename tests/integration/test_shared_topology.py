"""The queues as RabbitMQ holds them."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aio_pika
import aiohttp
import pytest
import structlog
from aio_pika.exceptions import ChannelPreconditionFailed
from pydantic import SecretStr

from local.engines import Engines
from shared import topology
from shared.broker import Link
from shared.delivery import HANDLED_ALONE
from shared.topology import DEAD_DELIVERY_LIMIT, WORK_QUEUES, WorkQueue
from tests.integration.broker_side import LIMIT

SERVICES_QUEUES = [queue for queue in WORK_QUEUES if queue.dead]
TURNS = [queue for queue in WORK_QUEUES if not queue.dead]
RETRIES = [(queue, name) for queue in WORK_QUEUES for name in queue.retry_names]


@pytest.fixture(scope="module")
async def url(engines: Engines) -> AsyncIterator[str]:
    """One virtual host for the module, with the fleet's queues."""
    address = await engines.rabbitmq.create_vhost("topology")
    async with await aio_pika.connect(address) as connection:
        await topology.declare(connection)
    yield address
    await engines.rabbitmq.delete_vhost("topology")


@pytest.fixture(scope="module")
async def arguments(engines: Engines, url: str) -> dict[str, dict[str, Any]]:
    """What the broker says of each queue, through its management interface."""
    del url  # the queues must be there
    rabbitmq = engines.rabbitmq
    async with (
        aiohttp.ClientSession(
            headers={"Authorization": aiohttp.encode_basic_auth(rabbitmq.user, rabbitmq.password)}
        ) as http,
        http.get(f"{rabbitmq.management_url}api/queues/topology?columns=name,durable,arguments") as answer,
    ):
        queues = await answer.json()
    assert all(queue["durable"] for queue in queues)
    return {queue["name"]: queue["arguments"] for queue in queues}


async def test_declaring_twice_or_at_once_changes_nothing(url: str) -> None:
    async with await aio_pika.connect(url) as one, await aio_pika.connect(url) as other:
        await asyncio.gather(topology.declare(one), topology.declare(other))
        await topology.declare(one)


def test_the_queues_are_those_of_the_architecture(arguments: dict[str, dict[str, Any]]) -> None:
    outbound = {f"outbound.{kind}" for kind in ("interactive", "files", "enrichment", "bulk")}
    named = {"updates", "geo.requests", "geo.backlog", "geo.backfill", "reports", "receipts", *outbound}
    dead = {f"dead.{name}" for name in ("updates", "geo", "outbound", "reports", "receipts")}
    turns = {"sender.turn", "geo.turn", "ingress.turn"}
    alone = {f"alone.{name}" for name in ("updates", "reports", "receipts")}
    assert arguments.keys() == named | dead | turns | alone | {name for _, name in RETRIES}


def test_every_queue_survives_a_node(arguments: dict[str, dict[str, Any]]) -> None:
    assert {name: found["x-queue-type"] for name, found in arguments.items()} == dict.fromkeys(arguments, "quorum")


@pytest.mark.parametrize("queue", SERVICES_QUEUES, ids=lambda queue: queue.name)
def test_a_work_queue_limits_deliveries_and_length_and_loses_nothing(
    arguments: dict[str, dict[str, Any]], queue: WorkQueue
) -> None:
    found = arguments[queue.name]
    assert found["x-delivery-limit"] == queue.delivery_limit >= 50
    assert found["x-max-length"] == queue.max_length
    assert found["x-overflow"] == "reject-publish"
    assert (found["x-dead-letter-exchange"], found["x-dead-letter-routing-key"]) == ("", queue.dead)
    assert found["x-dead-letter-strategy"] == "at-least-once"
    assert queue.dead in arguments


@pytest.mark.parametrize("queue", [queue for queue in WORK_QUEUES if queue.alone], ids=lambda queue: queue.name)
def test_where_messages_are_handled_alone_the_bounds_are_the_same(
    arguments: dict[str, dict[str, Any]], queue: WorkQueue
) -> None:
    assert arguments[queue.alone_name] == arguments[queue.name]
    assert queue.delivery_limit > HANDLED_ALONE, "the broker would end it first, without a reason"


@pytest.mark.parametrize(("queue", "name"), RETRIES, ids=lambda value: str(getattr(value, "name", value)))
def test_a_retry_queue_gives_everything_back_to_its_work_queue(
    arguments: dict[str, dict[str, Any]], queue: WorkQueue, name: str
) -> None:
    found = arguments[name]
    assert (found["x-dead-letter-exchange"], found["x-dead-letter-routing-key"]) == ("", queue.name)
    assert (found["x-dead-letter-strategy"], found["x-overflow"]) == ("at-least-once", "reject-publish")


@pytest.mark.parametrize("queue", SERVICES_QUEUES, ids=lambda queue: queue.name)
def test_dead_letters_neither_expire_nor_overflow_however_often_they_are_looked_at(
    arguments: dict[str, dict[str, Any]], queue: WorkQueue
) -> None:
    assert arguments[queue.dead] == {"x-queue-type": "quorum", "x-delivery-limit": DEAD_DELIVERY_LIMIT}


@pytest.mark.parametrize("queue", TURNS, ids=lambda queue: queue.name)
def test_a_turn_is_a_queue_with_one_active_consumer(arguments: dict[str, dict[str, Any]], queue: WorkQueue) -> None:
    assert arguments[queue.name]["x-single-active-consumer"] is True


async def test_a_queue_that_exists_with_other_arguments_is_refused_by_name(rabbitmq_url: str) -> None:
    async with await aio_pika.connect(rabbitmq_url) as connection:
        async with connection.channel() as channel:
            await channel.declare_queue("updates", durable=True, arguments={"x-queue-type": "classic"})
        with pytest.raises(ChannelPreconditionFailed, match=r"inequivalent arg .* for queue 'updates'"):
            await topology.declare(connection)


async def test_a_process_whose_queue_has_other_arguments_says_so_and_is_not_ready(rabbitmq_url: str) -> None:
    async with await aio_pika.connect(rabbitmq_url) as connection, connection.channel() as channel:
        await channel.declare_queue("updates", durable=True, arguments={"x-queue-type": "classic"})
    said: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def listen(_logger: object, _name: str, event: Any) -> Any:  # noqa: ANN401 - structlog's own signature
        if event["event"] == "broker_unreachable" and not said.done():
            said.set_result(event)
        raise structlog.DropEvent

    before = structlog.get_config()["processors"]
    structlog.configure(processors=[listen])
    link = Link(SecretStr(rabbitmq_url), "test", [])
    task = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(LIMIT):
            event = await said
        assert re.search("inequivalent arg .* for queue 'updates'", event["error"])
        assert not await link.answers()
    finally:
        task.cancel()
        await asyncio.wait([task])
        structlog.configure(processors=before)
