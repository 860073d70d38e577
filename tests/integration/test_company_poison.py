"""Updates that nobody can handle: their senders slow nobody else down, and what is replayed happens once."""

from collections import Counter
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from local.folders import LOGS
from shared.delivery import LAST_FAILED, REASON
from shared.topology import UPDATES
from tests.integration.broker_side import held, put, until
from tests.integration.company import Company, Engines, company
from tests.integration.ops_side import fleet
from tests.integration.replica_side import ask

CHATS = 100
FIRST = 7_000_000_000
ONE = {"ingress": 1, "checkin_worker": 1, "geo_worker": 1, "sender": 1}
NO_DATABASE = "postgresql://not-asked"
REFUSES = f"ALTER TABLE employees ADD CHECK (user_id NOT BETWEEN {FIRST} AND {FIRST + CHATS - 1})"
"""Nobody of them can be written down: the update is well-formed, and its handler fails each time."""


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


def poison(chat: int) -> list[dict[str, Any]]:
    """What the ingress cannot read, what the worker cannot read, and what the worker cannot do."""

    def message(sender: object, **fields: object) -> dict[str, Any]:
        person = {"id": sender, "is_bot": False, "first_name": "Zəhər"}
        return {"message": {"chat": {"id": chat, "type": "private", "first_name": "Z"}, "from": person, **fields}}

    return [
        message("nobody", text="salam"),
        message(chat, text="salam", date="yesterday"),
        message(chat, text="salam"),
    ]


async def waiting(url: str, *queues: str) -> int:
    """How many messages wait in these queues."""
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        seen = [await channel.declare_queue(queue, passive=True) for queue in queues]
        return sum(queue.declaration_result.message_count or 0 for queue in seen)


@pytest.mark.long
async def test_a_hundred_chats_whose_every_update_is_poison_slow_nobody_else(rooms: Engines) -> None:
    await ask(rooms.database_url, REFUSES)
    async with company(rooms, employees=60) as office:
        telegram = office.telegram
        for number in range(CHATS):
            for update in poison(FIRST + number):
                telegram.updates.send(update)
        await office.crowd.everyone_checks_in()
        await office.everybody_answered()
        assert await office.recorded() == (60, 60)
        assert {len(_said_to(office, employee.id)) for employee in office.crowd.employees} == {1}
        await telegram.until(lambda: telegram.updates.pending == 0)
        assert Counter((entry.status, entry.number) for entry in telegram.ledger.webhook) == {(200, 1): 3 * CHATS + 60}

        async def all_poison_is_put_aside() -> bool:
            return (
                await waiting(rooms.rabbitmq_url, UPDATES.dead, *UPDATES.retry_names) == 3 * CHATS
                and await waiting(rooms.rabbitmq_url, UPDATES.name) == 0
            )

        await until(all_poison_is_put_aside, 60)
    reasons = Counter(str(one.headers[REASON])[:12] for one in await held(rooms.rabbitmq_url, UPDATES.dead))
    assert {**reasons, "not an updat": CHATS} == reasons
    assert sum(reasons.values()) >= 2 * CHATS


def _said_to(office: Company, person: int) -> list[str]:
    return [message.text for message in office.telegram.chat(person) if message.from_bot]


@pytest.mark.long
async def test_a_check_in_that_is_replayed_twice_is_one_event_and_one_reply(rooms: Engines) -> None:
    async with company(rooms, employees=1, counts=ONE) as office:
        anna = office.crowd.employees[0]
        await office.fleet.stop("checkin_worker")
        office.crowd.send_location(anna)

        async def it_waits() -> bool:
            return await waiting(rooms.rabbitmq_url, UPDATES.name) == 1

        await until(it_waits)
        (update,) = await held(rooms.rabbitmq_url, UPDATES.name)
        headers = {**update.headers, REASON: "KeyError('x')", LAST_FAILED: 1}
        await office.fleet.start("checkin_worker")
        for _ in range(2):
            for _ in range(2):
                await put(rooms.rabbitmq_url, UPDATES.dead, update.body, message_id=update.message_id, headers=headers)
            said = await fleet(NO_DATABASE, "dead", "replay", RABBITMQ_URL=rooms.rabbitmq_url)
            assert said.out == "2 messages (2 from dead.updates to updates) moved back\n"
            await office.everybody_answered()

        async def all_four_are_done() -> bool:
            return await office.metric("checkin_worker", 'fleet_settled_total{fate="done",queue="updates"}') == 4

        await until(all_four_are_done)

        async def every_reply_is_settled() -> bool:
            series = 'fleet_settled_total{fate="done",queue="outbound.interactive"}'
            return await office.metric("sender", series) == 4

        await until(every_reply_is_settled)
        assert await office.recorded() == (1, 1)
        assert [call.chat_id for call in office.telegram.ledger.calls if call.sent_a_message] == [anna.id]
