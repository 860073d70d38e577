"""A message that can never succeed: it is tried a few times, ever more rarely, and takes nobody with it."""

import asyncio
import itertools
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from checkin_worker import app as checkin_worker
from checkin_worker.reports.making import DEADLINE as REPORT_DEADLINE
from geo_worker import app as geo_worker
from local.engines import Engines
from local.processes import Child, Program
from sender import departures
from sender.app import WINDOWS as SENDER_WINDOWS
from shared import consume
from shared.consume import HOLD_PAUSES, JITTER, RETURN_PAUSES, Consumer
from shared.delivery import FAILED_IN, HANDLED_ALONE, REASON, TRIES, Delivery, Done, Return, Verdict
from shared.errors import DatabaseUnavailable
from shared.publisher import Publisher
from shared.topology import RECEIPTS, REPORTS, UPDATES, WORK_QUEUES, WorkQueue
from tests.integration.broker_side import comes, held, linked, own_queue, put, until
from tests.integration.frail import POISON

CONSUMED = [queue for queue in WORK_QUEUES if queue.dead]
NEIGHBOURS = 15
MINUTE = 60.0
CONSUMER_TIMEOUT = 30 * 60
"""Seconds after which RabbitMQ closes a channel that holds a message."""
SENDS = {queue for queue, *_ in SENDER_WINDOWS}
"""What is tried again from the sender's memory, while the broker counts it as in hand."""
FOR_EVER = 20
"""So many of the last pause are more than a minute."""


@pytest.fixture(scope="module")
async def url(engines: Engines) -> AsyncIterator[str]:
    """One virtual host for the module; each test has queues of its own in it."""
    yield await engines.rabbitmq.create_vhost("poison")
    await engines.rabbitmq.delete_vhost("poison")


def most_in_a_minute(waits: Sequence[float]) -> int:
    """Tries in the worst minute, if one comes at once after each wait and every wait is as short as it can be."""
    moments = [0.0, *itertools.accumulate(wait * JITTER[0] for wait in waits)]
    return max(sum(begin <= moment < begin + MINUTE for moment in moments) for begin in moments)


@pytest.mark.parametrize("queue", CONSUMED, ids=lambda queue: queue.name)
def test_no_message_is_tried_twenty_times_a_minute(queue: WorkQueue) -> None:
    waits = departures.RETRIES if queue in SENDS else queue.retries
    assert bool(queue.retries) != (queue in SENDS), "one of the two has it tried again"
    assert 1 < most_in_a_minute(waits) < 20
    assert list(waits) == sorted(waits), "the waits grow"


@pytest.mark.parametrize("pauses", [RETURN_PAUSES, HOLD_PAUSES], ids=["given back", "its engine is away"])
def test_nor_is_one_that_may_wait_for_ever(pauses: Sequence[float]) -> None:
    assert 1 < most_in_a_minute([*pauses, *[pauses[-1]] * FOR_EVER]) < 20
    assert list(pauses) == sorted(pauses)


def test_nor_is_one_that_ends_workers() -> None:
    assert 1 + HANDLED_ALONE < 20, "it waits for nothing but their starts"


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_in_a_minute_of_a_real_broker_poison_is_handled_fewer_than_twenty_times(url: str) -> None:
    handled: Counter[str] = Counter()

    async def fail(delivery: Delivery) -> Verdict:
        handled[delivery.key] += 1
        if delivery.key == "ends its connection":
            raise DatabaseUnavailable("away")
        raise KeyError("poison")

    queue, publisher = await own_queue(url, retries=UPDATES.retries, alone=True), Publisher()
    consumer = Consumer(queue, fail, publisher, prefetch=4, deadline=5)
    for key in ("fails", "ends its connection"):
        await put(url, queue.name, POISON, message_id=key)
    async with linked(url, publisher), linked(url, consumer):
        await asyncio.sleep(MINUTE)  # the minute itself is what is measured
        await consumer.drain(0)
    assert handled.keys() == {"fails", "ends its connection"}
    assert 1 < min(handled.values()) <= max(handled.values()) < 20, handled


