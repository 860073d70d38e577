"""`fleet geocode backfill`: places of past sessions get their addresses, however often it is interrupted."""

import asyncio
import contextlib
import functools
import gc
import json
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import aio_pika
import asyncpg
import pytest
from aio_pika.abc import AbstractIncomingMessage
from pydantic import SecretStr

from local.command import FLEET
from local.engines import Engines
from local.ports import LOOPBACK, free_port
from ops import bar, geocode, places
from ops.geocode import MOST, PORTION, Filled, Seen, backfill
from ops.geocode_words import BackfillBar
from ops.settings import BackfillSettings
from ops.terminal import Refused
from shared.cache import Cache
from shared.contracts import GEO_STATUS, Circuit, GeoRequest, GeoStatus, decode, encode
from shared.errors import BrokerUnavailable
from shared.topology import GEO_BACKFILL, declare
from tests.integration.broker_side import LIMIT, held, until
from tests.integration.ops_side import Said, connection, fleet, hire
from tests.integration.proxy import Proxy

DAY = date(2026, 11, 2)
SPAN = ("--since", DAY, "--until", DAY)
SEA = 0.0
"""The latitude at which nothing has an address."""
STORE = (
    """
    UPDATE attendance_events SET address = $4
    WHERE user_id = $1 AND sent_at = to_timestamp($2) AND update_id = $3 AND kind = 'location'
    """,
    """
    UPDATE sessions SET start_address = $4
    WHERE user_id = $1 AND start_time = to_timestamp($2) AND start_update_id = $3
    """,
    "UPDATE sessions SET end_address = $4 WHERE user_id = $1 AND end_time = to_timestamp($2) AND end_update_id = $3",
)
"""What a geo worker does with an address."""


