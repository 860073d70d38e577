"""A check-in worker without its process: updates go in as bytes, what it says and asks comes out of real queues."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from pydantic import SecretStr

from checkin_worker.settings import WorkerSettings
from checkin_worker.updates import UpdateHandler
from shared.broker import Link
from shared.contracts import RECEIVED_AT, GeoRequest, OutboundCall, decode
from shared.database import PrimaryPool, replica_pools
from shared.delivery import Delivery, Done
from shared.publisher import Publisher
from shared.replicas import Reader
from shared.topology import ENRICHMENT, FILES, GEO_REQUESTS, INTERACTIVE, UPDATES
from tests.integration.database_side import as_login, left_behind

SENT = datetime(2026, 7, 6, 5, 58, 7, tzinfo=UTC)
"""A Monday in summer, 09:58:07 in Baku: on time."""
PERSON = 5_100_000_007
NAMES = {"first_name": "Ləman", "last_name": "Əliyeva", "username": "leman"}


def worker_settings(database_url: str, **changed: object) -> WorkerSettings:
    """Open to everybody, without a consent, with a worker's rights in the database; `changed` are fields."""
    fields: dict[str, Any] = {
        "database_url": SecretStr(as_login(database_url, "checkin_worker")),
        "rabbitmq_url": SecretStr("amqp://not-asked"),
        "telegram_bot_token": SecretStr("1:token"),
        "telegram_bot_username": "checkin_bot",
        "db_pool_min": 0,
        "db_pool_max": 8,
        "registration": "open",
        "consent": "off",
    }
    return WorkerSettings(**{**fields, **changed})


def delivery(update: object, **headers: object) -> Delivery:
    """An update as the queue hands it out."""
    body = update if isinstance(update, bytes) else orjson.dumps(update)
    return Delivery(queue=UPDATES.name, key="", body=body, headers=headers, tries=0, redelivered=False)


async def taken(connection: AbstractConnection, queue: str) -> list[AbstractIncomingMessage]:
    """What is in the queue; nothing is left. `geo.requests` can only be consumed: it has a single active consumer."""
    found: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    async with connection.channel() as channel, asyncio.timeout(10):
        source = await channel.declare_queue(queue, passive=True)
        waiting = source.declaration_result.message_count or 0
        if waiting:
            await source.consume(found.put, no_ack=True)
        return [await found.get() for _ in range(waiting)]


async def emptied(channel: AbstractChannel, queue: str) -> list[AbstractIncomingMessage]:
    """The same by a channel that stays open, one message at a time: the soonest for the one or two that wait."""
    source, messages = await channel.get_queue(queue, ensure=False), []
    while (message := await source.get(no_ack=True, fail=False)) is not None:
        messages.append(message)
    return messages


