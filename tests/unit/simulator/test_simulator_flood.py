import random

from hypothesis import given
from hypothesis import strategies as st

from simulator.botapi.flood import Bucket, Flood, FloodLimits, SlidingWindow
from simulator.windows import most_in_window

PERSON, GROUP = 7, -7


def test_the_31st_call_within_a_second_is_refused_with_retry_after() -> None:
    flood = Flood(FloodLimits())
    assert [flood.overall(now=10.0 + number / 100) for number in range(30)] == [0] * 30
    assert flood.overall(now=10.9) == 1


def test_the_31st_call_exactly_a_second_after_the_first_passes() -> None:
    flood = Flood(FloodLimits())
    for _ in range(30):
        flood.overall(now=10.0)
    assert flood.overall(now=11.0) == 0


@given(st.lists(st.integers(0, 4000).map(lambda ms: ms / 1000), max_size=150).map(sorted))
def test_what_passes_never_exceeds_the_limit_in_any_second(arrivals: list[float]) -> None:
    window = SlidingWindow(limit=30, width=1.0)
    assert most_in_window([at for at in arrivals if window.arrive(at) == 0]) <= 30


@given(st.lists(st.integers(0, 4000).map(lambda ms: ms / 1000), max_size=150), st.randoms())
def test_in_whatever_order_calls_are_looked_at_those_within_the_limit_pass(
    arrivals: list[float], chance: random.Random
) -> None:
    lawful: list[float] = []
    for at in sorted(arrivals):
        if most_in_window([*lawful, at]) <= 3:
            lawful.append(at)
    chance.shuffle(lawful)
    window = SlidingWindow(limit=3, width=1.0)
    assert [window.arrive(at) for at in lawful] == [0] * len(lawful)


def test_a_private_chat_takes_a_short_burst_and_then_one_a_second() -> None:
    flood = Flood(FloodLimits())
    assert [flood.chat(PERSON, now=0.0) for _ in range(4)] == [0, 0, 0, 1]
    assert flood.chat(PERSON, now=1.0) == 0
    assert flood.chat(PERSON, now=1.5) == 1


def test_chats_do_not_share_a_limit() -> None:
    flood = Flood(FloodLimits(chat_burst=1))
    assert flood.chat(1, now=0.0) == 0
    assert flood.chat(2, now=0.0) == 0


def test_a_group_takes_twenty_a_minute() -> None:
    flood = Flood(FloodLimits())
    assert [flood.chat(GROUP, now=float(second)) for second in range(20)] == [0] * 20
    assert flood.chat(GROUP, now=20.0) == 41
    assert flood.chat(GROUP, now=80.0) == 0


def test_what_a_bucket_refuses_costs_nothing() -> None:
    bucket = Bucket(rate=1.0, burst=1)
    assert bucket.arrive(0.0) == 0
    assert bucket.arrive(0.25) == 0.75
    assert bucket.arrive(1.0) == 0