class GeoWorker:
    """Takes from geo.backfill and stores addresses, as many as it may; keeps the others in hand, as at a slow geocoder.

    Attributes:
        asked: the requests that came to it, by key, in the order in which they came.
    """

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db
        self._lock = asyncio.Lock()
        self._may = asyncio.Semaphore(0)
        self._came = asyncio.Condition()
        self.asked: list[tuple[str, GeoRequest]] = []

    def may(self, number: int) -> None:
        """Let it find so many more."""
        for _ in range(number):
            self._may.release()

    async def came(self, number: int) -> None:
        """Wait until so many requests have come."""
        async with self._came, asyncio.timeout(LIMIT):
            await self._came.wait_for(lambda: len(self.asked) == number)

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Answer one request."""
        request = decode(GeoRequest, message.body)
        async with self._came:
            self.asked.append((message.message_id or "", request))
            self._came.notify_all()
        await self._may.acquire()
        if request.latitude != SEA:
            values = (request.event.user_id, request.event.sent_at, request.event.update_id, "Nizami küç. 10")
            async with self._lock, self._db.transaction():
                for statement in STORE:
                    await self._db.execute(statement, *values)
        await message.ack()


@dataclass
class Company:
    """Whose past has no addresses; the engines, and what an operator says."""

    db: asyncpg.Connection
    environment: dict[str, str]
    cache: Cache
    updates: int = 0

    async def says(self, *words: object) -> Said:
        """Run `fleet geocode backfill ...`."""
        environment = {name: value for name, value in self.environment.items() if name != "DATABASE_URL"}
        return await fleet(self.environment["DATABASE_URL"], "geocode", "backfill", *words, **environment)

    async def process(self, *words: object) -> asyncio.subprocess.Process:
        """Begin it as a process of its own."""
        return await asyncio.create_subprocess_exec(
            *map(str, (FLEET, "geocode", "backfill", *words)),
            env={"PATH": "/usr/bin:/bin", **self.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    def settings(self, rabbitmq_url: str | None = None) -> BackfillSettings:
        """The operator's."""
        return BackfillSettings(
            database_url=SecretStr(self.environment["DATABASE_URL"]),
            rabbitmq_url=SecretStr(rabbitmq_url or self.environment["RABBITMQ_URL"]),
            redis_url=SecretStr(self.environment["REDIS_URL"]),
        )

    async def waits(self, number: int) -> bool:
        """Whether so many messages wait."""
        async with await aio_pika.connect(self.environment["RABBITMQ_URL"]) as broker, broker.channel() as channel:
            seen = await channel.declare_queue(GEO_BACKFILL.name, passive=True)
            return seen.declaration_result.message_count == number

    async def day(self, people: int, day: date = DAY) -> None:
        """A working day of so many people: two places each, without an address."""
        first = 1 + await self.db.fetchval("SELECT count(*) FROM employees")
        await hire(self.db, *range(first, first + people))
        for person in range(first, first + people):
            await self.session(person, day)

    async def session(
        self,
        person: int,
        day: date = DAY,
        start: Mapping[str, object] | None = None,
        end: Mapping[str, object] | None = None,
    ) -> None:
        """A session from nine to six, and its events, with these columns other than usual."""
        at = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
        updates = [await self.event(person, at, start or {})]
        updates.append(await self.event(person, at + timedelta(hours=9), end or {}))
        addresses = [one and one.get("address") for one in (start, end)]
        await self.db.execute(
            "INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, end_time, closed_by, "
            "start_update_id, end_update_id, start_address, end_address) "
            "VALUES ($1, $2, 0, $3, $4, $5, 'tap', $6, $7, $8, $9)",
            *(person, day, at + timedelta(hours=19), at, at + timedelta(hours=9), *updates, *addresses),
        )

    async def event(self, person: int, at: datetime, columns: Mapping[str, object]) -> int:
        """A location; returns its update."""
        self.updates += 1
        row = {"latitude": 40.37, "longitude": 49.84, "received_at": at, "recorded_at": at, **columns}
        await self.db.execute(
            f"INSERT INTO attendance_events (user_id, sent_at, update_id, {', '.join(row)}) "  # noqa: S608 - columns
            f"VALUES ($1, $2, $3, {', '.join(f'${number}' for number in range(4, 4 + len(row)))})",
            *(person, at, self.updates, *row.values()),
        )
        return self.updates

    async def addressed(self) -> int:
        """How many events have an address."""
        number: int = await self.db.fetchval("SELECT count(*) FROM attendance_events WHERE address IS NOT NULL")
        return number

    async def tells(self, *names: str, waiting: int = 0) -> None:
        """Say that these geocoders are in use."""
        circuits: dict[str, Circuit] = dict.fromkeys(names, "closed")
        unstored = [name for name in names if name in {"google", "mapbox"}]
        status = GeoStatus(at=time.time(), circuits=circuits, unstored=unstored, waiting=waiting)
        await self.cache.put(GEO_STATUS, encode(status).decode(), 60)

    @contextlib.asynccontextmanager
    async def worker(self, may: int = 0) -> AsyncIterator[GeoWorker]:
        """A geo worker at work."""
        async with (
            connection(self.environment["DATABASE_URL"]) as db,
            await aio_pika.connect(self.environment["RABBITMQ_URL"]) as broker,
        ):
            channel = await broker.channel()
            await channel.set_qos(prefetch_count=20)
            one = GeoWorker(db)
            one.may(may)
            await (await channel.get_queue(GEO_BACKFILL.name, ensure=False)).consume(one.take)
            yield one


@dataclass
class Unwatched:
    """Looks on, without a word where it has no bar, and lets a test wait for what a backfill sees."""

    bar: BackfillBar | None = None
    seen: list[Seen] = field(default_factory=list)
    problems: list[Exception] = field(default_factory=list)

    def see(self, seen: Seen) -> None:
        self.seen.append(seen)
        if self.bar is not None:
            self.bar.see(seen)

    def away(self, problem: Exception) -> None:
        self.problems.append(problem)

    async def sees(self, true: Callable[[list[Seen]], bool]) -> None:
        async def has() -> bool:
            return true(self.seen)

        await until(has)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geocode, "TICK", 0.05)
    monkeypatch.setattr(geocode, "RETRY", 0.1)