def test_a_handler_that_hangs_is_cut_off_long_before_the_broker_does_it() -> None:
    assert checkin_worker.DEADLINE <= 30
    assert max(checkin_worker.DEADLINE, REPORT_DEADLINE, geo_worker.DEADLINE) < CONSUMER_TIMEOUT / 2


def test_these_are_all_queues_that_somebody_consumes() -> None:
    geo = {queue for queue, *_ in geo_worker.WINDOWS}
    assert {*CONSUMED} == SENDS | geo | {UPDATES, RECEIPTS, REPORTS}


async def test_in_its_whole_life_poison_is_handled_once_more_than_it_waits_in_every_queue(url: str) -> None:
    async def lives_in(model: WorkQueue) -> tuple[str, int, int]:
        queue = await own_queue(url, retries=(1,) * len(model.retries), alone=model.alone)
        handled = 0

        async def fail(_delivery: Delivery) -> Verdict:
            nonlocal handled
            handled += 1
            raise KeyError("poison")

        publisher = Publisher()
        consumer = Consumer(queue, fail, publisher, prefetch=4, deadline=5)
        async with linked(url, publisher), linked(url, consumer):
            await put(url, queue.name, POISON)
            dead = await comes(url, queue.dead, limit=60)  # all queues at once
            await consumer.drain(5)
        return model.name, handled, int(str(dead.headers[TRIES]))

    lives = await asyncio.gather(*(lives_in(queue) for queue in CONSUMED))
    assert [(name, tries) for name, _, tries in lives] == [(one.name, len(one.retries) + 1) for one in CONSUMED]
    # A confirm that comes late on a busy machine doubles a message: its fate is unknown, so it is published again.
    assert all(tries <= handled <= 2 * tries for _, handled, tries in lives), lives


async def test_a_message_that_kills_its_process_is_dead_after_five_and_its_neighbours_are_done(
    url: str, tmp_path: Path
) -> None:
    queue = await own_queue(url, alone=True)
    for number in range(NEIGHBOURS):
        await put(url, queue.name, f"good-{number}".encode())
        if number == NEIGHBOURS // 2:
            await put(url, queue.name, POISON, message_id="k", headers={"update_id": 7})
    ledger, log = tmp_path / "ledger", tmp_path / "log"
    program = Program(
        name="frail",
        argv=(sys.executable, "-m", "tests.integration.frail", url, queue.name, str(NEIGHBOURS), str(ledger)),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(sys.path)},
        log=log,
    )

    async def everybody_is_done() -> bool:
        return sum(deed.startswith("good") and deed.endswith("alone") for deed in deeds_of(ledger)) == NEIGHBOURS

    deaths = 0
    dead = asyncio.create_task(comes(url, queue.dead, limit=90))  # six processes start
    while not dead.done():
        child = await Child.spawn(program)
        await asyncio.wait([dead, ended := asyncio.create_task(child.wait())], return_when=asyncio.FIRST_COMPLETED)
        deaths += ended.done() and ended.result() == -signal.SIGKILL
        if not ended.done():
            await until(everybody_is_done)
            await child.kill()
            await ended
    letter = dead.result()
    assert (letter.body, letter.message_id, letter.headers["update_id"]) == (POISON, "k", 7)
    assert letter.headers[REASON] == "ended its process 5 times, the last 4 while handled alone"
    assert (letter.headers[TRIES], letter.headers[FAILED_IN]) == (5, queue.name)
    assert deaths == 5, log.read_text()
    assert deeds_of(ledger) == {
        **{f"good-{number} {how}": 1 for number in range(NEIGHBOURS) for how in ("among others", "alone")},
        "poison among others": 1,
        "poison alone": HANDLED_ALONE,
    }
    assert await held(url, queue.dead) == await held(url, queue.name) == await held(url, queue.alone_name) == []


def deeds_of(ledger: Path) -> Counter[str]:
    return Counter(ledger.read_text().splitlines())