@dataclass
class DeskSide:
    """One worker, and everybody who writes to it. Updates are numbered from 1; each is received a second later.

    The pool is the worker's, with its rights; the owner's is the test's own, to look and to arrange.
    """

    handler: UpdateHandler
    pool: PrimaryPool
    owner: PrimaryPool
    connection: AbstractConnection
    channel: AbstractChannel
    now: datetime = SENT
    last_update: int = 0
    messages: dict[int, int] = field(default_factory=dict)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)  # two at once would take each other's calls

    async def write(
        self, fields: Mapping[str, object], *, person: int = PERSON, language: str = "az", **names: str
    ) -> list[OutboundCall]:
        """A message with these fields at this moment (`now`); returns what is said to it."""
        return await self.give({"message": self._message(fields, person, language, names)}, person)

    async def text(self, text: str, *, person: int = PERSON, language: str = "az", **names: str) -> list[OutboundCall]:
        """A text or a command."""
        entity = {"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}
        fields = {"text": text, "entities": [entity]} if text.startswith("/") else {"text": text}
        return await self.write(fields, person=person, language=language, **names)

    async def tap(
        self, latitude: float = 40.37171, longitude: float = 49.85050, *, person: int = PERSON, **place: object
    ) -> list[OutboundCall]:
        """A location; `place` are further fields of it, such as horizontal_accuracy."""
        point = {"latitude": latitude, "longitude": longitude, **place}
        return await self.write({"location": point}, person=person)

    async def press(
        self, data: str, *, person: int = PERSON, shown: datetime | None = None, language: str = "az"
    ) -> list[OutboundCall]:
        """An inline button below a message of the bot's that was shown then (at `now`, when not given)."""
        below = self._message({"text": "?"}, person, language, {})
        below["from"] = {"id": 1, "is_bot": True, "first_name": "Bot"}
        below["date"] = int((shown or self.now).timestamp())
        user = self._user(person, language, {})
        query = {"id": f"q{self.last_update + 1}", "from": user, "message": below, "chat_instance": "1", "data": data}
        return await self.give({"callback_query": query}, person)

    async def give(self, update: Mapping[str, object], person: int = PERSON) -> list[OutboundCall]:
        """Any update, without its number; returns the calls that are said to it, to whomever."""
        del person
        self.last_update += 1
        received = (int(self.now.timestamp()) + 1) * 1000
        one = delivery({"update_id": self.last_update, **update}, **{RECEIVED_AT: received})
        assert await self.handler(one) == Done()
        async with self.reading:
            return [
                decode(OutboundCall, each.body)
                for name in (INTERACTIVE.name, FILES.name)
                for each in await emptied(self.channel, name)
            ]

    async def asked(self) -> list[GeoRequest]:
        """The addresses that were asked for since."""
        return [decode(GeoRequest, each.body) for each in await taken(self.connection, GEO_REQUESTS.name)]

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """What the database says."""
        async with self.owner.connection() as connection:
            return await connection.fetch(query, *values)

    def later(self, **length: float) -> datetime:
        """Let time pass, by a timedelta's arguments; returns the moment."""
        self.now += timedelta(**length)
        return self.now

    def _user(self, person: int, language: str, names: Mapping[str, str]) -> dict[str, object]:
        return {"id": person, "is_bot": False, **(names or NAMES), "language_code": language}

    def _message(
        self, fields: Mapping[str, object], person: int, language: str, names: Mapping[str, str]
    ) -> dict[str, Any]:
        self.messages[person] = self.messages.get(person, 0) + 1
        chat = {"id": person, **(names or NAMES), "type": "private"}
        date = int(self.now.timestamp())
        user = self._user(person, language, names)
        return {"message_id": self.messages[person], "from": user, "chat": chat, "date": date, **fields}


@contextlib.asynccontextmanager
async def desk_side(settings: WorkerSettings, connection: AbstractConnection) -> AsyncIterator[DeskSide]:
    """A worker with these settings, over queues that exist; they are empty at first.

    Whatever was asked of it, its connections hold nothing of that afterwards: they are given back as they are.
    """
    publisher = Publisher()
    await publisher.attach(connection, Link(settings.rabbitmq_url, "test", []))
    everything = SecretStr(as_login(settings.database_url.get_secret_value()))
    async with (
        connection.channel() as channel,
        contextlib.aclosing(PrimaryPool(settings)) as pool,
        contextlib.aclosing(PrimaryPool(settings.model_copy(update={"database_url": everything}))) as owner,
        contextlib.aclosing(Reader(replica_pools(settings))) as reader,
    ):
        for queue in (INTERACTIVE, FILES, GEO_REQUESTS, ENRICHMENT):
            await (await channel.get_queue(queue.name, ensure=False)).purge()
        side: DeskSide
        handler = UpdateHandler(settings, pool, reader, publisher, lambda: side.now + timedelta(seconds=1))
        side = DeskSide(handler, pool, owner, connection, channel)
        yield side
        assert await left_behind(pool) == []
    await publisher.detach()