@pytest.fixture
async def without_broker() -> AsyncIterator[None]:
    """Leaves nothing of connections that failed: aio-pika closes them when they are collected, and needs their loop."""
    yield
    gc.collect()
    await asyncio.sleep(0)


@pytest.fixture
async def company(database_url: str, rabbitmq_url: str, redis_url: str) -> AsyncIterator[Company]:
    async with (
        connection(database_url) as db,
        await aio_pika.connect(rabbitmq_url) as broker,
        contextlib.aclosing(Cache(SecretStr(redis_url))) as cache,
    ):
        await declare(broker)
        environment = {"DATABASE_URL": database_url, "RABBITMQ_URL": rabbitmq_url, "REDIS_URL": redis_url}
        yield Company(db, environment, cache)


async def test_every_place_without_an_address_gets_one_and_nobody_is_written_to(company: Company) -> None:
    await hire(company.db, 1, language="ru")
    await hire(company.db, 2)
    await company.session(1)
    await company.session(2, end={"address": "Ofis"})
    async with company.worker(may=3) as worker:
        said = await company.says(*SPAN)
    assert (said.status, said.problems) == (0, [])
    assert said.out.splitlines()[-1] == "3 of 3 places have an address now"
    rows = await company.db.fetch("SELECT start_address, end_address FROM sessions ORDER BY user_id")
    assert [tuple(row) for row in rows] == [
        ("Nizami küç. 10", "Nizami küç. 10"),
        ("Nizami küç. 10", "Ofis"),
    ]
    at = int(datetime(2026, 11, 2, 5, tzinfo=UTC).timestamp())
    key, request = worker.asked[0]
    assert key == f"backfill:1:{at}:1"
    assert (request.event.user_id, request.event.sent_at, request.event.update_id) == (1, at, 1)
    assert (request.latitude, request.longitude, request.language) == (40.37, 49.84, "ru")
    assert (request.reply_key, request.chat_id, request.slot, request.asked_at) == (None, None, None, None)
    assert worker.asked[-1][1].language == "az"


async def test_only_places_of_these_days_that_can_have_an_address_are_asked_for(company: Company) -> None:
    await hire(company.db, *range(1, 10))
    office, coarse, nowhere = {"fence": "inside"}, {"coarse": True}, {"latitude": None, "longitude": None}
    await company.session(1, DAY, office, {"fence": "outside"})
    await company.session(2, DAY, coarse, nowhere)
    await company.session(3, DAY, {"recorded_at": datetime.now(UTC) + timedelta(hours=1)}, {"kind": "evidence"})
    for person, day in ((4, DAY - timedelta(days=1)), (5, DAY + timedelta(days=1)), (6, DAY + timedelta(days=2))):
        await company.session(person, day)
    await company.db.execute("UPDATE sessions SET end_update_id = NULL, closed_by = 'boundary' WHERE user_id = 5")
    async with company.worker(may=10) as worker:
        said = await company.says("--since", DAY, "--until", DAY + timedelta(days=1))
    assert said.out.splitlines()[-1] == "2 of 2 places have an address now"
    assert [request.event.user_id for _, request in worker.asked] == [1, 5]


async def test_a_dry_run_says_how_many_there_are_and_asks_for_none(company: Company) -> None:
    await company.tells("google")  # a count promises nothing
    await company.day(2)
    await company.db.execute("UPDATE attendance_events SET address = 'Ofis' WHERE user_id = 1 AND update_id = 1")
    said = await company.says(*SPAN, "--dry-run")
    assert said == Said(0, "3 places of 2 sessions have no address; dry run, nothing is asked for\n", [])
    assert await held(company.environment["RABBITMQ_URL"], GEO_BACKFILL.name) == []


async def test_without_days_it_looks_a_week_back(company: Company) -> None:
    today = datetime.now(UTC).date()
    await company.day(2, today - timedelta(days=7))
    await company.day(3, today - timedelta(days=8))
    assert (await company.says("--dry-run")).out.startswith("4 places of 2 sessions")
    said = await company.says("--until", today - timedelta(days=8), "--dry-run")
    assert said.out.startswith("6 places of 3 sessions")


