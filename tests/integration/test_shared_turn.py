"""Of all that want the right exactly one has it, and nobody else begins before that one has certainly ended."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection

import aio_pika
import msgspec
import pytest

from local.engines import Engines
from shared import topology
from shared.lease import KNOCK, LEASE, Will
from shared.notes import RENEWAL
from shared.topology import INGRESS_TURN
from shared.turn import NOTE, WILL, Turn
from tests.integration.broker_side import linked, put
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


@pytest.fixture(autouse=True)
async def empty(url: str) -> None:
    """Nothing of the test before: who left on purpose would be believed."""
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await (await channel.get_queue(INGRESS_TURN.name, ensure=False)).purge()


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


async def taken(turn: Turn) -> None:
    """Return when the broker feeds it; it may act a lease later."""
    while not turn.active:
        await knocked(turn, 1)


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
        await taken(turn)
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
        await taken(turn)
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
        await taken(turn)
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


class Book:
    """Keeps notes: the last one of each first letter, until one that is a letter alone ends it."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[int, str]] = {}
        self.came: list[str] = []
        self.changed = asyncio.Event()

    def keep(self, tag: int, body: bytes) -> Collection[int]:
        text = body.decode()
        self.came.append(text)
        before = self.kept.pop(text[0], None)
        over = [] if before is None else [before[0]]
        if len(text) > 1:
            self.kept[text[0]] = (tag, text)
        else:
            over.append(tag)
        self.changed.set()
        return over

    def clear(self) -> None:
        self.kept.clear()

    @property
    def texts(self) -> set[str]:
        return {text for _, text in self.kept.values()}

    async def knows(self, *texts: str) -> None:
        async with asyncio.timeout(LIMIT):
            while self.texts != set(texts):
                self.changed.clear()
                await self.changed.wait()


async def holding(turn: Turn) -> None:
    async with asyncio.timeout(LIMIT):
        await turn.wait()


async def test_a_holder_that_leaves_on_purpose_is_followed_before_a_lease_and_leaves_its_estate(url: str) -> None:
    first, second = Turn(INGRESS_TURN), Turn(INGRESS_TURN)
    async with linked(url, first) as link, watched(first, second) as looks:
        await holding(first)
        assert first.inheritance is None
        async with linked(url, second):
            before = time.monotonic()
            await first.hand_over(lambda: b"estate")
            assert not first.held
            await holding(second)
            print(f"handed over in {1e3 * (time.monotonic() - before):.0f} ms")  # noqa: T201 - for `pytest -s`
            assert time.monotonic() - before < LEASE
            assert second.inheritance is not None
            received_at, estate = second.inheritance
            assert estate == b"estate"
            assert before < received_at < time.monotonic()
            await first.lost()
            assert link.times == 1, "the link lives on"
    assert {tuple(look) for look in looks} <= {(), (0,), (1,)}


async def test_a_holder_that_is_killed_is_waited_for(url: str, engines: Engines) -> None:
    first, second = Turn(INGRESS_TURN), Turn(INGRESS_TURN)
    async with Proxy(engines.rabbitmq.port) as proxy, linked(proxy.before(url), first):
        await holding(first)
        async with linked(url, second):
            before = time.monotonic()
            await proxy.cut()
            await holding(second)
            assert time.monotonic() - before >= LEASE
            assert second.inheritance is None


async def test_of_three_that_leave_one_after_another_each_inherits(url: str) -> None:
    turns = [Turn(INGRESS_TURN) for _ in range(3)]
    async with contextlib.AsyncExitStack() as stack:
        looks = await stack.enter_async_context(watched(*turns))
        for turn in turns:
            await stack.enter_async_context(linked(url, turn))
        left = list(turns)
        while left:
            waits = {asyncio.create_task(turn.wait()): turn for turn in left}
            async with asyncio.timeout(LIMIT):
                done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            [holder] = [waits[task] for task in done]
            for task in pending:
                task.cancel()
            assert holder.inheritance is None if len(left) == 3 else holder.inheritance is not None
            left.remove(holder)
            await holder.hand_over(lambda: b"")
    assert all(len(look) <= 1 for look in looks)


async def test_who_does_not_hold_has_nothing_to_hand_over(url: str) -> None:
    first, second = Turn(INGRESS_TURN), Turn(INGRESS_TURN)
    async with linked(url, first), linked(url, second):
        await taken(first)
        assert not first.held
        began = time.monotonic()
        await first.hand_over(lambda: b"not ours")
        await holding(second)
        assert second.inheritance is None
        assert time.monotonic() - began >= LEASE


async def test_a_will_of_somebody_whose_signs_are_gone_is_not_believed(url: str) -> None:
    turn = Turn(INGRESS_TURN)
    await put(url, INGRESS_TURN.name, msgspec.json.encode(Will("long gone", b"old")), type=WILL)
    began = time.monotonic()
    async with linked(url, turn):
        await holding(turn)
        assert time.monotonic() - began >= LEASE
        assert turn.inheritance is None


