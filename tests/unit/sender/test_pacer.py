"""The law: never more than `rate` arrivals in any window of 1.0 s; a stepped clock, no real time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sender.pacer import Pacer, Slot

RATE = 30
GUARD = 0.025


def most_in_a_second(arrivals: list[float]) -> int:
    ordered = sorted(arrivals)
    most = first = 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


class World:
    """A clock, a pacer, and what arrives at the other end."""

    def __init__(self, rate: int = RATE) -> None:
        self.now = 100.0
        self.pacer = Pacer(rate, GUARD, self.now)
        self.arrivals: list[float] = []

    def call(self, *, stall: float = 0.0, jitter: float = 0.0) -> None:
        """Take a slot as soon as there is one, write after a stall, arrive after the jitter."""
        slot = self.take()
        self.now += stall
        self.arrivals.append(self.now + jitter)
        self.pacer.stamp(slot, self.now)

    def take(self) -> Slot:
        while (delay := self.pacer.delay(self.now)) != 0:
            assert delay is not None
            self.now += max(delay, 1e-9)
        return self.pacer.take(self.now)


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(0.0), st.floats(0, 0.01), st.floats(0, 3)),  # stalls between taking and writing
            st.floats(0, GUARD),  # jitter of the path
            st.one_of(st.just(0.0), st.floats(0, 2)),  # pauses between calls
        ),
        min_size=31,
        max_size=150,
    )
)
def test_no_one_second_window_holds_more_than_thirty_calls(calls: list[tuple[float, float, float]]) -> None:
    world = World()
    for stall, jitter, pause in calls:
        world.call(stall=stall, jitter=jitter)
        world.now += pause
    assert most_in_a_second(world.arrivals) <= RATE


def test_a_new_pacer_waits_for_one_window_since_it_knows_nothing_of_the_calls_before() -> None:
    assert Pacer(RATE, GUARD, 100.0).delay(100.0) == pytest.approx(1.0 + GUARD)


def test_after_a_restart_nothing_goes_for_one_window() -> None:
    world = World()
    world.now += 50
    world.pacer.restart(world.now)
    assert world.pacer.delay(world.now) == pytest.approx(1.0 + GUARD)


def test_a_stall_is_never_caught_up() -> None:
    world = World()
    world.call()
    world.now += 60
    for _ in range(2 * RATE):
        world.call()
    assert most_in_a_second(world.arrivals) == RATE


def test_a_call_that_is_not_written_yet_keeps_its_slot_for_as_long_as_that_lasts() -> None:
    world = World(rate=2)
    world.now += 10
    slots = [world.take(), world.take()]
    world.now += 100
    assert world.pacer.delay(world.now) is None
    world.pacer.stamp(slots[0], world.now)
    assert world.pacer.delay(world.now) == pytest.approx(1.0 + GUARD)


def test_a_slot_given_back_is_free_at_once() -> None:
    world = World(rate=1)
    world.now += 10
    world.pacer.give_back(world.take())
    world.now += 1.0
    assert world.pacer.delay(world.now) == 0


def test_the_first_stamp_counts() -> None:
    world = World(rate=1)
    world.now += 10
    slot = world.take()
    world.pacer.stamp(slot, world.now)
    world.pacer.stamp(slot, world.now + 5)
    assert world.pacer.delay(world.now) == pytest.approx(1.0 + GUARD)


def test_nothing_goes_before_the_time_that_telegram_named() -> None:
    world = World()
    world.now += 10
    world.pacer.hold(world.now + 7)
    assert world.pacer.delay(world.now) == pytest.approx(7)


def test_a_slot_that_is_taken_ahead_opens_when_it_is_free_and_not_before() -> None:
    world = World(rate=1)
    world.now += 10
    world.call()
    world.now += 1.0
    slot = world.pacer.take(world.now, lead=0.03)
    assert world.pacer.wait(slot, world.now) == pytest.approx(GUARD)
    assert world.pacer.wait(slot, world.now + GUARD) == pytest.approx(0.0)
    assert world.pacer.delay(world.now + 5) is None, "it is the only one"


def test_a_slot_that_is_given_back_before_it_opened_still_follows_the_call_before() -> None:
    world = World(rate=1)
    world.now += 10
    world.call()
    world.now += 1.0
    world.pacer.give_back(world.pacer.take(world.now, lead=0.03))
    with pytest.raises(RuntimeError, match="no slot"):
        world.pacer.take(world.now)
    assert world.pacer.delay(world.now) == pytest.approx(GUARD + 0.5)  # and half a mean interval after what was taken


def test_a_silence_that_begins_when_a_slot_is_taken_already_holds_for_it_too() -> None:
    world = World()
    world.now += 10
    slot = world.take()
    world.pacer.hold(world.now + 7)
    assert world.pacer.wait(slot, world.now) == pytest.approx(7)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.floats(0, 0.03), st.floats(0, GUARD), st.floats(0, 0.05), st.booleans()), min_size=8),
)
def test_no_window_holds_more_when_slots_are_taken_ahead_and_some_are_given_back(
    calls: list[tuple[float, float, float, bool]],
) -> None:
    world = World(rate=3)
    for lead, jitter, stall, made in calls:
        while (delay := world.pacer.delay(world.now)) is None or delay > lead:
            world.now += 0.01 if delay is None else max(delay - lead, 1e-9)
        slot = world.pacer.take(world.now, lead)
        if not made:
            world.pacer.give_back(slot)
            continue
        world.now += stall
        world.now += world.pacer.wait(slot, world.now)
        world.arrivals.append(world.now + jitter)
        world.pacer.stamp(slot, world.now)
    assert most_in_a_second(world.arrivals) <= 3


def test_a_slot_cannot_be_taken_when_none_is_free() -> None:
    with pytest.raises(RuntimeError, match="no slot"):
        Pacer(RATE, GUARD, 0.0).take(0.0)


def test_ninety_seven_percent_of_the_cap_is_used_while_there_is_work() -> None:
    world = World()
    for _ in range(11 * RATE):
        world.call(stall=0.001)
    steady = world.arrivals[-1] - world.arrivals[RATE - 1]
    assert 10 * RATE / steady >= 0.97 * RATE


@settings(max_examples=100)
@given(
    before=st.lists(st.tuples(st.floats(0, 0.3), st.floats(0, GUARD)), min_size=1, max_size=80),
    way=st.floats(0, 2),
    pause=st.floats(0, 0.5),
    rates=st.sampled_from([(30, 30), (30, 10), (10, 30)]),
)
def test_who_inherits_the_ages_of_the_stamps_keeps_the_law_together_with_who_left_them(
    before: list[tuple[float, float]], way: float, pause: float, rates: tuple[int, int]
) -> None:
    """Whatever time the ages need on their way, and even if the two disagree about the rate."""
    first = World(rate=rates[0])
    for stall, jitter in before:
        first.call(stall=stall, jitter=jitter)
    ages = first.pacer.ages(first.now)
    assert ages is not None
    second = World(rate=rates[1])
    second.now, second.arrivals = first.now + way + pause, first.arrivals
    second.pacer.inherit(ages, received_at=first.now + way, now=second.now)
    for _ in range(2 * RATE):
        second.call()
    assert most_in_a_second(second.arrivals) <= max(rates)


def test_who_inherits_goes_on_with_what_is_left_of_the_cap_within_a_guard() -> None:
    first, second = World(), World()
    first.now += 10
    for _ in range(5):
        first.call()
    ages = first.pacer.ages(first.now)
    assert ages is not None
    assert len(ages) == 5
    second.now = first.now
    second.pacer.inherit(ages, second.now, second.now)
    assert second.pacer.delay(second.now) == pytest.approx(GUARD)
    second.now += GUARD
    for _ in range(RATE - 5):
        second.call()
    assert second.now < first.now + 0.5
    assert second.pacer.delay(second.now) == pytest.approx(max(0.0, 1.0 + GUARD - (second.now - first.now) - ages[0]))


def test_a_call_that_is_not_written_yet_cannot_be_bequeathed() -> None:
    world = World()
    world.now += 10
    slot = world.take()
    assert world.pacer.ages(world.now) is None
    world.pacer.stamp(slot, world.now)
    assert world.pacer.ages(world.now + 0.5) == pytest.approx([0.5])
    assert world.pacer.ages(world.now + 1.0 + GUARD) == []