async def test_where_every_place_has_an_address_it_is_done_at_once(company: Company) -> None:
    said = await company.says(*SPAN)
    assert (said.status, said.out.splitlines()[-1]) == (0, "every place of these days that can have an address has one")


async def test_what_makes_no_sense_is_refused(company: Company) -> None:
    await company.day(1)
    said = await company.says("--since", "2026-11-03", "--until", "2026-11-02")
    assert (said.status, said.problems) == (2, ["--until 2026-11-02 lies before --since 2026-11-03"])
    assert (await company.says("--since", "2026-11-03", "--until", "2026-11-02", "--dry-run")).status == 2
    await company.tells("google", "mapbox")
    said = await company.says(*SPAN)
    assert (said.status, said.problems[0].startswith("google is in use, whose addresses must not be stored")) == (
        2,
        True,
    )
    await company.tells()
    said = await company.says(*SPAN)
    assert (said.status, said.problems[0].startswith("geocoding is off")) == (2, True)
    assert await held(company.environment["RABBITMQ_URL"], GEO_BACKFILL.name) == []


async def test_it_stops_when_somebody_chooses_a_geocoder_of_which_nothing_is_stored(company: Company) -> None:
    await company.day(400)
    watcher = Unwatched()
    await company.tells("photon")
    running = asyncio.create_task(backfill(company.settings(), DAY, DAY, watcher))
    await watcher.sees(bool)
    await company.tells("mapbox")
    with pytest.raises(Refused, match="mapbox is in use"):
        await running
    assert watcher.seen[-1].asked <= MOST


async def test_the_queue_stays_short_and_it_says_when_nobody_takes_from_it(
    company: Company, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bar, "STILL", 3)
    await company.day(500)
    watcher = Unwatched(BackfillBar())
    running = asyncio.create_task(backfill(company.settings(), DAY, DAY, watcher))
    await watcher.sees(lambda seen: len(seen) > 10 and seen[-1] == seen[-5])
    assert MOST - 2 * PORTION < watcher.seen[-1].queue.waiting <= MOST
    assert capsys.readouterr().out.count("nobody takes from geo.backfill") == 1
    async with company.worker(may=1000):
        filled = await running
    assert (filled.before.points, filled.left.points) == (1000, 0)
    assert max(seen.queue.waiting for seen in watcher.seen) <= MOST
    assert [seen.asked for seen in watcher.seen] == sorted(seen.asked for seen in watcher.seen)
    assert watcher.seen[-1].asked == watcher.seen[-1].addressed == 1000


async def test_what_is_to_be_tried_again_counts_as_waiting(company: Company) -> None:
    await company.day(400)
    async with await aio_pika.connect(company.environment["RABBITMQ_URL"]) as broker, broker.channel() as channel:
        for _ in range(MOST):
            message = aio_pika.Message(b"{}", expiration=timedelta(hours=1))
            await channel.default_exchange.publish(message, GEO_BACKFILL.retry_names[0])
    watcher = Unwatched()
    running = asyncio.create_task(backfill(company.settings(), DAY, DAY, watcher))
    await watcher.sees(lambda seen: len(seen) > 5)
    running.cancel()
    await asyncio.wait([running])
    assert (watcher.seen[-1].asked, watcher.seen[-1].queue.later) == (0, MOST)


async def test_after_a_kill_only_what_has_no_address_is_asked_for(company: Company) -> None:
    await company.day(400)
    async with company.worker() as worker:
        process = await company.process(*SPAN)
        await worker.came(20)
        worker.may(13)
        await worker.came(33)
        process.kill()
        await process.wait()
        found = await company.addressed()
    assert (process.returncode, found) == (-signal.SIGKILL, 13)
    left = len(await held(company.environment["RABBITMQ_URL"], GEO_BACKFILL.name))
    assert 0 < left <= MOST
    async with company.worker(may=1600) as worker:
        said = await company.says(*SPAN)
    assert said.out.splitlines()[-1] == "787 of 787 places have an address now"
    assert len({key for key, _ in worker.asked}) == 787
    assert await company.addressed() == 800