async def test_who_handed_over_gets_the_right_again_when_it_queues_up_again(url: str) -> None:
    first, second = Turn(INGRESS_TURN), Turn(INGRESS_TURN)
    async with linked(url, first):
        await holding(first)
        epoch = first.epoch
        async with linked(url, second):
            await first.hand_over(lambda: b"from the first")
            await holding(second)
    async with linked(url, second), linked(url, first):
        await holding(second)
        await second.hand_over(lambda: b"from the second")
        await holding(first)
        assert first.epoch > epoch
        assert first.inheritance is not None
        assert first.inheritance[1] == b"from the second"


async def test_a_hand_over_while_the_broker_is_frozen_is_given_up_soon(url: str, engines: Engines) -> None:
    turn = Turn(INGRESS_TURN)
    async with Proxy(engines.rabbitmq.port) as proxy, linked(proxy.before(url), turn):
        await holding(turn)
        proxy.freeze()
        async with asyncio.timeout(LIMIT):
            await turn.hand_over(lambda: b"")
        assert not turn.active
        await proxy.heal()


async def test_notes_are_known_before_the_right_is_held_and_pass_on_with_it(url: str) -> None:
    books = [Book(), Book(), Book()]
    turns = [Turn(INGRESS_TURN, notes=book) for book in books]
    await put(url, INGRESS_TURN.name, b"a1", type=NOTE)
    await put(url, INGRESS_TURN.name, b"b1", type=NOTE)
    async with linked(url, turns[0]):
        await holding(turns[0])
        assert books[0].texts == {"a1", "b1"}
        await put(url, INGRESS_TURN.name, b"a2", type=NOTE)
        await books[0].knows("a2", "b1")
        async with linked(url, turns[1]):
            await turns[0].hand_over(lambda: b"")
            assert books[0].texts == set()
            await holding(turns[1])
            assert turns[1].inheritance is not None
            assert books[1].texts == {"a2", "b1"}
            assert sorted(books[1].came) == ["a2", "b1"], "what was replaced is gone"
    async with linked(url, turns[2]):
        await holding(turns[2])
        assert books[2].texts == {"a2", "b1"}
        for end in (b"a", b"b"):
            await put(url, INGRESS_TURN.name, end, type=NOTE)
        await books[2].knows()


async def test_a_note_in_hand_for_long_is_given_back_before_the_broker_wants_it_and_stays_the_same_note(
    url: str,
) -> None:
    clock, book, after = Clock(), Book(), Book()
    turn, next_one = Turn(INGRESS_TURN, clock, notes=book), Turn(INGRESS_TURN, notes=after)
    await put(url, INGRESS_TURN.name, b"a1", type=NOTE)
    async with linked(url, turn):
        await book.knows("a1")
        [note] = turn._hand._held.values()  # noqa: SLF001 - nothing else tells
        first = note.message
        assert first is not None
        turn._lease._until = clock.now + 10 * RENEWAL  # noqa: SLF001 - else its lease runs out with the clock
        clock.now += RENEWAL
        async with asyncio.timeout(LIMIT):
            while note.message is first or note.message is None:
                await knocked(turn, 1)
        assert note.message.redelivered
        assert book.came == ["a1"]
        assert book.texts == {"a1"}
    async with linked(url, next_one):
        await after.knows("a1")
        await put(url, INGRESS_TURN.name, b"a", type=NOTE)
        await after.knows()


async def test_after_a_lease_that_ran_out_notes_are_asked_for_anew(url: str) -> None:
    clock, book = Clock(), Book()
    turn = Turn(INGRESS_TURN, clock, notes=book)
    await put(url, INGRESS_TURN.name, b"a1", type=NOTE)
    async with linked(url, turn):
        await book.knows("a1")
        await knocked(turn, 3)
        clock.now += LEASE
        await knocked(turn, 3)
        await book.knows("a1")
        assert book.came == ["a1", "a1"]
        await put(url, INGRESS_TURN.name, b"a", type=NOTE)
        await book.knows()


async def test_without_anybody_to_keep_them_notes_and_strange_messages_are_thrown_away(url: str) -> None:
    turn, book = Turn(INGRESS_TURN), Book()
    await put(url, INGRESS_TURN.name, b"a1", type=NOTE)
    await put(url, INGRESS_TURN.name, b"what?", type="strange")
    await put(url, INGRESS_TURN.name, b"not JSON", type=WILL)
    async with linked(url, turn):
        await holding(turn)
    after = Turn(INGRESS_TURN, notes=book)
    async with linked(url, after):
        await holding(after)
    assert book.came == []
