"""When a check-in is said to cost too much beside many sessions, and what bursts take in simulated time."""

import pytest

from bench.backlog import Handled
from bench.bursts import burst
from bench.past import PEOPLE
from bench.scaling import CHECKINS, DAYS, ROUNDS, WORKERS
from bench.scaling_page import Past, failures, past_rows
from bench.statements import Statements
from ops.plan.rush import Cap


def past(sessions: int, milliseconds: float) -> Past:
    """A hundred check-ins for which PostgreSQL worked so long in all."""
    return Past(sessions, Statements(milliseconds / 4, 800, 4000), Handled(100, 0.5, 0.0, milliseconds / 1000))


def test_a_tenth_more_is_flat_and_more_is_not() -> None:
    few = past(10_000, 100.0)
    assert failures([few, past(1_000_000, 90.0), past(10_000_000, 110.0)]) == []
    (failure,) = failures([few, past(1_000_000, 109.0), past(10_000_000, 111.0)])
    assert failure.startswith("beside 10,000,000 sessions a check-in takes 1.11 ms, 1.11 times")


def test_figures_are_those_of_one_check_in() -> None:
    rows = past_rows([past(10_000, 100.0), past(20_000, 150.0)])
    assert rows[2] == (
        *("20,000", "1.50 ms (1.50 x)", "0.00 ms", "1.50 ms"),
        *("0.375 ms (1.50 x)", "40 (1.00 x)", "8.0", "200"),
    )


def test_what_a_check_in_costs_is_the_time_of_the_worker_and_of_postgresql() -> None:
    assert Past(10_000, Statements(5.0, 800, 4000), Handled(100, 0.5, 0.3, 0.1)).cost == pytest.approx(4.0)


def test_nobody_checks_in_twice() -> None:
    assert (len(WORKERS) + len(DAYS) * ROUNDS) * CHECKINS <= PEOPLE


@pytest.mark.parametrize("people", [30, 1000, 3000])
def test_a_simulated_burst_is_over_when_the_plan_says(people: int) -> None:
    cap = Cap(30, 0.025)
    seen = burst(people, cap)
    assert seen.said - cap.early - 1 / cap.pace <= seen.last <= seen.said + 1e-6
    assert seen.half == pytest.approx(seen.last / 2, abs=cap.early + 1)