async def test_what_was_left_in_the_queue_is_answered_twice_to_the_same_end(company: Company) -> None:
    await company.day(50)
    process = await company.process(*SPAN)
    await until(functools.partial(company.waits, 100))
    process.kill()
    await process.wait()
    again = asyncio.create_task(company.says(*SPAN))
    await until(functools.partial(company.waits, 200))
    async with company.worker(may=200) as worker:
        assert (await again).out.splitlines()[-1] == "100 of 100 places have an address now"
        await worker.came(200)
    assert len({key for key, _ in worker.asked}) == await company.addressed() == 100


async def test_an_interrupted_one_says_how_to_go_on_and_does(company: Company) -> None:
    await company.day(100)
    async with company.worker() as worker:
        process = await company.process(*SPAN)
        await worker.came(20)
        process.send_signal(signal.SIGINT)
        said, _ = await process.communicate()
        assert (process.returncode, b"the same words go on with the rest" in said) == (130, True)
        assert b"Traceback" not in said
        worker.may(1000)
        assert (await company.says(*SPAN)).status == 0
    assert await company.addressed() == 200


async def test_without_redis_it_goes_on(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.geo.PAUSE", 0.01)
    await company.day(10)
    company.environment["REDIS_URL"] = f"redis://{LOOPBACK}:{free_port()}/0"
    async with company.worker(may=20):
        said = await company.says(*SPAN)
    assert said.out.splitlines()[-1] == "20 of 20 places have an address now"


@pytest.mark.parametrize("waiting", [0, None])
async def test_it_ends_when_nothing_more_is_found_and_says_how_many_have_no_address(
    company: Company, monkeypatch: pytest.MonkeyPatch, waiting: int | None
) -> None:
    """What is in hand is over when the geo worker says so, or else after the time that a request may take."""
    monkeypatch.setattr(geocode, "QUIET", 0.2)
    monkeypatch.setattr(geocode, "IN_HAND", 1000.0 if waiting == 0 else 1.0)
    if waiting is not None:
        await company.tells("photon", waiting=waiting)
    await hire(company.db, 1, 2)
    await company.session(1, DAY, {"latitude": SEA})
    await company.session(2)
    async with company.worker(may=4) as worker:
        said = await company.says(*SPAN)
    assert said.status == 0
    assert said.out.splitlines()[-1].startswith(
        "3 of 4 places have an address now; 1 have none, or could not be looked"
    )
    assert len(worker.asked) == 4


async def test_it_goes_on_while_the_geo_worker_has_something_in_hand(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geocode, "QUIET", 0.0)
    monkeypatch.setattr(geocode, "IN_HAND", 0.0)
    await company.tells("photon", waiting=7)
    await hire(company.db, 1)
    await company.session(1, DAY, {"latitude": SEA})
    async with company.worker(may=2) as worker:
        running = asyncio.create_task(company.says(*SPAN))
        while len(worker.asked) < 2:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)
        done, _ = await asyncio.wait([running], timeout=2.0)
        assert not done
        await company.tells("photon", waiting=0)
        assert (await running).status == 0


async def test_more_than_can_be_watched_are_counted_in_the_end(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geocode, "WATCHED", 10)
    monkeypatch.setattr(geocode, "QUIET", 0.2)
    await company.tells("photon")
    await company.day(100)
    watcher = Unwatched()
    async with company.worker(may=200):
        filled = await backfill(company.settings(), DAY, DAY, watcher)
    assert (filled.before.points, filled.left.points) == (200, 0)
    assert watcher.seen[-1].addressed <= 200


async def test_pages_and_days_are_passed_to_the_last_session(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geocode, "PORTION", 3)
    monkeypatch.setattr(places, "COUNTED", 2)
    for number in range(4):
        await company.day(3, DAY + timedelta(days=number))
    assert (await company.says("--since", DAY, "--until", "9999-12-31", "--dry-run")).out.startswith(
        "24 places of 12 s"
    )
    async with company.worker(may=24) as worker:
        said = await company.says("--since", DAY, "--until", "9999-12-31")
    assert said.out.splitlines()[-1] == "24 of 24 places have an address now"
    assert len(worker.asked) == 24


