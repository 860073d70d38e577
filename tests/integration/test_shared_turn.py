"""Of all that want the right exactly one has it, and nobody else begins before that one has certainly ended."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import aio_pika
import pytest

from local.engines import Engines
from shared import topology
from shared.lease import KNOCK, LEASE
from shared.topology import INGRESS_TURN
from shared.turn import Turn
from tests.integration.broker_side import linked
from tests.integration.proxy import Proxy

LIMIT = 15.0


@pytest.fixture(scope="module")
async def url(engines: Engines) -> AsyncIterator[str]:
    """One virtual host for the module; a test leaves no process that wants the right."""
    address = await engines.rabbitmq.create_vhost("turn")
    async with await aio_pika.connect(address) as connection:
        await topology.declare(connection)
    yield address
    await engines.rabbitmq.delete_vhost("turn")


class Clock:
    """Steps when told; the knocks go on in real time and carry its time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextlib.asynccontextmanager
async def watched(*turns: Turn) -> AsyncIterator[list[list[int]]]:
    """Note all the while which of the turns are held: a list for each look."""
    looks: list[list[int]] = []

    async def look() -> None:
        while True:
            looks.append([number for number, turn in enumerate(turns) if turn.held])
            await asyncio.sleep(0.002)  # between two looks

    task = asyncio.create_task(look())
    try:
        yield looks
    finally:
        task.cancel()
        await asyncio.wait([task])


def holds(turn: Turn) -> bool:
    return turn.held


async def knocked(turn: Turn, count: int = 2) -> None:
    """Return when that many knocks have come back to the holder, so that the last carries the time of now."""
    for _ in range(count):
        turn._changed.clear()  # noqa: SLF001 - the turn's own signal, set with each knock
        async with asyncio.timeout(LIMIT):
            await turn._changed.wait()  # noqa: SLF001 - as above


async def test_of_two_exactly_one_holds_and_the_other_follows_when_its_connection_ends(
    url: str, engines: Engines
) -> None:
    turns = [Turn(INGRESS_TURN), Turn(INGRESS_TURN)]
    async with contextlib.AsyncExitStack() as stack:
        proxies = [await stack.enter_async_context(Proxy(engines.rabbitmq.port)) for _ in turns]
        for proxy, turn in zip(proxies, turns, strict=True):
            await stack.enter_async_context(linked(proxy.before(url), turn))
        looks = await stack.enter_async_context(watched(*turns))
        async with asyncio.timeout(LIMIT):
            waits = [asyncio.create_task(turn.wait()) for turn in turns]
            done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            first = 0 if turns[0].held else 1
            second = 1 - first
            assert (len(done), len(pending)) == (1, 1)
            await proxies[first].cut()
            await turns[first].lost()
            assert not turns[first].held
            await asyncio.wait(pending)
        assert turns[second].held
        assert not turns[first].held
    assert {tuple(look) for look in looks} <= {(), (first,), (second,)}


async def test_a_link_that_ends_gives_the_right_up_at_once(url: str) -> None:
    turn = Turn(INGRESS_TURN)
    async with linked(url, turn):
        async with asyncio.timeout(LIMIT):
            await turn.wait()
        epoch = turn.epoch
    assert not turn.held
    assert not turn.active
    async with linked(url, turn), asyncio.timeout(LIMIT):
        await turn.wait()
        assert turn.epoch > epoch
    await turn.detach()  # once more, to no harm


async def test_a_holder_whose_broker_is_frozen_holds_no_longer_than_its_lease(url: str, engines: Engines) -> None:
    turn = Turn(INGRESS_TURN)
    async with Proxy(engines.rabbitmq.port) as proxy, linked(proxy.before(url), turn), watched(turn) as looks:
        async with asyncio.timeout(LIMIT):
            await turn.wait()
        proxy.freeze()
        began = time.monotonic()
        async with asyncio.timeout(LEASE + 5.0):
            while turn.held:
                looks.clear()
                await asyncio.sleep(0.005)  # the lease ends by the clock; nobody tells
        took = time.monotonic() - began
        assert turn.active  # no word of the connection yet: the lease alone has ended
        await proxy.heal()
        async with asyncio.timeout(LIMIT):
            await turn.wait()
    assert took < LEASE + 1.0


async def test_a_lease_begins_a_lease_after_the_turn_and_ends_a_lease_after_the_last_knock_was_sent(url: str) -> None:
    clock = Clock()
    turn = Turn(INGRESS_TURN, clock)
    async with linked(url, turn):
        async with asyncio.timeout(LIMIT):
            await turn.taken()
        await knocked(turn)
        assert not holds(turn)  # active, but another may not have noticed yet that it is not
        clock.now += LEASE - 0.001
        await knocked(turn)
        assert not holds(turn)
        clock.now += 0.001
        await knocked(turn)
        assert holds(turn)
        clock.now += LEASE - 0.001  # no knock of this moment is back yet
        assert holds(turn)
        clock.now += 0.001
        assert not holds(turn)


async def test_after_a_lease_that_ran_out_the_right_is_taken_anew_with_its_wait(url: str) -> None:
    clock = Clock()
    turn = Turn(INGRESS_TURN, clock)
    async with linked(url, turn):
        async with asyncio.timeout(LIMIT):
            await turn.taken()
        before = turn.epoch
        clock.now += LEASE
        await knocked(turn)
        assert not holds(turn)  # another may have held it meanwhile, and its lease may still run
        assert turn.epoch == before + 1
        for _ in range(2):
            clock.now += LEASE / 2
            await knocked(turn)
        assert holds(turn)
        assert turn.epoch == before + 1


async def test_a_process_that_was_frozen_does_not_believe_on_waking_that_it_holds(url: str) -> None:
    clock = Clock()
    turn = Turn(INGRESS_TURN, clock)
    async with linked(url, turn):
        async with asyncio.timeout(LIMIT):
            await turn.taken()
        for _ in range(2):
            clock.now += LEASE / 2
            await knocked(turn)
        assert holds(turn)
        clock.now += 3600.0
        assert not holds(turn)


async def test_what_others_left_in_the_queue_is_no_knock_of_ours(url: str) -> None:
    stranger, turn = Turn(INGRESS_TURN), Turn(INGRESS_TURN)
    async with linked(url, stranger), asyncio.timeout(LIMIT):
        await stranger.wait()
    began = time.monotonic()
    async with linked(url, turn), asyncio.timeout(LIMIT):
        await turn.wait()
    assert time.monotonic() - began > LEASE
    assert KNOCK < LEASE / 2