async def test_what_came_back_is_handled_alone_as_it_was_and_no_try_is_counted(url: str) -> None:
    queue = await own_queue(url, retries=(60,), alone=True)
    await _came_back(url, queue)
    seen: list[Delivery] = []
    twice = asyncio.Event()

    async def act(delivery: Delivery) -> Verdict:
        seen.append(delivery)
        if delivery.alone:
            raise DatabaseUnavailable("away")
        twice.set()
        return Done()

    publisher = Publisher()
    consumer = Consumer(queue, act, publisher, prefetch=4, deadline=5)
    async with linked(url, publisher), linked(url, consumer), asyncio.timeout(15):
        await twice.wait()
        await consumer.drain(5)
    assert [(one.alone, one.redelivered, one.returns, one.tries) for one in seen] == [
        (True, False, 0, 0),
        (False, False, 0, 0),
    ], "an engine that is away shows that it is harmless, and it waits for it among the others"
    assert {(one.key, one.body, one.headers["update_id"]) for one in seen} == {("k", b"x", 7)}


async def test_what_a_shutdown_interrupts_while_it_is_alone_rejoins_the_others_and_is_not_counted(url: str) -> None:
    queue = await own_queue(url, alone=True)
    await _came_back(url, queue)
    began = asyncio.Event()

    async def act(delivery: Delivery) -> Verdict:
        assert delivery.alone
        began.set()
        return await _never(delivery)

    publisher = Publisher()
    consumer = Consumer(queue, act, publisher, prefetch=4, deadline=30)
    async with linked(url, publisher), linked(url, consumer), asyncio.timeout(15):
        await began.wait()
        await consumer.drain(0.05)
    assert await held(url, queue.alone_name) == []
    (message,) = await held(url, queue.name)
    assert (message.message_id, message.redelivered) == ("k", False)
    assert message.headers == {"update_id": 7, "x-delivery-count": 0}


async def test_who_is_stopped_takes_neither_what_is_handled_alone_nor_the_rest(url: str) -> None:
    queue = await own_queue(url, alone=True)
    publisher = Publisher()
    consumer = Consumer(queue, _never, publisher, prefetch=4, deadline=5)
    async with linked(url, publisher), linked(url, consumer):
        await consumer.stop()
        for name in (queue.name, queue.alone_name):
            await put(url, name, name.encode())
        for name in (queue.name, queue.alone_name):
            assert [message.body.decode() for message in await held(url, name)] == [name]


async def test_what_is_given_back_again_and_again_is_kept_for_a_while_and_at_once_when_stopped(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "RETURN_PAUSES", (0.0, 0.5, 600.0))
    queue = await own_queue(url)
    moments: list[float] = []
    third = asyncio.Event()

    async def act(_delivery: Delivery) -> Verdict:
        moments.append(asyncio.get_running_loop().time())
        if len(moments) == 3:
            third.set()
        return Return()

    publisher = Publisher()
    consumer = Consumer(queue, act, publisher, prefetch=4, deadline=5)
    async with linked(url, publisher), linked(url, consumer), asyncio.timeout(15):
        await put(url, queue.name, b"x")
        await third.wait()
        await consumer.drain(10)
    assert moments[2] - moments[1] >= 0.5 * JITTER[0]
    assert [message.body for message in await held(url, queue.name)] == [b"x"]


async def _came_back(url: str, queue: WorkQueue) -> None:
    """Put a message into the queue that somebody had in hand, and let go of without a word."""
    await put(url, queue.name, b"x", message_id="k", headers={"update_id": 7})
    async with linked(url, consumer := Consumer(queue, _never, Publisher(), prefetch=1, deadline=30)):
        await until(lambda: _holds(consumer))


async def _never(_delivery: Delivery) -> Verdict:
    await asyncio.Event().wait()
    raise AssertionError


async def _holds(consumer: Consumer) -> bool:
    return bool(consumer._tasks)  # noqa: SLF001 - the broker does not tell what is unacked soon enough
