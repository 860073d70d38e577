"""`fleet geo ...`: the choice is where every geo worker finds it, and what is said of it is what the worker says."""

import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import aio_pika
import msgspec
import pytest
from aio_pika.abc import AbstractConnection
from pydantic import SecretStr

from local.ports import LOOPBACK, free_port
from ops import geo
from ops.geo import Heard
from ops.orders import NOTE
from shared.cache import Cache
from shared.contracts import GEO_STATUS, Circuit, GeocoderChoice, GeoStatus, decode, encode
from shared.errors import CacheUnavailable
from shared.topology import GEO_BACKLOG, GEO_REQUESTS, GEO_TURN, declare
from tests.integration.broker_side import comes, put
from tests.integration.ops_side import Said, fleet

NO_DATABASE = "postgresql://not-asked"
KEPT = "RabbitMQ keeps the choice; "


@dataclass
class Desk:
    """What an operator has: where the engines are."""

    rabbitmq_url: str
    redis_url: str

    async def says(self, *words: object) -> Said:
        """Run `fleet geo ...`."""
        return await fleet(NO_DATABASE, "geo", *words, RABBITMQ_URL=self.rabbitmq_url, REDIS_URL=self.redis_url)

    def without_redis(self) -> "Desk":
        """The same where Redis is away."""
        return Desk(self.rabbitmq_url, f"redis://{LOOPBACK}:{free_port()}/0")

    async def rows(self) -> list[list[str]]:
        """The table of `fleet geo show`, without its head."""
        said = await self.says("show")
        assert said.status == 0, said.problems
        return [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.out.splitlines() if "│" in line]


@dataclass
class GeoWorker:
    """A geo worker as an operator meets one: it holds its notes, and says in Redis how it is.

    Attributes:
        settings: the geocoders of its own settings.
        problem: why it cannot obey.
        deaf: it does not heed what it is told.
    """

    cache: Cache
    settings: Mapping[str, Circuit] = field(default_factory=lambda: {"offline": "closed"})
    problem: str = ""
    deaf: bool = False
    waiting: int = 0
    choices: list[GeocoderChoice] = field(default_factory=list)
    notes: list[aio_pika.abc.AbstractIncomingMessage] = field(default_factory=list)

    async def obey(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        """Keep the note, unacked, and speak."""
        self.notes.append(message)
        if not self.deaf:
            self.choices.append(decode(GeocoderChoice, message.body))
            await self.speak()

    async def speak(self) -> None:
        """Say how it is."""
        newest = max(self.choices, key=lambda choice: choice.given_at, default=None)
        obeyed = newest is not None and newest.names and not self.problem
        circuits: dict[str, Circuit] = dict.fromkeys(newest.names, "closed") if newest and obeyed else {**self.settings}
        status = GeoStatus(
            at=time.time(),
            circuits=circuits,
            chosen_at=None if newest is None else newest.given_at,
            problem=self.problem if newest else "",
            waiting=self.waiting,
        )
        await tell(self.cache, encode(status).decode())


async def tell(cache: Cache, said: str) -> None:
    await cache.put(GEO_STATUS, said, 60)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo, "PATIENCE", 3.0)


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[Cache]:
    async with contextlib.aclosing(Cache(SecretStr(redis_url))) as opened:
        yield opened


@pytest.fixture
async def opened(rabbitmq_url: str) -> AsyncIterator[AbstractConnection]:
    async with await aio_pika.connect(rabbitmq_url) as connection:
        await declare(connection)
        yield connection


@pytest.fixture
def desk(opened: AbstractConnection, rabbitmq_url: str, redis_url: str) -> Desk:
    del opened
    return Desk(rabbitmq_url, redis_url)


@contextlib.asynccontextmanager
async def at_work(connection: AbstractConnection, worker: GeoWorker) -> AsyncIterator[GeoWorker]:
    async with connection.channel() as channel:
        await (await channel.get_queue(GEO_TURN.name, ensure=False)).consume(worker.obey)
        await worker.speak()
        yield worker


async def test_a_choice_is_told_when_the_geo_worker_obeys_it(
    opened: AbstractConnection, cache: Cache, desk: Desk
) -> None:
    async with at_work(opened, GeoWorker(cache)) as worker:
        said = await desk.says("use", "photon, offline", "--url", "http://photon:2322/reverse")
        assert said == Said(0, "in use: photon (closed), offline (closed)\n", [])
        chosen, note = worker.choices[-1], worker.notes[-1]
        assert (chosen.names, chosen.url) == (["photon", "offline"], "http://photon:2322/reverse")
        assert (note.type, note.expiration, note.delivery_mode) == (NOTE, None, aio_pika.DeliveryMode.PERSISTENT)
        said = await desk.says("use", "default")
        assert said == Said(0, "in use: offline (closed)\n", [])
        assert (worker.choices[-1].names, worker.choices[-1].url) == ([], None)
        assert worker.choices[-1].given_at > chosen.given_at


async def test_why_a_choice_cannot_be_obeyed_is_told_and_the_status_is_1(
    opened: AbstractConnection, cache: Cache, desk: Desk
) -> None:
    async with at_work(opened, GeoWorker(cache, problem="google needs GEOCODER_KEY")):
        said = await desk.says("use", "google")
        sentence = "the geo worker cannot do it: google needs GEOCODER_KEY; in use: offline (closed)\n"
        assert said == Said(1, sentence, [])
        assert "cannot do what it was told: google needs GEOCODER_KEY" in (await desk.says("show")).out


