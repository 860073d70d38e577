"""The plan against a simulated run: the sender's own pacer on a stepped clock, call by call."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.plan.costs import WAY
from ops.plan.rush import WINDOW, Cap, Rush
from sender import pacer
from sender.pacer import Pacer
from sender.promptness import ALLOWANCE

BEGIN = 10.0
"""When the first one may come: everything that was used before is free again."""
SPLIT = 1e-6
"""What thousands of additions of seconds may be off."""

caps = st.builds(Cap, rate=st.integers(1, 60), guard=st.floats(0, 1))


def simulated(arrivals: list[float], cap: Cap) -> list[float]:
    """When each of the calls goes, in order; what comes earlier goes earlier."""
    now, one = 0.0, Pacer(cap.rate, cap.guard, 0.0)
    gone = []
    for arrival in arrivals:
        now = max(now, arrival)
        while (delay := one.delay(now)) != 0:
            assert delay is not None
            now += max(delay, 1e-9)
        one.stamp(one.take(now), now)
        gone.append(now)
    return gone


def fluid(arrivals: list[float], pace: float) -> list[float]:
    """When each of them goes from a queue that is served at an even pace."""
    gone, free = [], -math.inf
    for arrival in arrivals:
        now = max(arrival, free)
        gone.append(now)
        free = now + 1 / pace
    return gone


def evenly(people: int, window: float) -> list[float]:
    return [BEGIN + window * number / people for number in range(people)]


def exceeded_by(waits: list[float], share: float) -> float:
    """The smallest wait that this share of all do not exceed."""
    return sorted(waits)[max(math.ceil(share * len(waits)), 1) - 1]


def test_the_window_is_the_one_that_the_pacer_keeps() -> None:
    assert WINDOW == pacer.WINDOW


@settings(max_examples=150, deadline=None)
@given(caps, st.lists(st.one_of(st.just(0.0), st.floats(0, 0.1), st.floats(0, 3)), min_size=1, max_size=200))
def test_however_people_come_each_call_goes_when_the_fluid_says_or_a_little_before(
    cap: Cap, pauses: list[float]
) -> None:
    arrivals = [BEGIN + sum(pauses[: number + 1]) for number in range(len(pauses))]
    for went, said in zip(simulated(arrivals, cap), fluid(arrivals, cap.pace), strict=True):
        assert said - cap.early - SPLIT <= went <= said + SPLIT


@settings(max_examples=150, deadline=None)
@given(caps, st.integers(1, 400), st.one_of(st.just(0.0), st.floats(0, 60)), st.floats(0, 1))
def test_waits_and_the_last_reply_are_those_of_the_simulated_run(
    cap: Cap, people: int, window: float, share: float
) -> None:
    rush, arrivals = Rush(people, window, cap.pace), evenly(people, window)
    gone = simulated(arrivals, cap)
    waits = [went - came for came, went in zip(arrivals, gone, strict=True)]
    room = cap.early + 1 / cap.pace + SPLIT
    assert rush.last_wait - room <= max(waits) <= rush.last_wait + SPLIT
    assert rush.wait(share) - room <= exceeded_by(waits, share) <= rush.wait(share) + SPLIT
    assert rush.over - room - window / people <= gone[-1] - BEGIN <= rush.over + SPLIT


@settings(max_examples=100, deadline=None)
@given(caps, st.integers(1, 400), st.one_of(st.just(0.0), st.floats(0, 60)))
def test_no_more_wait_than_the_plan_says_and_hardly_fewer(cap: Cap, people: int, window: float) -> None:
    rush, arrivals = Rush(people, window, cap.pace), evenly(people, window)
    gone = simulated(arrivals, cap)
    waiting = max(
        number + 1 - sum(went <= came + SPLIT for went in gone[: number + 1]) for number, came in enumerate(arrivals)
    )
    assert rush.most_waiting - cap.early * cap.pace - 1.001 <= waiting <= rush.most_waiting + 1.001


def test_a_thousand_at_once_have_their_replies_after_34_seconds() -> None:
    cap = Cap(30, 0.025)
    gone = simulated(evenly(1000, 0), cap)
    assert gone[-1] - BEGIN == pytest.approx(33.975, abs=1e-3)
    assert Rush(1000, 0, cap.pace).over == pytest.approx(34.167, abs=1e-3)
    assert cap.early == pytest.approx(0.5075)


def test_who_comes_no_faster_than_the_cap_waits_for_nobody() -> None:
    cap = Cap(30, 0.025)
    assert Rush(1000, 34.2, cap.pace).last_wait == 0
    assert Rush(1000, 34.1, cap.pace).last_wait > 0


def test_who_comes_by_chance_waits_seldom_for_more_than_twice_the_root_of_all() -> None:
    """At the very pace of the cap, which is the worst; 99 mornings of 100 by Kuiper's limit, 2.001."""
    chance, people, pace = random.Random(8), 1000, Cap(30, 0.025).pace  # noqa: S311 - no secret: repeatable mornings
    more = 0
    for _ in range(200):
        arrivals = sorted(chance.uniform(0, people / pace) for _ in range(people))
        longest = max(went - came for came, went in zip(arrivals, fluid(arrivals, pace), strict=True))
        more += longest * pace > 2.001 * math.sqrt(people)
    assert more <= 6


def test_the_more_come_and_the_faster_the_longer_they_wait() -> None:
    pace = Cap(30, 0.025).pace
    for fewer, many in pairwise(range(100, 2000, 100)):
        assert Rush(fewer, 10, pace).last_wait <= Rush(many, 10, pace).last_wait
        assert Rush(many, 20, pace).last_wait <= Rush(many, 10, pace).last_wait


def test_a_plan_allows_a_reply_what_the_sender_calls_in_time() -> None:
    """Else a morning as planned would be an alert."""
    assert WAY.value == ALLOWANCE
    assert 1 / Cap(30, 0.025).pace == pytest.approx(Pacer(30, 0.025, 0.0).pace)
