"""Acks that go together, beside a channel that takes them as RabbitMQ does."""

import asyncio
from typing import TYPE_CHECKING, cast

from aiormq.exceptions import ChannelInvalidStateError
from hypothesis import given
from hypothesis import strategies as st

from shared.acks import Acks

if TYPE_CHECKING:
    from aiormq.channel import Channel


class Broker:
    """A channel: it numbers what it hands out, and closes itself by an ack of what is not in hand.

    Attributes:
        closes: it was asked to close, and is not closed yet.
        writes: its connection's writer lives.
    """

    def __init__(self) -> None:
        self.is_closed = self.closes = False
        self.writes = asyncio.Event()
        self.writes.set()
        self.in_hand: list[int] = []
        self.frames: list[tuple[int, bool]] = []
        self.last = 0

    def hand_out(self) -> int:
        self.last += 1
        self.in_hand.append(self.last)
        return self.last

    async def basic_ack(self, tag: int, *, multiple: bool = False, wait: bool = True) -> None:
        assert not wait
        await self.writes.wait()
        if self.is_closed or self.closes:
            raise ChannelInvalidStateError("closed")
        assert tag in self.in_hand, "PRECONDITION_FAILED - unknown delivery tag"
        self.frames.append((tag, multiple))
        self.in_hand = [other for other in self.in_hand if other > tag or (other < tag and not multiple)]

    def reject(self, tag: int) -> None:
        self.in_hand.remove(tag)


def acks_of(broker: Broker) -> Acks:
    return Acks(cast("Channel", broker))


@given(st.lists(st.tuples(st.sampled_from(["hand out", "done", "give back", "wait"]), st.integers(0, 20))))
def test_what_is_done_is_acked_and_nothing_that_is_in_hand(steps: list[tuple[str, int]]) -> None:
    async def play() -> None:
        broker, at_work = Broker(), list[int]()
        acks = acks_of(broker)
        for what, which in steps:
            if what == "hand out":
                at_work.append(broker.hand_out())
                acks.taken(at_work[-1])
            elif what == "wait":
                await acks.written()
                assert broker.in_hand == at_work
            elif at_work:
                tag = at_work.pop(which % len(at_work))
                if what == "done":
                    assert acks.ack(tag)
                else:
                    broker.reject(tag)
                    acks.given_back(tag)
            assert {*at_work} <= {*broker.in_hand}
        await acks.written()
        assert broker.in_hand == at_work

    asyncio.run(play())


async def test_a_thousand_that_are_done_in_one_moment_are_one_ack() -> None:
    broker = Broker()
    acks = acks_of(broker)
    for tag in [broker.hand_out() for _ in range(1000)]:
        acks.taken(tag)
        acks.ack(tag)
    await acks.written()
    assert broker.frames == [(1000, True)]


async def test_behind_one_that_takes_long_each_is_acked_alone_and_after_it_together_again() -> None:
    broker = Broker()
    acks = acks_of(broker)
    for _ in range(5):
        acks.taken(broker.hand_out())
    acks.ack(2)
    acks.ack(3)
    await acks.written()
    assert broker.frames == [(2, False), (3, False)]
    for tag in (5, 1, 4):
        acks.ack(tag)
    await acks.written()
    assert broker.frames[2:] == [(5, True)]


async def test_what_was_handed_out_and_never_came_is_not_acked_with_the_others() -> None:
    broker = Broker()
    acks = acks_of(broker)
    tags = [broker.hand_out() for _ in range(4)]
    for tag in (tags[0], tags[2], tags[3]):
        acks.taken(tag)
        acks.ack(tag)
    await acks.written()
    assert broker.in_hand == [tags[1]]


async def test_of_a_channel_that_is_closed_nothing_is_acked_and_who_asks_is_told() -> None:
    broker = Broker()
    acks = acks_of(broker)
    for _ in range(3):
        acks.taken(broker.hand_out())
    assert acks.ack(1)
    broker.is_closed = True
    assert not acks.ack(2)
    await acks.written()
    assert broker.in_hand == [1, 2, 3]


async def test_who_waits_for_a_writer_that_is_gone_is_told_when_the_connection_is_given_up() -> None:
    broker = Broker()
    broker.writes.clear()
    acks = acks_of(broker)
    for _ in range(2):
        acks.taken(broker.hand_out())
    assert acks.ack(1)
    waiting = asyncio.create_task(acks.written())
    await asyncio.sleep(0)
    acks.give_up()
    await waiting
    assert not acks.ack(2)


async def test_a_channel_that_takes_no_ack_though_it_is_not_closed_is_lost() -> None:
    broker = Broker()
    broker.closes = True
    acks = acks_of(broker)
    for _ in range(2):
        acks.taken(broker.hand_out())
    assert acks.ack(1)
    await acks.written()
    assert not acks.ack(2)
