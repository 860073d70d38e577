"""A reply is late when its place in the queue does not explain how long it took."""

import pytest

from sender.pacer import Pacer
from sender.promptness import ALLOWANCE, REMEMBERED, Promptness

PACE = Pacer(30, 0.025, 0.0).pace


@pytest.fixture
def promptness() -> Promptness:
    fresh = Promptness(PACE)
    fresh.restart(0.0)
    return fresh


def test_the_pace_is_what_the_cap_gives_with_its_guard() -> None:
    assert pytest.approx(1.025 / 30) == PACE


def test_the_thousandth_of_a_crowd_may_wait_for_those_before_it(promptness: Promptness) -> None:
    for number in range(1, 1001):
        promptness.goes(100 + number * PACE)
    assert not promptness.late(100.0, 100 + 1000 * PACE + 0.4)
    assert promptness.late(100.0, 100 + 1000 * PACE + 0.6)


def test_a_reply_with_nobody_before_it_has_half_a_second(promptness: Promptness) -> None:
    promptness.goes(200.3)
    assert not promptness.late(200.0, 200.0 + ALLOWANCE)
    assert promptness.late(200.0, 200.0 + ALLOWANCE + 2 * PACE)


def test_what_went_out_before_it_came_explains_nothing(promptness: Promptness) -> None:
    for number in range(300):
        promptness.goes(100 + number * PACE)
    promptness.goes(121.0)
    assert promptness.late(120.0, 121.0)


def test_of_a_reply_asked_for_before_a_takeover_only_the_time_since_counts(promptness: Promptness) -> None:
    promptness.restart(130.0)
    promptness.goes(130.3)
    assert not promptness.late(100.0, 130.4)
    assert promptness.late(100.0, 131.0)


def test_what_is_remembered_is_bounded_and_what_is_forgotten_makes_nobody_late(promptness: Promptness) -> None:
    for number in range(2 * REMEMBERED):
        promptness.goes(number * PACE)
    assert not promptness.late(0.0, 2 * REMEMBERED * PACE)
    assert promptness.late(0.0, 2 * REMEMBERED * PACE + 1.0)
