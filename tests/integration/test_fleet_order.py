"""Order does not matter: days shuffled and repeated through the real broker end in the same rows."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg

from local.fleet import Fleet, plan
from local.folders import LOGS
from shared.contracts import UPDATE_ID
from shared.topology import INTERACTIVE, UPDATES
from tests.integration.broker_side import linked

PEOPLE = 24
MORNING = int(datetime(2026, 11, 23, 5, 0, tzinfo=UTC).timestamp())
DAY = (0, 20, 45, 3600, 3610, 7200, 20_000, 20_059, 30_000, 90_000, 100_000)
"""Seconds at which each person sends a location: double taps, several sessions, a next day after a forgotten end."""


def location(person: int, number: int) -> tuple[int, bytes]:
    """The update in which this person sends the location of this number."""
    user = {"id": person, "is_bot": False, "first_name": f"P{person}"}
    update_id = person * 100 + number
    message: dict[str, Any] = {
        "message_id": number + 1,
        "date": MORNING + DAY[number],
        "from": user,
        "chat": {"id": person, "type": "private", "first_name": "P"},
        "location": {"latitude": 40.4, "longitude": 49.9},
    }
    return update_id, json.dumps({"update_id": update_id, "message": message}).encode()


def shuffled_with_repetitions(person: int) -> list[int]:
    """This person's own order of arrival, some updates more than once."""
    chance = random.Random(person)  # noqa: S311 - no secret: repeatable orders
    numbers = list(range(len(DAY))) + chance.choices(range(len(DAY)), k=5)
    chance.shuffle(numbers)
    return numbers


async def days(database_url: str) -> dict[int, list[tuple[object, ...]]]:
    """Each person's sessions, without what names the person."""
    database = await asyncpg.connect(database_url)
    rows = await database.fetch(
        """
        SELECT user_id, workday, ordinal, start_time, end_time, closed_by,
               start_update_id - user_id * 100, end_update_id - user_id * 100
        FROM sessions ORDER BY user_id, workday, ordinal
        """
    )
    await database.close()
    found: dict[int, list[tuple[object, ...]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(tuple(row)[1:])
    return found


async def test_any_order_with_repetitions_through_three_workers_ends_in_the_same_rows(
    database_url: str, rabbitmq_url: str, run: Path
) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "LISTEN_ADDRESS": "127.0.0.1",
        "RABBITMQ_URL": rabbitmq_url,
        "DATABASE_URL": database_url,
        "REGISTRATION": "open",
        "CONSENT": "off",
        "TELEGRAM_BOT_TOKEN": "1:token",
        "DISABLE_GEOCODING": "true",
        "DB_POOL_MIN": "1",
        "DB_POOL_MAX": "8",
    }
    orders = {person: shuffled_with_repetitions(person) for person in range(2, PEOPLE + 1)} | {1: list(range(len(DAY)))}
    async with linked(rabbitmq_url):  # declares the queues
        pass
    async with await aio_pika.connect(rabbitmq_url) as connection, connection.channel() as channel:
        for turn in range(max(map(len, orders.values()))):
            for person, order in orders.items():
                if turn < len(order):
                    update_id, body = location(person, order[turn])
                    message = aio_pika.Message(body, headers={UPDATE_ID: update_id})
                    await channel.default_exchange.publish(message, UPDATES.name)
        async with Fleet(plan({"checkin_worker": 3}), environment, run / LOGS):
            replies = await channel.get_queue(INTERACTIVE.name)
            async with replies.iterator(timeout=60) as arriving:
                for _ in range(sum(map(len, orders.values()))):
                    await (await anext(arriving)).ack()
    found = await days(database_url)
    assert len(found) == PEOPLE
    assert [session[4] for session in found[1]] == ["tap", "tap", "boundary", "tap"]
    assert all(found[person] == found[1] for person in found), "order or repetition changed a day"
