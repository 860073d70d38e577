"""A hundred thousand calls wait: the sender holds a window of them, and still finds the replies at once."""

import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aio_pika
import pytest
from pydantic import SecretStr

from local.fleet import Fleet, plan
from local.folders import LOGS
from ops.bulk import bulk_publisher
from shared.contracts import OutboundCall, encode
from shared.topology import BULK, INTERACTIVE
from simulator.crowd import Crowd
from simulator.server import Simulator
from tests.integration.post_side import reply

WAITING = 100_000
BATCH = 20_000
REPLIES = 30
MOST_KIB = 150 * 1024

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


def family_of(pid: int) -> Iterator[int]:
    """The process and its children."""
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from family_of(int(child))


def peak_kib(pid: int) -> int:
    """The most memory that a process of the family has had."""
    status = [Path(f"/proc/{one}/status").read_text() for one in family_of(pid)]
    return max(int(text.partition("VmHWM:")[2].split()[0]) for text in status)


def bulk(number: int, chat: int) -> OutboundCall:
    params = {"chat_id": chat, "text": "☀️ Səhəriniz xeyir! Saat 11:00-a qədər qeydiyyatdan keçin. " * 3}
    return OutboundCall(
        key=f"bulk:{number}",
        chat_id=chat,
        method="sendMessage",
        params=params,
        created_at=time.time(),
        if_unknown="leave",
    )


async def test_with_a_hundred_thousand_waiting_the_sender_stays_small_and_finds_the_replies_first(
    rabbitmq_url: str, redis_url: str, telegram: Simulator, run: Path
) -> None:
    crowd = Crowd(telegram, employees=1000 + REPLIES)
    people = [employee.id for employee in crowd.employees]
    async with bulk_publisher(SecretStr(rabbitmq_url), BULK.name) as publisher:
        for first in range(0, WAITING, BATCH):
            await publisher.publish([bulk(number, people[number % 1000]) for number in range(first, first + BATCH)])
    environment = {
        "PATH": os.environ["PATH"],
        "LISTEN_ADDRESS": "127.0.0.1",
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "TELEGRAM_API_URL": telegram.url,
        "RABBITMQ_URL": rabbitmq_url,
        "REDIS_URL": redis_url,
    }
    async with Fleet(plan({"sender": 1}), environment, run / LOGS) as fleet:
        ledger = telegram.ledger
        await telegram.until(lambda: len(ledger.calls) >= 60)
        connection = await aio_pika.connect(rabbitmq_url)
        async with connection, connection.channel() as channel:
            published = time.monotonic()
            for chat in people[1000:]:
                message = aio_pika.Message(encode(reply(chat, "here you are")))
                await channel.default_exchange.publish(message, INTERACTIVE.name)
        await telegram.until(lambda: all(telegram.chat(chat) for chat in people[1000:]))
        answered = max(ledger.calls_to(chat)[0].arrived for chat in people[1000:])
        overtakers = sum(published < call.arrived < answered for call in ledger.calls) - REPLIES
        assert overtakers <= 6, "what was on its way when they came, and the share of bulk"
        assert peak_kib(fleet.child("sender").pid) < MOST_KIB
        print(f"peak of the sender: {peak_kib(fleet.child('sender').pid) / 1024:.0f} MiB; overtaken by {overtakers}")  # noqa: T201 - a figure for the docs
