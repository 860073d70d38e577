"""A geo request from the queue's bytes to the book and the sender's queue, with a real PostgreSQL and RabbitMQ."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

import aio_pika
import asyncpg
import msgspec
import pytest
import redis.asyncio
from aio_pika.abc import AbstractConnection
from aiohttp import web
from pydantic import SecretStr

from checkin_worker.attendance import Event
from checkin_worker.book import Book, Rules, Sent
from checkin_worker.inbox import Inbox
from checkin_worker.people import People, Person
from geo_worker import searches
from geo_worker.addresses import Addresses
from geo_worker.app import Replies
from geo_worker.geocoders import Gate, Geocoder, Policy
from geo_worker.geocoders.nominatim import Nominatim
from geo_worker.lookup import Lookup
from geo_worker.pace import Pace
from geo_worker.provider import Provider
from geo_worker.requests import GeoRequestHandler
from local.engines import Engines
from local.ports import LOOPBACK, free_port
from shared.broker import Link
from shared.cache import Cache
from shared.contracts import EventRef, GeoRequest, OutboundCall, Slot, decode, encode
from shared.database import PrimaryPool
from shared.delivery import Delivery, Done, Return
from shared.errors import BrokerUnavailable, DatabaseUnavailable, Undecodable
from shared.publisher import Publisher
from shared.settings import DatabaseSettings
from shared.topology import ENRICHMENT, GEO_BACKFILL, GEO_BACKLOG, GEO_REQUESTS, declare
from shared.workday import Schedule
from tests.integration.database_side import left_behind
from tests.unit.geo_worker.geocoder_answers import BAKU, NOMINATIM_BAKU, NOMINATIM_SEA, SEA
from tests.unit.geo_worker.geocoder_stand_in import StandIn, documented, stand_in
from tests.unit.geo_worker.lookup_room import Right

USER, COLLEAGUE = 5_100_000_007, 5_100_000_014
OFFICE_HOURS = Schedule("office", clock_time(9, 0), clock_time(18, 0))
DOUBLE_TAP = timedelta(seconds=60)
MORNING = datetime(2026, 7, 6, 6, 2, 11, tzinfo=UTC)
CAME = Event(MORNING, 700, *BAKU)
WENT = Event(MORNING + timedelta(hours=9), 701, *BAKU)
TEXT = "✅ 👤 Ləman\n📍 40.37170, 49.85050\nSağ olun"
SLOT = Slot(TEXT, TEXT.index("40"), TEXT.index("\nSağ"))
UNDO = {"inline_keyboard": [[{"text": "Ləğv et", "callback_data": "undo:1:2"}]]}
ADDRESS = str(NOMINATIM_BAKU["display_name"])


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[PrimaryPool]:
    async with contextlib.aclosing(_pool(database_url)) as opened:
        yield opened
        assert await left_behind(opened) == []


def _pool(url: str) -> PrimaryPool:
    return PrimaryPool(DatabaseSettings(database_url=SecretStr(url), db_pool_min=0, db_pool_max=4))


@pytest.fixture(scope="module")
async def broker(engines: Engines) -> AsyncIterator[AbstractConnection]:
    """A virtual host for all tests of this file: declaring the queues takes half a second."""
    url = await engines.rabbitmq.create_vhost("geo-requests")
    async with await aio_pika.connect(url) as opened:
        await declare(opened)
        yield opened
    await engines.rabbitmq.delete_vhost("geo-requests")


@pytest.fixture
async def connection(broker: AbstractConnection) -> AbstractConnection:
    """The queue is empty."""
    async with broker.channel() as channel:
        for queue in (ENRICHMENT, GEO_BACKLOG):
            await (await channel.get_queue(queue.name, ensure=False)).purge()
    return broker


@pytest.fixture
async def publisher(connection: AbstractConnection) -> AsyncIterator[Publisher]:
    attached = Publisher()
    await attached.attach(connection, Link(SecretStr("amqp://not-asked"), "test", []))
    yield attached
    await attached.detach()


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with stand_in(documented(NOMINATIM_BAKU, NOMINATIM_SEA)) as served:
        yield served


@pytest.fixture
async def nominatim(server: StandIn) -> AsyncIterator[Nominatim]:
    async with contextlib.aclosing(Nominatim(server.url, "it@example.az", 1000.0, 5.0)) as made:
        yield made


@contextlib.asynccontextmanager
async def asking(
    geocoder: Geocoder | None, redis_url: str, pool: PrimaryPool, publisher: Publisher
) -> AsyncIterator[GeoRequestHandler]:
    """A handler put together as the geo worker does it, which always has the right to ask."""
    async with contextlib.aclosing(Cache(SecretStr(redis_url))) as cache:
        right = Right()
        providers = [] if geocoder is None else [Provider(geocoder, Pace(geocoder.policy, right))]
        lookup = Lookup(Addresses(cache), Replies(cache), right, providers)
        running = asyncio.create_task(lookup.run())
        try:
            yield GeoRequestHandler(lookup, pool, publisher)
        finally:
            running.cancel()
            await asyncio.wait([running])


@pytest.fixture
async def handler(
    nominatim: Nominatim, redis_url: str, pool: PrimaryPool, publisher: Publisher
) -> AsyncIterator[GeoRequestHandler]:
    async with asking(nominatim, redis_url, pool, publisher) as made:
        yield made


@pytest.fixture(autouse=True)
async def checked_in(pool: PrimaryPool) -> None:
    """Two people who came at the same second and went at the same second."""
    for user in (USER, COLLEAGUE):
        for event in (CAME, WENT):
            await record(pool, user, event)


async def record(pool: PrimaryPool, user: int, event: Event) -> None:
    async with pool.connection() as connection, connection.transaction():
        await Inbox(connection, user).lock()
        person = await People(connection).enrol(Person(user, "Ləman Əliyeva", "az"), event.sent_at)
        calendar = person.calendar(ZoneInfo("Asia/Baku"), clock_time(4, 0), OFFICE_HOURS)
        await Book(connection, Rules(calendar, DOUBLE_TAP, person)).record(
            Sent(event, None, event.sent_at, event.sent_at)
        )


def about(event: Event, point: tuple[float, float] = BAKU) -> Delivery:
    """The request for an event's address, as it comes out of the queue."""
    request = GeoRequest(
        reply_key=f"{event.update_id}:0",
        chat_id=USER,
        slot=SLOT,
        event=EventRef(USER, int(event.sent_at.timestamp()), event.update_id),
        latitude=point[0] + 0.00004,
        longitude=point[1],
        language="az",
    )
    return delivery(encode(request))


