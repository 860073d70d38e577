"""An update from the queue's bytes to the rows and the replies, with a real PostgreSQL and RabbitMQ."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest
from aio_pika.abc import AbstractConnection
from prometheus_client import REGISTRY
from pydantic import SecretStr

from checkin_worker.settings import WorkerSettings
from checkin_worker.updates import UpdateHandler
from local.ports import LOOPBACK, free_port
from shared.broker import Link
from shared.contracts import RECEIVED_AT, TRACEPARENT, UPDATE_ID, GeoRequest, OutboundCall, decode
from shared.database import PrimaryPool
from shared.delivery import Delivery, Done
from shared.errors import BrokerUnavailable, DatabaseUnavailable, Undecodable
from shared.publisher import Publisher
from shared.replicas import Reader
from shared.sealed import unsealed
from shared.topology import GEO_REQUESTS, INTERACTIVE
from simulator.crowd import Crowd
from simulator.server import Simulator
from tests.integration.database_side import as_login
from tests.integration.desk_side import NAMES, PERSON, SENT, delivery, taken, worker_settings
from tests.integration.replica_side import ask

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PLACE = {"location": {"latitude": 40.0, "longitude": 49.0}}
Connection = AbstractConnection


@pytest.fixture
async def connection(queues: Connection) -> Connection:
    """The queues are empty."""
    async with queues.channel() as channel:
        for queue in (INTERACTIVE, GEO_REQUESTS):
            await (await channel.get_queue(queue.name, ensure=False)).purge()
    return queues


@pytest.fixture
def settings(database_url: str) -> WorkerSettings:
    return worker_settings(database_url)


@pytest.fixture
async def pool(settings: WorkerSettings) -> AsyncIterator[PrimaryPool]:
    async with contextlib.aclosing(PrimaryPool(settings)) as opened:
        yield opened


@pytest.fixture
async def publisher(connection: Connection, settings: WorkerSettings) -> AsyncIterator[Publisher]:
    attached = Publisher()
    await attached.attach(connection, Link(settings.rabbitmq_url, "test", []))
    yield attached
    await attached.detach()


@pytest.fixture
def handler(settings: WorkerSettings, pool: PrimaryPool, publisher: Publisher) -> UpdateHandler:
    return UpdateHandler(settings, pool, Reader([]), publisher, lambda: SENT)


@pytest.fixture
def mute(settings: WorkerSettings, pool: PrimaryPool) -> UpdateHandler:
    """A handler that fails when it has anything to say: it is not connected."""
    return UpdateHandler(settings, pool, Reader([]), Publisher())


def message(update_id: int, fields: Mapping[str, object] | None = None, sent: datetime = SENT) -> dict[str, Any]:
    """An update with a message as Telegram writes it; `fields` are added to the message."""
    return {
        "update_id": update_id,
        "message": {
            "message_id": 17,
            "from": {"id": PERSON, "is_bot": False, **NAMES, "language_code": "az"},
            "chat": {"id": PERSON, **NAMES, "type": "private"},
            "date": int(sent.timestamp()),
            **(fields or {}),
        },
    }


def located(update_id: int, sent: datetime = SENT, latitude: float = 40.37171, longitude: float = 49.85050) -> Delivery:
    place = {"latitude": latitude, "longitude": longitude, "horizontal_accuracy": 12.5}
    return delivery(message(update_id, {"location": place}, sent))


def without_sender(**changed: object) -> Delivery:
    update = message(1, PLACE)
    del update["message"]["from"]
    update["message"] |= changed
    return delivery(update)


async def rows(pool: PrimaryPool, query: str) -> list[asyncpg.Record]:
    async with pool.connection() as borrowed:
        return await borrowed.fetch(query)


async def counts(pool: PrimaryPool) -> dict[str, int]:
    tables = ("employees", "attendance_events", "sessions", "inbox")
    return {
        table: (await rows(pool, f"SELECT count(*) FROM {table}"))[0][0]  # noqa: S608 - the names above
        for table in tables
    }


NOTHING = {"employees": 0, "attendance_events": 0, "sessions": 0, "inbox": 0}


async def said(connection: Connection) -> list[OutboundCall]:
    return [decode(OutboundCall, each.body) for each in await taken(connection, INTERACTIVE.name)]


async def asked(connection: Connection) -> list[GeoRequest]:
    return [decode(GeoRequest, each.body) for each in await taken(connection, GEO_REQUESTS.name)]


async def test_a_location_becomes_a_person_an_event_a_session_and_one_reply(
    handler: UpdateHandler, pool: PrimaryPool, connection: Connection
) -> None:
    assert await handler(located(1)) == Done()
    assert await counts(pool) == dict.fromkeys(NOTHING, 1)
    ((name, chat_id),) = await rows(pool, "SELECT full_name, chat_id FROM employees")
    assert (name, chat_id) == ("Ləman Əliyeva", PERSON)
    (call,) = await said(connection)
    assert (call.key, call.chat_id, call.method, call.awaits_enrichment) == ("1:0", PERSON, "sendMessage", True)
    assert call.params["text"].splitlines()[:5] == [
        "✅ Gəlişiniz qeydə alındı",
        "👤 Ləman Əliyeva",
        "📅 6 iyul 2026, bazar ertəsi",
        "🕘 09:58:07",
        "📍 40.37171, 49.85050",
    ]


async def test_the_reply_to_a_location_carries_no_keyboard_so_that_it_can_be_edited(
    handler: UpdateHandler, connection: Connection
) -> None:
    await handler(located(1))
    (call,) = await said(connection)
    assert call.params.keys() == {"chat_id", "text"}


async def test_the_address_is_asked_for_with_all_that_finding_its_place_needs(
    handler: UpdateHandler, connection: Connection
) -> None:
    await handler(located(1))
    (call,), (request,) = await said(connection), await asked(connection)
    assert (request.reply_key, request.chat_id) == (call.key, call.chat_id)
    assert request.slot is not None
    assert request.slot.text == call.params["text"]
    assert request.slot.filled("Bakı") == call.params["text"].replace("40.37171, 49.85050", "Bakı")
    assert (request.event.user_id, request.event.sent_at, request.event.update_id) == (
        PERSON,
        int(SENT.timestamp()),
        1,
    )
    assert (request.latitude, request.longitude, request.language) == (40.37171, 49.85050, "az")


async def test_with_geocoding_off_no_address_is_asked_for_or_waited_for(
    settings: WorkerSettings, pool: PrimaryPool, publisher: Publisher, connection: Connection
) -> None:
    off = settings.model_copy(update={"disable_geocoding": True})
    await UpdateHandler(off, pool, Reader([]), publisher)(located(1))
    assert [call.awaits_enrichment for call in await said(connection)] == [False]
    assert await asked(connection) == []


async def test_start_greets_by_name_and_sets_the_location_button_once_for_all(
    handler: UpdateHandler, pool: PrimaryPool, connection: Connection
) -> None:
    entity = {"type": "bot_command", "offset": 0, "length": 6}
    await handler(delivery(message(1, {"text": "/start", "entities": [entity]})))
    (call,) = await said(connection)
    assert "Salam, Ləman Əliyeva!" in call.params["text"]
    assert call.params["reply_markup"] == {
        "keyboard": [[{"text": "📍 Yerimi göndər", "request_location": True}]],
        "is_persistent": True,
        "resize_keyboard": True,
    }
    assert await asked(connection) == []
    assert await counts(pool) == {**NOTHING, "employees": 1, "inbox": 1}


STICKER = {"file_id": "a", "file_unique_id": "b", "type": "regular", "width": 1, "height": 1}
STICKER |= {"is_animated": False, "is_video": False}


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "📍 Yerimi göndər"},
        {"text": "salam"},
        {"sticker": STICKER},
        {"contact": {"phone_number": "+994501234567", "first_name": "Ləman"}},
        {"location": {"latitude": 91, "longitude": 49.85}},
        {"location": {"latitude": -90.5, "longitude": 49.85}},
        {"location": {"latitude": 40.37, "longitude": 180.01}},
        {"location": {"latitude": 1e300, "longitude": -1e300}},
        {"some_field_of_2030": {"x": 1}},
    ],
    ids=["the label", "text", "sticker", "contact", "91 N", "90.5 S", "180.01 E", "nowhere", "a later kind"],
)
async def test_what_is_no_place_on_earth_is_answered_with_a_hint_and_recorded_nowhere(
    handler: UpdateHandler, pool: PrimaryPool, connection: Connection, fields: dict[str, object]
) -> None:
    assert await handler(delivery(message(1, fields))) == Done()
    assert await counts(pool) == {**NOTHING, "employees": 1, "inbox": 1}
    (call,) = await said(connection)
    assert "düyməsi" in call.params["text"]
    assert call.params["reply_markup"]["keyboard"]


@pytest.mark.parametrize("point", [(90.0, 180.0), (-90.0, -180.0), (0.0, 0.0)])
async def test_the_ends_of_the_earth_are_places(
    handler: UpdateHandler, pool: PrimaryPool, point: tuple[float, float]
) -> None:
    assert await handler(located(1, SENT, *point)) == Done()
    assert await counts(pool) == dict.fromkeys(NOTHING, 1)


IGNORED = {
    "in a group": delivery(message(1, {"chat": {"id": -100, "type": "group", "title": "İş"}, **PLACE})),
    "in a supergroup": delivery(message(1, {"chat": {"id": -1001, "type": "supergroup", "title": "İş"}, **PLACE})),
    "without sender": without_sender(),
    "of a channel": without_sender(chat={"id": -1002, "type": "channel", "title": "İş"}),
    "of another bot": delivery(message(1, {"from": {"id": 7, "is_bot": True, "first_name": "bot"}, **PLACE})),
    "edited": delivery({"update_id": 1, "edited_message": {**message(1, PLACE)["message"], "edit_date": 1}}),
    "of no kind": delivery({"update_id": 1}),
    "of a kind of 2030": delivery({"update_id": 1, "thought": {"from": {"id": 1}}}),
}


@pytest.mark.parametrize("ignored", IGNORED.values(), ids=IGNORED.keys())
async def test_what_is_not_between_a_person_and_the_bot_leaves_no_trace(
    mute: UpdateHandler, pool: PrimaryPool, ignored: Delivery
) -> None:
    assert await mute(ignored) == Done()
    assert await counts(pool) == NOTHING


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"update_id": "x"}',
        b'{"update_id": 1, "message": {}}',
        b'{"update_id": 1, "message": "text"}',
        b'{"update_id": 1, "message": {"message_id": 1, "date": "soon", "chat": {"id": 1, "type": "private"}}}',
        b'{"update_id": 1,',
        b"[" * 200_000,
        orjson.dumps(message(1, {"location": {"latitude": "north", "longitude": None}})),
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)
async def test_what_is_no_update_is_undecodable_and_leaves_no_trace(
    mute: UpdateHandler, pool: PrimaryPool, body: bytes
) -> None:
    with pytest.raises(Undecodable):
        await mute(delivery(body))
    assert await counts(pool) == NOTHING


async def test_what_counts_is_telegrams_clock_and_what_is_kept_is_when_we_heard(
    handler: UpdateHandler, pool: PrimaryPool
) -> None:
    heard = int(SENT.timestamp() * 1000) + 31_437
    await handler(delivery(message(1, PLACE), **{RECEIVED_AT: heard}))
    ((sent_at, received_at),) = await rows(pool, "SELECT sent_at, received_at FROM attendance_events")
    assert (sent_at, received_at) == (SENT, SENT + timedelta(seconds=31, milliseconds=437))


async def test_replies_and_addresses_carry_when_the_update_came_to_our_door(
    handler: UpdateHandler, connection: Connection
) -> None:
    await handler(delivery(message(1, PLACE), **{RECEIVED_AT: 1_783_317_488_437}))
    (call,), (request,) = await said(connection), await asked(connection)
    assert call.asked_at == request.asked_at == 1_783_317_488.437
    assert call.said_at == int(SENT.timestamp())


def recorded() -> tuple[float, float]:
    """How many check-ins were measured, and the seconds of all of them."""
    count, total = (REGISTRY.get_sample_value(f"checkin_recorded_seconds_{part}") or 0.0 for part in ("count", "sum"))
    return count, total


def handled() -> tuple[float, float]:
    """How many updates were measured, and the seconds of all of them."""
    count, total = (REGISTRY.get_sample_value(f"fleet_update_seconds_{part}") or 0.0 for part in ("count", "sum"))
    return count, total


async def test_an_update_of_somebody_is_measured_once_from_our_door_to_its_commit(handler: UpdateHandler) -> None:
    count, total = handled()
    at_the_door = round((SENT.timestamp() - 5) * 1000)
    for _ in range(2):  # the second time it comes back from a process that died before its ack
        await handler(delivery(message(1, {"text": "/today"}), **{RECEIVED_AT: at_the_door}))
    await handler(
        delivery(message(2, {"chat": {"id": -100, "type": "group", "title": "İş"}}), **{RECEIVED_AT: at_the_door})
    )
    assert handled() == (count + 1, total + 5.0)


async def test_a_location_is_measured_once_from_its_own_date_to_its_commit(handler: UpdateHandler) -> None:
    count, total = recorded()
    for _ in range(2):  # the second time it comes back from a process that died before its ack
        await handler(located(1, SENT - timedelta(seconds=7)))
    await handler(delivery(message(2, {"text": "/today"})))
    assert recorded() == (count + 1, total + 7.0)


async def test_a_location_whose_commit_fails_is_not_measured(handler: UpdateHandler, database_url: str) -> None:
    before, owner = recorded(), as_login(database_url)
    await ask(owner, "ALTER TABLE inbox RENAME COLUMN replies TO gone")
    try:
        with pytest.raises(DatabaseUnavailable):
            await handler(located(1))
    finally:
        await ask(owner, "ALTER TABLE inbox RENAME COLUMN gone TO replies")
    assert recorded() == before


async def test_replies_travel_with_the_updates_id_and_trace(handler: UpdateHandler, connection: Connection) -> None:
    await handler(delivery(message(1, PLACE), **{UPDATE_ID: 1, TRACEPARENT: TRACE, "x-tries": 3, "odd": None}))
    for queue in (INTERACTIVE.name, GEO_REQUESTS.name):
        (found,) = await taken(connection, queue)
        assert found.headers == {UPDATE_ID: 1, TRACEPARENT: TRACE}
        assert found.message_id == "1:0"


async def test_an_update_that_comes_twice_has_its_effect_once_and_its_replies_again(
    handler: UpdateHandler, pool: PrimaryPool, connection: Connection
) -> None:
    await handler(located(1))
    first = [(each.message_id, each.body) for each in await taken(connection, INTERACTIVE.name)]
    requests = [(each.message_id, each.body) for each in await taken(connection, GEO_REQUESTS.name)]
    assert await handler(located(1)) == Done()
    assert [(each.message_id, each.body) for each in await taken(connection, INTERACTIVE.name)] == first
    assert [(each.message_id, each.body) for each in await taken(connection, GEO_REQUESTS.name)] == requests
    assert await counts(pool) == dict.fromkeys(NOTHING, 1)


async def test_a_location_that_comes_again_when_its_replies_are_forgotten_is_the_same_event(
    handler: UpdateHandler, pool: PrimaryPool
) -> None:
    await handler(located(1))
    before = await rows(pool, "SELECT * FROM attendance_events, sessions")
    await rows(pool, "UPDATE inbox SET handled_at = now() - interval '73 hours'")
    assert await handler(located(1)) == Done()
    assert await rows(pool, "SELECT * FROM attendance_events, sessions") == before
    assert await counts(pool) == dict.fromkeys(NOTHING, 1)


async def test_an_update_that_two_workers_hold_at_once_has_its_effect_once(
    handler: UpdateHandler, settings: WorkerSettings, pool: PrimaryPool, publisher: Publisher, connection: Connection
) -> None:
    other = UpdateHandler(settings, pool, Reader([]), publisher, lambda: SENT)
    await asyncio.gather(*(each(located(1)) for each in (handler, other) * 4))
    assert await counts(pool) == dict.fromkeys(NOTHING, 1)
    replies = [(call.key, call.params, call.created_at) for call in await said(connection)]
    assert len(replies) == 8
    assert all(each == replies[0] for each in replies)


async def test_a_reply_that_the_broker_did_not_take_comes_with_the_next_try(
    handler: UpdateHandler, settings: WorkerSettings, pool: PrimaryPool, publisher: Publisher, connection: Connection
) -> None:
    await publisher.detach()
    with pytest.raises(BrokerUnavailable):
        await handler(located(1))
    assert await counts(pool) == dict.fromkeys(NOTHING, 1)
    await publisher.attach(connection, Link(settings.rabbitmq_url, "test", []))
    assert await handler(located(1)) == Done()
    assert [call.key for call in await said(connection)] == ["1:0"]
    assert await counts(pool) == dict.fromkeys(NOTHING, 1)


async def test_while_the_database_is_away_nothing_is_said(
    settings: WorkerSettings, publisher: Publisher, connection: Connection
) -> None:
    nowhere = settings.model_copy(
        update={"database_url": SecretStr(f"postgresql://fleet@{LOOPBACK}:{free_port()}/fleet")}
    )
    async with contextlib.aclosing(PrimaryPool(nowhere)) as away:
        with pytest.raises(DatabaseUnavailable):
            await UpdateHandler(settings, away, Reader([]), publisher)(located(1))
    assert await said(connection) == []


async def test_a_double_tap_repeats_the_answer_and_a_later_location_closes(
    handler: UpdateHandler, pool: PrimaryPool, connection: Connection
) -> None:
    for update_id, seconds in ((1, 0), (2, 59), (3, 9 * 3600)):
        await handler(located(update_id, SENT + timedelta(seconds=seconds)))
    firsts = [call.params["text"].splitlines() for call in await said(connection)]
    assert [lines[0] for lines in firsts] == [
        "✅ Gəlişiniz qeydə alındı",
        "☑️ Gəlişiniz artıq qeydə alınıb",
        "✅ Gedişiniz qeydə alındı",
    ]
    assert firsts[1][1:] == firsts[0][1:], "place, time, number: nothing is lost where only the second goes out"
    assert firsts[2][5] == "⏱ İş vaxtı: 9 saat"
    assert firsts[2][-1] != firsts[0][-1], "another entry has another number"
    assert [request.event.update_id for request in await asked(connection)] == [1, 1, 3]
    assert (await counts(pool))["sessions"] == 1


async def test_an_address_that_is_known_is_said_at_once_and_not_asked_for_again(
    handler: UpdateHandler, pool: PrimaryPool, connection: Connection
) -> None:
    await handler(located(1))
    assert len(await said(connection)) == len(await asked(connection)) == 1
    await rows(pool, "UPDATE attendance_events SET address = 'Neftçilər prospekti 153' RETURNING 1")
    await handler(located(2, SENT + timedelta(seconds=5)))
    (call,) = await said(connection)
    assert "📍 Neftçilər prospekti 153" in call.params["text"].splitlines()
    assert not call.awaits_enrichment
    assert await asked(connection) == []


async def test_a_malicious_name_is_stored_and_shown_as_one_harmless_line(
    handler: UpdateHandler, pool: PrimaryPool, connection: Connection
) -> None:
    update = message(1, PLACE)
    update["message"]["from"] |= {"first_name": "<b>\u202eƏli\x00\n\ue000", "last_name": "ə" * 4000}
    assert await handler(delivery(update)) == Done()
    ((name,),) = await rows(pool, "SELECT full_name FROM employees")
    assert name == "<b>Əli " + "ə" * 57
    (call,) = await said(connection)
    assert call.params["text"].splitlines()[1] == f"👤 {name}"
    assert len(call.params["text"]) < 500


async def test_updates_of_real_telephones_are_understood(
    handler: UpdateHandler, pool: PrimaryPool, connection: Connection
) -> None:
    """Android quotes the button's message and tells no accuracy, iOS tells how sure it is."""
    telegram = Simulator()
    crowd = Crowd(telegram, employees=20, seed=3)
    crowd.have_started()
    assert {employee.android for employee in crowd.employees} == {True, False}
    for employee in crowd.employees:
        crowd.send_location(employee, at=SENT)
    bodies = [update.body() for lane in telegram.updates.lanes.values() for update in lane]
    await asyncio.gather(*(handler(delivery(body)) for body in bodies))
    assert await counts(pool) == dict.fromkeys(NOTHING, 20)
    names = {f"{employee.first_name} {employee.last_name}" for employee in crowd.employees}
    assert {call.params["text"].splitlines()[1].removeprefix("👤 ") for call in await said(connection)} == names
    accuracies = [row[0] is None for row in await rows(pool, "SELECT accuracy FROM attendance_events")]
    assert sum(accuracies) == sum(employee.android for employee in crowd.employees)


async def test_what_is_stored_is_what_is_published(handler: UpdateHandler, pool: PrimaryPool) -> None:
    await handler(located(1))
    ((replies,),) = await rows(pool, "SELECT replies FROM inbox")
    assert [each.key for each in unsealed(replies)] == ["1:0", "1:0"]


async def test_a_person_whose_id_no_database_holds_is_not_waited_for(
    settings: WorkerSettings, pool: PrimaryPool
) -> None:
    """The message is at fault, not PostgreSQL: held in place it would take one of the worker's hands for ever."""
    monster = 2**70
    person = {"id": monster, "is_bot": False, "first_name": "M"}
    chat = {"id": monster, "type": "private", "first_name": "M"}
    body = json.dumps(
        {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": chat, "from": person, "text": "x"}}
    )
    delivery = Delivery(queue="updates", key="1", body=body.encode(), headers={}, tries=0, redelivered=False)
    with pytest.raises(Undecodable, match="beyond 64 bits"):
        await UpdateHandler(settings, pool, Reader([]), Publisher())(delivery)
