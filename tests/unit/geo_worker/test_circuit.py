"""When a failing geocoder is left alone, and when it is tried again."""

import pytest

from geo_worker.circuit import FAILURES, PAUSES, CircuitBreaker
from shared.contracts import Circuit


def state(circuit: CircuitBreaker) -> Circuit:
    """Its state now; a function, for mypy takes an attribute for what it was a line before."""
    return circuit.state


def opened(at: float = 0.0) -> CircuitBreaker:
    """A circuit that has just opened."""
    circuit = CircuitBreaker()
    for _ in range(FAILURES):
        circuit.failed(at)
    return circuit


def test_it_opens_after_so_many_failures_in_a_row_and_not_before() -> None:
    circuit = CircuitBreaker()
    for _ in range(FAILURES - 1):
        circuit.failed(0.0)
    assert state(circuit) == "closed"
    circuit.succeeded()
    for _ in range(FAILURES - 1):
        circuit.failed(0.0)
    assert circuit.lets_through(0.0)
    circuit.failed(0.0)
    assert state(circuit) == "open"
    assert not circuit.lets_through(0.0)


def test_after_the_pause_one_request_probes_and_the_others_wait() -> None:
    circuit = opened()
    tries_at = circuit.tries_at()
    assert tries_at is not None
    assert PAUSES[0] * 0.8 <= tries_at <= PAUSES[0] * 1.2
    assert circuit.lets_through(tries_at)
    assert circuit.asked()
    assert state(circuit) == "probing"
    assert not circuit.lets_through(tries_at + 100)
    circuit.succeeded()
    assert state(circuit) == "closed"
    assert circuit.lets_through(tries_at)
    assert not circuit.asked()


def test_a_probe_that_fails_opens_it_for_the_next_pause_and_the_last_pause_is_for_ever() -> None:
    circuit, now = opened(), 0.0
    for pause in (*PAUSES, PAUSES[-1], PAUSES[-1]):
        tries_at = circuit.tries_at()
        assert tries_at is not None
        assert pause * 0.8 <= tries_at - now <= pause * 1.2
        now = tries_at
        assert circuit.asked()
        circuit.failed(now, probe=True)
        assert state(circuit) == "open"
    circuit.asked()
    circuit.succeeded()
    assert opened().tries_at() is not None


def test_a_probe_that_nobody_answers_for_leaves_it_to_the_next() -> None:
    circuit = opened()
    tries_at = circuit.tries_at() or 0.0
    circuit.asked()
    circuit.let_be()
    assert circuit.lets_through(tries_at)


@pytest.mark.parametrize("seconds", [7.0, 90.0, 3600.0])
def test_retry_after_opens_it_at_once_and_is_the_least_it_lasts(seconds: float) -> None:
    circuit = CircuitBreaker()
    circuit.failed(10.0, seconds)
    assert not circuit.lets_through(10.0 + seconds - 0.001)
    tries_at = circuit.tries_at() or 0.0
    assert circuit.lets_through(tries_at)
    assert tries_at - 10.0 == pytest.approx(max(seconds, tries_at - 10.0))


def test_what_was_asked_before_it_opened_counts_neither_as_a_probe_nor_against_its_pause() -> None:
    circuit = opened()
    tries_at = circuit.tries_at() or 0.0
    circuit.failed(1.0)
    assert circuit.tries_at() == tries_at
    circuit.failed(1.0, 60.0)
    assert circuit.tries_at() == 61.0
    circuit.succeeded()
    assert state(circuit) == "closed"
