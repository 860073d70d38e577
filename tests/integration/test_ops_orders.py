"""`fleet pause` and `fleet resume`: the order is where every sender finds it, and what is said of it is so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue

from local.engines import Engines
from ops import orders
from ops.orders import NOTE, QUEUES
from shared.contracts import CallPriority, Order, decode
from shared.topology import BULK, SENDER_TURN, declare
from tests.integration.broker_side import comes, put
from tests.integration.ops_side import Said, fleet

NO_DATABASE = "postgresql://not-asked"


@pytest.fixture
async def opened(rabbitmq_url: str) -> AsyncIterator[AbstractConnection]:
    async with await aio_pika.connect(rabbitmq_url) as connection:
        await declare(connection)
        yield connection


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "PATIENCE", 1.0)


async def hold(_message: aio_pika.abc.AbstractIncomingMessage) -> None:
    """Keep it, as somebody does who neither sends nor obeys."""


class Sender:
    """A sender as RabbitMQ sees one: it waits for its turn, and consumes what is not paused."""

    def __init__(self, channel: AbstractChannel, turn: AbstractChannel) -> None:
        self._channel = channel
        self._turn = turn
        self._consumed: dict[CallPriority, list[tuple[AbstractQueue, str]]] = {}
        self.orders: asyncio.Queue[Order] = asyncio.Queue()

    async def begin(self) -> None:
        for priority in QUEUES:
            await self._consume(priority)
        await (await self._turn.get_queue(SENDER_TURN.name, ensure=False)).consume(self._obey)

    async def _consume(self, priority: CallPriority) -> None:
        queues = [await self._channel.get_queue(queue.name, ensure=False) for queue in QUEUES[priority]]
        self._consumed[priority] = [(queue, await queue.consume(hold)) for queue in queues]

    async def _obey(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        assert message.type == NOTE
        assert (message.expiration, message.delivery_mode) == (None, aio_pika.DeliveryMode.PERSISTENT)
        order = decode(Order, message.body)
        await self.orders.put(order)
        for priority in QUEUES:
            if order.subject == priority and order.state == "running":
                await self._consume(priority)
            elif order.subject == priority:
                for queue, tag in self._consumed[priority]:
                    await queue.cancel(tag)


@contextlib.asynccontextmanager
async def sender(connection: AbstractConnection) -> AsyncIterator[Sender]:
    async with connection.channel() as channel, connection.channel() as turn:
        one = Sender(channel, turn)
        await one.begin()
        yield one


async def test_a_pause_is_told_when_the_sender_obeys_it_and_so_is_its_end(
    opened: AbstractConnection, rabbitmq_url: str
) -> None:
    async with sender(opened) as one:
        said = await fleet(NO_DATABASE, "pause", "bulk", RABBITMQ_URL=rabbitmq_url)
        await put(rabbitmq_url, BULK.name, b"{}")
        assert said == Said(0, "bulk is paused: 0 calls wait\n", [])
        paused = await one.orders.get()
        assert (paused.subject, paused.state) == ("bulk", "paused")
        table = (await fleet(NO_DATABASE, "pause", RABBITMQ_URL=rabbitmq_url)).out
        rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if "│" in line]
        assert rows == [["interactive", "goes out", "0"], ["enrichment", "goes out", "0"], ["bulk", "paused", "1"]]
        said = await fleet(NO_DATABASE, "resume", "bulk", RABBITMQ_URL=rabbitmq_url)
        assert (said.status, said.out.partition(":")[0]) == (0, "bulk goes on")
        resumed = await one.orders.get()
        assert (resumed.state, resumed.given_at > paused.given_at) == ("running", True)


async def test_several_are_paused_at_once_and_files_go_with_the_replies(
    opened: AbstractConnection, rabbitmq_url: str
) -> None:
    async with sender(opened):
        said = await fleet(NO_DATABASE, "pause", "interactive", "enrichment", RABBITMQ_URL=rabbitmq_url)
        assert said.out.splitlines() == ["interactive is paused: 0 calls wait", "enrichment is paused: 0 calls wait"]
        for queue in ("outbound.interactive", "outbound.files", "outbound.enrichment"):
            async with opened.channel() as channel:
                seen = await channel.declare_queue(queue, passive=True)
                assert seen.declaration_result.consumer_count == 0


async def test_without_a_sender_the_order_waits_for_the_next_one(opened: AbstractConnection, rabbitmq_url: str) -> None:
    await put(rabbitmq_url, BULK.name, b"{}")
    said = await fleet(NO_DATABASE, "pause", "bulk", RABBITMQ_URL=rabbitmq_url)
    sentence = "bulk: RabbitMQ keeps the order; no sender is there now, the next one obeys; 1 calls wait\n"
    assert said == Said(0, sentence, [])
    order = decode(Order, (await comes(rabbitmq_url, SENDER_TURN.name)).body)
    assert (order.subject, order.state) == ("bulk", "paused")
    assert "no sender is there" in (await fleet(NO_DATABASE, "pause", RABBITMQ_URL=rabbitmq_url)).out
    del opened


async def test_a_sender_that_does_not_obey_is_told_and_the_status_is_1(
    opened: AbstractConnection, rabbitmq_url: str
) -> None:
    async with opened.channel() as channel:
        for queue in (SENDER_TURN, BULK):
            await (await channel.get_queue(queue.name, ensure=False)).consume(hold)
        said = await fleet(NO_DATABASE, "pause", "bulk", RABBITMQ_URL=rabbitmq_url)
        assert (said.status, said.out.partition(":")[0]) == (1, "bulk is not paused yet")
        said = await fleet(NO_DATABASE, "resume", "interactive", RABBITMQ_URL=rabbitmq_url)
        assert (said.status, said.out.partition(":")[0]) == (1, "interactive does not go on yet")


async def test_wrong_words_are_status_2_and_a_broker_that_is_away_is_a_sentence(engines: Engines) -> None:
    url = f"amqp://fleet:hunter2@127.0.0.1:{engines.postgres.port + 1}/"
    assert (await fleet(NO_DATABASE, "pause", "everything", RABBITMQ_URL=url)).status == 2
    assert (await fleet(NO_DATABASE, "resume", RABBITMQ_URL=url)).status == 2
    said = await fleet(NO_DATABASE, "pause", "bulk", RABBITMQ_URL="amqp://fleet:hunter2@127.0.0.1:1/")
    assert (said.status, len(said.problems)) == (1, 1)
    assert said.problems[0].startswith("Telling the sender (say it again) failed: BrokerUnavailable: is RABBITMQ_URL")
    assert "hunter2" not in said.problems[0]