@pytest.mark.usefixtures("without_broker")
async def test_it_outlives_a_broker_that_goes_away_and_asks_for_none_twice_but_the_last(
    company: Company, engines: Engines
) -> None:
    await company.day(200)
    watcher = Unwatched()
    async with Proxy(engines.rabbitmq.port) as proxy, company.worker() as worker:
        settings = company.settings(proxy.before(company.environment["RABBITMQ_URL"]))
        running = asyncio.create_task(backfill(settings, DAY, DAY, watcher))
        await watcher.sees(lambda seen: bool(seen) and seen[-1].asked == 400)
        await proxy.cut()
        await watcher.sees(lambda _: bool(watcher.problems))
        worker.may(400)
        await proxy.heal()
        filled = await running
    assert (filled, len(worker.asked)) == (Filled(filled.before, places.Count(0, 0)), 400)


@pytest.mark.usefixtures("without_broker")
async def test_an_engine_that_stays_away_is_given_up_and_said(
    company: Company, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geocode, "TRIES", 3)
    await company.day(10)
    watcher = Unwatched()
    async with Proxy(engines.rabbitmq.port) as proxy:
        url = proxy.before(company.environment["RABBITMQ_URL"])
        running = asyncio.create_task(backfill(company.settings(url), DAY, DAY, watcher))
        await watcher.sees(bool)
        await proxy.cut()
        with pytest.raises(BrokerUnavailable):
            await running
        assert len(watcher.problems) == 2
        company.environment["RABBITMQ_URL"] = url
        said = await company.says(*SPAN)
    assert (said.status, len(said.problems)) == (1, 1)
    assert said.problems[0].startswith("Looking up addresses (are DATABASE_URL and RABBITMQ_URL right? said again, it")


async def test_no_page_reads_a_table_from_end_to_end_though_nothing_is_known_of_how_many_there_are(
    company: Company,
) -> None:
    await hire(company.db, *range(1, 101))
    await company.db.execute(
        "INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, end_time, closed_by, start_update_id) "
        "SELECT n % 100 + 1, '2026-01-01'::date + n / 100, 0, at + interval '20 hours', at, at, 'tap', n "
        "FROM generate_series(0, 19999) n, "
        "LATERAL (SELECT timestamptz '2026-01-01 05:00Z' + n / 100 * interval '1 day' AS at) clock"
    )
    await company.db.execute(
        "INSERT INTO attendance_events (user_id, sent_at, update_id, latitude, longitude, received_at, recorded_at) "
        "SELECT user_id, start_time, start_update_id, 40, 49, start_time, start_time FROM sessions"
    )
    after, before = (date(2026, 3, 1), 50, 0), datetime.now(UTC) + timedelta(days=900)
    asked = [[1, 2], [before, before], [1, 2]]
    for _ in range(2):
        plans = [
            await plan(company, places.PLACES, *after, date(2026, 12, 31), PORTION, before),
            await plan(company, places.ADDRESSED, *asked),
        ]
        for one in plans:
            assert "Seq Scan" not in {node["Node Type"] for node in one if node.get("Relation Name") != "employees"}
            assert "attendance_events_pkey" in {node.get("Index Name") for node in one}
        assert "idx_sessions_workday" in {node.get("Index Name") for node in plans[0]}
        await company.db.execute("ANALYZE")


async def plan(company: Company, query: str, *values: object) -> list[dict[str, object]]:
    """The nodes of the query's plan."""
    nodes: list[dict[str, object]] = []

    def walk(node: dict[str, object]) -> None:
        nodes.append(node)
        inner = node.get("Plans", [])
        assert isinstance(inner, list)
        for child in inner:
            walk(child)

    walk(json.loads(await company.db.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *values))[0]["Plan"])
    return nodes