def delivery(body: bytes, queue: str = GEO_REQUESTS.name) -> Delivery:
    return Delivery(queue=queue, key="700:0", body=body, headers={}, tries=0, redelivered=False)


async def rows(pool: PrimaryPool, query: str, *values: object) -> list[asyncpg.Record]:
    async with pool.connection() as connection:
        return await connection.fetch(query, *values)


async def addresses(pool: PrimaryPool) -> dict[str, list[str | None]]:
    """What the book holds, by whose it is."""
    events = "SELECT address FROM attendance_events WHERE user_id = $1 ORDER BY sent_at"
    sessions = "SELECT start_address, end_address FROM sessions WHERE user_id = $1 ORDER BY workday, ordinal"
    return {
        "events": [row["address"] for row in await rows(pool, events, USER)],
        "sessions": [address for row in await rows(pool, sessions, USER) for address in row],
        "colleague": [row["address"] for row in await rows(pool, events, COLLEAGUE)]
        + [address for row in await rows(pool, sessions, COLLEAGUE) for address in row],
    }


async def published(connection: AbstractConnection) -> list[OutboundCall]:
    """What the sender would get; nothing is left."""
    calls = []
    async with connection.channel() as channel:
        queue = await channel.get_queue(ENRICHMENT.name, ensure=False)
        while (message := await queue.get(no_ack=True, fail=False)) is not None:
            call = decode(OutboundCall, message.body)
            assert message.message_id == call.key
            calls.append(call)
    return calls


async def test_the_address_of_an_arrival_comes_into_the_event_and_the_sessions_start(
    handler: GeoRequestHandler, pool: PrimaryPool
) -> None:
    assert await handler(about(CAME)) == Done()
    assert await addresses(pool) == {
        "events": [ADDRESS, None],
        "sessions": [ADDRESS, None],
        "colleague": [None] * 4,
    }


async def test_the_address_of_a_departure_comes_into_the_event_and_the_sessions_end(
    handler: GeoRequestHandler, pool: PrimaryPool
) -> None:
    assert await handler(about(WENT)) == Done()
    assert await addresses(pool) == {
        "events": [None, ADDRESS],
        "sessions": [None, ADDRESS],
        "colleague": [None] * 4,
    }


async def test_the_enrichment_fills_the_replys_slot_and_shows_whose_map_it_is(
    handler: GeoRequestHandler, connection: AbstractConnection
) -> None:
    began = time.time()
    await handler(about(CAME))
    (call,) = await published(connection)
    assert call.target == "700:0"
    assert call.key == "700:0:address"
    assert (call.method, call.chat_id, call.awaits_enrichment) == ("editMessageText", USER, False)
    text = f"✅ 👤 Ləman\n📍 {ADDRESS} (© OpenStreetMap)\nSağ olun"
    assert call.params == {"chat_id": USER, "text": text}
    assert began <= call.created_at <= time.time()


