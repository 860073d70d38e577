"""getUpdates by one ingress of many; Telegram forgets an update only when RabbitMQ holds it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aio_pika
import aiohttp
import pytest
import structlog
from pydantic import SecretStr

from ingress import polling as polling_module
from ingress.intake import Intake
from ingress.polling import Polling
from local.engines import Engines
from shared import topology
from shared.errors import BrokerUnavailable
from shared.publisher import Headers, Publisher
from shared.topology import INGRESS_TURN
from shared.turn import Turn
from simulator.crowd import Crowd
from simulator.ledger import Outcome
from simulator.server import Simulator
from tests.integration.broker_side import LIMIT, held, linked
from tests.integration.proxy import Proxy

SECRET = "s3cret"  # noqa: S105 - made up for these tests


@pytest.fixture(scope="module")
async def vhost(engines: Engines) -> AsyncIterator[str]:
    """One virtual host for the module; every test takes out what it put in."""
    address = await engines.rabbitmq.create_vhost("polling")
    async with await aio_pika.connect(address) as connection:
        await topology.declare(connection)
    yield address
    await engines.rabbitmq.delete_vhost("polling")


@pytest.fixture(scope="module")
async def turn(vhost: str) -> AsyncIterator[Turn]:
    """The right to poll, taken once for the module: it begins a lease after it is had."""
    wanted = Turn(INGRESS_TURN)
    async with linked(vhost, wanted):
        async with asyncio.timeout(LIMIT):
            await wanted.wait()
        yield wanted


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling_module, "PAUSE", 0.1)  # instead of two seconds


@pytest.fixture
async def telegram(vhost: str) -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator
    await held(vhost, "updates")


@contextlib.asynccontextmanager
async def running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()  # and did not die before


@contextlib.contextmanager
def heard(event: str) -> Iterator["asyncio.Future[structlog.typing.EventDict]"]:
    """Wait for a line of the log."""
    said: asyncio.Future[structlog.typing.EventDict] = asyncio.get_running_loop().create_future()

    def listen(_logger: object, _name: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if line["event"] == event and not said.done():
            said.set_result(line)
        raise structlog.DropEvent

    before = structlog.get_config()["processors"]
    structlog.configure(processors=[listen])
    try:
        yield said
    finally:
        structlog.configure(processors=before)


def polling(telegram: Simulator, publisher: Publisher, turn: Turn) -> Polling:
    return Polling(Intake(publisher), turn, telegram.url, SecretStr(telegram.token))


async def call(telegram: Simulator, method: str, **params: str) -> None:
    url = f"{telegram.url}/bot{telegram.token}/{method}"
    async with aiohttp.ClientSession(raise_for_status=True) as http, http.post(url, json=params):
        pass


async def ids(vhost: str) -> list[object]:
    return [message.headers["update_id"] for message in await held(vhost, "updates")]


def nothing_waits(telegram: Simulator) -> Callable[[], bool]:
    return lambda: telegram.updates.pending == 0


async def test_updates_arrive_in_the_queue_once_and_telegram_forgets_them(
    telegram: Simulator, vhost: str, turn: Turn
) -> None:
    crowd, publisher = Crowd(telegram, employees=150), Publisher()
    sent = await crowd.everyone_checks_in()
    async with linked(vhost, publisher), running(polling(telegram, publisher, turn).run):
        await telegram.until(nothing_waits(telegram))  # more than one getUpdates may bring
        later = crowd.send_location(crowd.employees[0])  # while a getUpdates waits
        await telegram.until(nothing_waits(telegram))
    assert sorted(map(str, await ids(vhost))) == sorted(map(str, [*sent, later]))


async def test_telegram_is_asked_for_the_kinds_that_the_fleet_handles(
    telegram: Simulator, vhost: str, turn: Turn
) -> None:
    publisher = Publisher()
    async with linked(vhost, publisher), running(polling(telegram, publisher, turn).run):
        await telegram.until(lambda: bool(telegram.updates.allowed))
    assert telegram.updates.allowed == {"message", "edited_message", "callback_query"}


async def test_nothing_is_lost_while_the_broker_is_away(
    telegram: Simulator, vhost: str, turn: Turn, engines: Engines
) -> None:
    crowd, publisher = Crowd(telegram, employees=30), Publisher()
    async with (
        Proxy(engines.rabbitmq.port) as proxy,
        linked(proxy.before(vhost), publisher),
        running(polling(telegram, publisher, turn).run),
    ):
        await telegram.until(lambda: bool(telegram.ledger.other_calls))
        await proxy.cut()
        with heard("polling_failed") as failed:
            sent = await crowd.everyone_checks_in()
            async with asyncio.timeout(LIMIT):
                assert (await failed)["error"] == "BrokerUnavailable"
        assert telegram.updates.pending == len(sent)
        assert await ids(vhost) == []
        await proxy.heal()
        await telegram.until(nothing_waits(telegram))
    assert set(map(str, await ids(vhost))) == set(map(str, sent))


class RefusesOnce(Publisher):
    """Publishes over RabbitMQ, but for one update, and that only the first time."""

    refused: str | None = None

    async def publish(
        self, queue: str, body: bytes, *, key: str, headers: Headers | None = None, expires: float | None = None
    ) -> None:
        if key == self.refused:
            self.refused = None
            raise BrokerUnavailable("refused")
        await super().publish(queue, body, key=key, headers=headers, expires=expires)


async def test_the_offset_moves_up_to_the_first_update_that_was_not_confirmed(
    telegram: Simulator, vhost: str, turn: Turn
) -> None:
    crowd, publisher = Crowd(telegram, employees=10), RefusesOnce()
    sent = await crowd.everyone_checks_in()
    publisher.refused = str(sent[3])
    async with linked(vhost, publisher), running(polling(telegram, publisher, turn).run):
        await telegram.until(nothing_waits(telegram))
    offsets = [call.params["offset"] for call in telegram.ledger.other_calls]
    assert offsets[:3] == [0, sent[3], sent[-1] + 1]
    assert set(map(str, await ids(vhost))) == set(map(str, sent))


async def test_a_webhook_that_is_set_is_told_with_the_way_out_and_polling_goes_on_without_it(
    telegram: Simulator, vhost: str, turn: Turn
) -> None:
    crowd, publisher = Crowd(telegram, employees=1), Publisher()
    await call(telegram, "setWebhook", url="http://127.0.0.1:9/webhook", secret_token=SECRET)
    with heard("polling_refused") as refused:
        async with linked(vhost, publisher), running(polling(telegram, publisher, turn).run):
            async with asyncio.timeout(LIMIT):
                line = await refused
            assert line["status"] == 409
            assert "`fleet webhook delete`" in line["description"]
            sent = crowd.send_location(crowd.employees[0])
            await call(telegram, "deleteWebhook")
            await telegram.until(nothing_waits(telegram))
    assert await ids(vhost) == [sent]


async def test_what_fails_is_told_without_the_token(telegram: Simulator, vhost: str, turn: Turn) -> None:
    publisher = Publisher()
    url = telegram.url
    await telegram.stop()
    with heard("polling_failed") as failed:
        async with linked(vhost, publisher), running(polling(telegram, publisher, turn).run), asyncio.timeout(LIMIT):
            line = await failed
    assert telegram.token not in str(line)
    assert url not in str(line)


async def test_of_two_ingresses_one_polls_and_the_other_follows(telegram: Simulator, engines: Engines) -> None:
    address = await engines.rabbitmq.create_vhost("polling-two")
    crowd = Crowd(telegram, employees=20)
    turns, publishers = [Turn(INGRESS_TURN), Turn(INGRESS_TURN)], [Publisher(), Publisher()]
    async with contextlib.AsyncExitStack() as stack:
        proxies = [await stack.enter_async_context(Proxy(engines.rabbitmq.port)) for _ in turns]
        for proxy, turn, publisher in zip(proxies, turns, publishers, strict=True):
            await stack.enter_async_context(linked(proxy.before(address), publisher))
            await stack.enter_async_context(linked(proxy.before(address), turn))
            await stack.enter_async_context(running(polling(telegram, publisher, turn).run))
        sent = await crowd.everyone_checks_in()
        await telegram.until(nothing_waits(telegram))
        first = 0 if turns[0].held else 1
        assert not turns[1 - first].held
        outcomes = {(call.outcome, call.status) for call in telegram.ledger.other_calls}
        assert outcomes <= {(Outcome.OK, 200), (Outcome.PENDING, None)}  # two at once would end with 409
        await proxies[first].cut()
        sent += await crowd.everyone_checks_in()
        await telegram.until(nothing_waits(telegram))
        assert turns[1 - first].held
        assert not turns[first].held
    assert set(map(str, await ids(address))) == set(map(str, sent))
    await engines.rabbitmq.delete_vhost("polling-two")