async def test_a_geo_worker_that_does_not_obey_in_time_is_told_and_the_status_is_1(
    opened: AbstractConnection, cache: Cache, desk: Desk
) -> None:
    async with at_work(opened, GeoWorker(cache, deaf=True)):
        said = await desk.says("use", "photon")
        assert (said.status, said.out.startswith(f"{KEPT}it is not known to the geo worker yet")) == (1, True)


async def test_without_a_geo_worker_the_choice_waits_for_the_next_one(desk: Desk) -> None:
    said = await desk.says("use", "nominatim")
    assert said == Said(0, f"{KEPT}no geo worker says anything, the next one obeys\n", [])
    note = await comes(desk.rabbitmq_url, GEO_TURN.name)
    assert (note.type, decode(GeocoderChoice, note.body).names) == (NOTE, ["nominatim"])


async def test_without_redis_the_choice_is_kept_all_the_same(
    opened: AbstractConnection, cache: Cache, desk: Desk
) -> None:
    async with at_work(opened, GeoWorker(cache)) as worker:
        said = await desk.without_redis().says("use", "photon")
        assert (said.status, said.out.startswith(f"{KEPT}Redis is away, so no geo worker can be heard")) == (0, True)
        assert said.out.endswith(", the next one obeys\n")
        assert worker.choices[-1].names == ["photon"]


@pytest.mark.parametrize(
    "words",
    [
        ("use", "here"),
        ("use", "photon,photon"),
        ("use", "photon", "--url", "photon:2322"),
        ("use", "default", "--url", "http://photon"),
        ("use",),
    ],
)
async def test_wrong_words_are_status_2_and_nothing_is_chosen(desk: Desk, words: tuple[str, ...]) -> None:
    assert (await desk.says(*words)).status == 2
    async with await aio_pika.connect(desk.rabbitmq_url) as connection, connection.channel() as channel:
        assert (await channel.declare_queue(GEO_TURN.name, passive=True)).declaration_result.message_count == 0


async def test_show_says_how_the_geocoders_are_and_what_waits(
    opened: AbstractConnection, cache: Cache, desk: Desk
) -> None:
    await put(desk.rabbitmq_url, GEO_REQUESTS.name, b"{}")
    for queue in (GEO_BACKLOG.name, GEO_BACKLOG.name, GEO_BACKLOG.retry_names[0]):
        await put(desk.rabbitmq_url, queue, b"{}")
    circuits: dict[str, Circuit] = {"photon": "open", "nominatim": "probing", "offline": "closed"}
    async with at_work(opened, GeoWorker(cache, circuits, waiting=1234)) as worker:
        assert await desk.rows() == [[*row] for row in circuits.items()]
        queues = "geo.requests: 1 wait; geo.backlog: 2 wait and 1 to be tried again; geo.backfill: 0 wait; "
        line = (await desk.says("show")).out.splitlines()[-1]
        assert (
            line
            == f"{queues}1 geo worker is there; 1,234 cells wait for an address; nothing is chosen, the settings hold"
        )
        worker.choices.append(GeocoderChoice(names=["photon"], given_at=time.time() - 3 * 3600))
        await worker.speak()
        assert (await desk.says("show")).out.splitlines()[-1].endswith("; chosen 3 h ago")


async def test_show_works_without_redis_and_without_a_geo_worker(desk: Desk) -> None:
    queues = "geo.requests: 0 wait; geo.backlog: 0 wait; geo.backfill: 0 wait; no geo workers are there; "
    assert await desk.says("show") == Said(0, f"{queues}no geo worker says anything\n", [])
    said = await desk.without_redis().says("show")
    assert (said.status, said.out.startswith(f"{queues}Redis is away, so no geo worker can be heard (")) == (0, True)


async def test_show_says_that_geocoding_is_off_and_that_a_strange_release_is_not_understood(
    opened: AbstractConnection, cache: Cache, desk: Desk
) -> None:
    async with at_work(opened, GeoWorker(cache, {})):
        assert (await desk.says("use", "default")).out == "in use: none, geocoding is off\n"
    strange = msgspec.structs.replace(GeoStatus(at=0.0, circuits={}), v=2)
    await tell(cache, encode(strange).decode())
    said = await desk.says("show")
    assert (said.status, "cannot be understood here (version 2 of GeoStatus" in said.out) == (0, True)


class Busy(Cache):
    """A Redis that misses its 50 ms for the first two times."""

    failures = 2

    async def get(self, key: str) -> str | None:
        if self.failures:
            self.failures -= 1
            raise CacheUnavailable("late")
        return await super().get(key)


async def test_a_redis_that_answers_late_is_asked_again(
    redis_url: str, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geo, "PAUSE", 0.01)
    await GeoWorker(cache).speak()
    async with contextlib.aclosing(Busy(SecretStr(redis_url))) as busy:
        assert (await geo.listen(busy)).status is not None
        busy.failures = geo.TRIES
        assert await geo.listen(busy) == Heard(None, "Redis is away, so no geo worker can be heard (late)")


async def test_a_broker_that_is_away_is_a_sentence(redis_url: str) -> None:
    url = f"amqp://fleet:hunter2@{LOOPBACK}:{free_port()}/"
    said = await Desk(url, redis_url).says("use", "photon")
    assert (said.status, len(said.problems)) == (1, 1)
    assert said.problems[0].startswith("Telling the geo worker (say it again) failed: BrokerUnavailable: is RABBITMQ_")
    assert "hunter2" not in said.problems[0]
    assert (await Desk(url, redis_url).says("show")).status == 1