async def test_the_edit_repeats_the_replys_keyboard_since_one_without_would_take_it_away(
    handler: GeoRequestHandler, connection: AbstractConnection
) -> None:
    request = decode(GeoRequest, about(CAME).body)
    slot = Slot(SLOT.text, SLOT.start, SLOT.end, UNDO)
    await handler(delivery(encode(msgspec.structs.replace(request, slot=slot))))
    (call,) = await published(connection)
    assert set(call.params) == {"chat_id", "text", "reply_markup"}
    assert call.params["reply_markup"] == UNDO


async def test_coordinates_leave_the_cluster_with_four_decimals(handler: GeoRequestHandler, server: StandIn) -> None:
    await handler(about(CAME))
    assert (server.asked[0].query["lat"], server.asked[0].query["lon"]) == ("40.3717", "49.8505")


class Terse:
    """A geocoder that answers everything alike, on terms of its own."""

    name = "terse"

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    async def reverse(self, latitude: float, longitude: float, language: str, gate: Gate) -> str | None:
        del latitude, longitude, language
        await gate()
        return "Bakı, Azərbaycan"

    async def aclose(self) -> None:
        """Nothing is open."""


async def test_nothing_is_attributed_where_nobody_asks_for_it(
    pool: PrimaryPool, publisher: Publisher, connection: AbstractConnection, redis_url: str
) -> None:
    async with asking(Terse(Policy()), redis_url, pool, publisher) as handler:
        await handler(about(CAME))
    (call,) = await published(connection)
    assert call.params["text"] == "✅ 👤 Ləman\n📍 Bakı, Azərbaycan\nSağ olun"
    assert call.quotable


async def test_what_may_not_be_stored_is_told_and_written_nowhere(
    pool: PrimaryPool, publisher: Publisher, connection: AbstractConnection, redis_url: str
) -> None:
    terms = Policy(cached_for=0.0, stored=False, attribution="Google Maps")
    async with asking(Terse(terms), redis_url, pool, publisher) as handler:
        assert await handler(about(CAME)) == Done()
    (call,) = await published(connection)
    assert call.params["text"] == "✅ 👤 Ləman\n📍 Bakı, Azərbaycan (Google Maps)\nSağ olun"
    assert not call.quotable, "or the receipt would bring it into the table calls"
    assert await addresses(pool) == {"events": [None] * 2, "sessions": [None] * 2, "colleague": [None] * 4}
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.keys() == []


async def test_what_was_made_coarse_meanwhile_gets_no_address_any_more(
    handler: GeoRequestHandler, pool: PrimaryPool
) -> None:
    await rows(pool, "UPDATE attendance_events SET coarse = true WHERE user_id = $1", USER)
    assert await handler(about(CAME)) == Done()
    assert await addresses(pool) == {"events": [None] * 2, "sessions": [None] * 2, "colleague": [None] * 4}


async def test_an_old_session_gets_its_address_and_nobody_is_told(
    handler: GeoRequestHandler, pool: PrimaryPool, connection: AbstractConnection
) -> None:
    request = GeoRequest(
        event=EventRef(USER, int(CAME.sent_at.timestamp()), CAME.update_id),
        latitude=BAKU[0],
        longitude=BAKU[1],
        language="az",
    )
    assert await handler(delivery(encode(request), GEO_BACKFILL.name)) == Done()
    assert (await addresses(pool))["sessions"] == [ADDRESS, None]
    assert await published(connection) == []


async def test_who_is_overtaken_by_too_many_is_put_into_the_backlog(
    handler: GeoRequestHandler,
    connection: AbstractConnection,
    server: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("geo_worker.lookup.LIVE", 1)
    answer, go_on = server.answer, asyncio.Event()

    async def held(request: web.Request) -> web.StreamResponse:
        await go_on.wait()
        return await answer(request)

    server.answer = held
    first = asyncio.create_task(handler(about(CAME)))
    await server.arrival.wait()
    second = asyncio.create_task(handler(about(WENT)))
    assert await first == Done()
    go_on.set()
    assert await second == Done()
    async with connection.channel() as channel:
        queue = await channel.get_queue(GEO_BACKLOG.name, ensure=False)
        message = await queue.get(no_ack=True)
    assert decode(GeoRequest, message.body) == decode(GeoRequest, about(CAME).body)


async def test_the_same_request_twice_changes_nothing_more(
    handler: GeoRequestHandler, pool: PrimaryPool, connection: AbstractConnection, server: StandIn
) -> None:
    await handler(about(CAME))
    before, (first,) = await addresses(pool), await published(connection)
    assert await handler(about(CAME)) == Done()
    assert await addresses(pool) == before
    (again,) = await published(connection)
    assert (again.key, again.target, again.params) == (first.key, first.target, first.params)
    assert len(server.asked) == 1


async def test_where_there_is_no_address_nothing_is_said_or_stored(
    handler: GeoRequestHandler, pool: PrimaryPool, connection: AbstractConnection
) -> None:
    assert await handler(about(CAME, SEA)) == Done()
    assert await published(connection) == []
    assert await addresses(pool) == {"events": [None] * 2, "sessions": [None] * 2, "colleague": [None] * 4}


async def test_while_the_geocoder_fails_the_request_waits_in_hand(
    handler: GeoRequestHandler,
    pool: PrimaryPool,
    connection: AbstractConnection,
    server: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(searches, "REST", 0.01)
    server.answer = documented([], [])
    waiting = asyncio.create_task(handler(about(CAME)))
    await server.arrival.wait()
    assert await published(connection) == []
    server.answer = documented(NOMINATIM_BAKU, NOMINATIM_SEA)
    assert await waiting == Done()
    assert (await addresses(pool))["events"] == [ADDRESS, None]


async def test_when_the_right_to_ask_is_gone_the_request_goes_back(
    nominatim: Nominatim, server: StandIn, pool: PrimaryPool, publisher: Publisher, redis_url: str
) -> None:
    async with contextlib.aclosing(Cache(SecretStr(redis_url))) as cache:
        right = Right(held=False)
        lookup = Lookup(Addresses(cache), Replies(cache), right, [Provider(nominatim, Pace(nominatim.policy, right))])
        waiting = asyncio.create_task(GeoRequestHandler(lookup, pool, publisher)(about(CAME)))
        while not lookup.waiting:  # noqa: ASYNC110 - it comes within some steps of the event loop
            await asyncio.sleep(0)
        lookup.give_back()
        assert await waiting == Return()
    assert server.asked == []


async def test_with_geocoding_off_a_request_is_done_without_anything(
    pool: PrimaryPool, publisher: Publisher, connection: AbstractConnection, redis_url: str
) -> None:
    async with asking(None, redis_url, pool, publisher) as handler:
        assert await handler(about(CAME)) == Done()
    assert await published(connection) == []
    assert (await addresses(pool))["events"] == [None, None]


@pytest.mark.parametrize("body", [b"", b"\xff", b"{}", b'{"v": 2}', b'{"v": 1, "reply_key": 7}', b"[" * 100_000])
async def test_what_is_no_request_is_undecodable(handler: GeoRequestHandler, body: bytes) -> None:
    with pytest.raises(Undecodable):
        await handler(delivery(body))


async def test_a_person_who_waits_hears_the_address_even_while_the_book_is_away(
    nominatim: Nominatim, redis_url: str, publisher: Publisher, connection: AbstractConnection
) -> None:
    nowhere = f"postgresql://fleet@{LOOPBACK}:{free_port()}/fleet"
    async with (
        contextlib.aclosing(_pool(nowhere)) as away,
        asking(nominatim, redis_url, away, publisher) as handler,
    ):
        with pytest.raises(DatabaseUnavailable):  # the request is kept and tried again
            await handler(about(CAME))
    assert [call.target for call in await published(connection)] == ["700:0"]


async def test_without_the_broker_the_request_is_kept(handler: GeoRequestHandler, publisher: Publisher) -> None:
    await publisher.detach()
    with pytest.raises(BrokerUnavailable):
        await handler(about(CAME))


async def test_an_address_that_came_before_an_earlier_event_follows_its_event(
    handler: GeoRequestHandler, pool: PrimaryPool
) -> None:
    await handler(about(CAME))
    await handler(about(WENT))
    earlier = Event(MORNING - timedelta(hours=1), 699, *BAKU)  # arrives last
    await record(pool, USER, earlier)
    assert (await addresses(pool))["sessions"] == [None, ADDRESS, ADDRESS, None]
    await handler(about(earlier))
    assert (await addresses(pool))["sessions"] == [ADDRESS, ADDRESS, ADDRESS, None]


async def test_an_address_of_an_event_that_only_repeats_stays_with_the_event(
    handler: GeoRequestHandler, pool: PrimaryPool
) -> None:
    again = Event(CAME.sent_at, 705, *BAKU)  # the same second, another update
    await record(pool, USER, again)
    await handler(about(again))
    assert await addresses(pool) == {
        "events": [None, ADDRESS, None],
        "sessions": [None, None],
        "colleague": [None] * 4,
    }
