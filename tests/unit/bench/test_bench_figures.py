import math
from collections.abc import Sequence

import pytest

from bench.figures import Burst, Figures, burst_of, steady_rate, waits_of
from bench.table import markdown, table
from bench.workload import Size
from simulator.ledger import Call, Outcome
from simulator.windows import most_in_window


def call(chat: int, arrived: float, text: str = "reply", method: str = "sendMessage", status: int = 200) -> Call:
    outcome = Outcome.OK if status == 200 else Outcome.REFUSED
    return Call(arrived, arrived, method, chat, {"text": text}, outcome, status)


def figures(waits: Sequence[float] = (), throughput: float | None = None, address: float | None = None) -> Figures:
    burst = Burst(checkins=300, calls=300, last_reply=10.0, last_address=address)
    return Figures(burst, throughput, most_in_one_second=30, refused=0, waits=waits, cpu=0.0025)


def cells(one: Figures) -> dict[str, str]:
    return {row[0]: row[1] for row in table({"one": one})[1:]}


def test_whoever_sends_thirty_at_once_and_pauses_has_the_rate_of_its_rounds() -> None:
    assert steady_rate(1.025 * round_ for round_ in range(10) for _ in range(30)) == pytest.approx(30 / 1.025)


def test_whoever_sends_evenly_has_the_same_rate() -> None:
    assert steady_rate(number * 1.025 / 30 for number in range(300)) == pytest.approx(30 / 1.025)


@pytest.mark.parametrize("rhythm", [[0.0] * 30, [number / 32 for number in range(30)], [0.75] * 29 + [0.875]])
def test_whoever_keeps_the_cap_is_never_said_to_be_faster(rhythm: list[float]) -> None:
    stamps = [second + part for second in range(9) for part in rhythm][:257]
    assert most_in_window(stamps) == 30
    assert (steady_rate(stamps) or math.inf) <= 30 + 1e-9


def test_too_few_calls_have_no_rate() -> None:
    assert steady_rate(number / 30 for number in range(90)) is None


def test_a_reply_that_never_arrived_waits_for_ever() -> None:
    calls = [call(1, 10.5), call(1, 12.0), call(2, 11.0, status=429), call(7, 10.0)]
    assert waits_of(calls, {1: 10.0, 2: 10.0}) == [0.5, math.inf]


def test_the_last_address_is_that_of_the_edit_that_came_last() -> None:
    calls = [call(1, 10.0), call(2, 11.0, "Bakı"), call(1, 13.0, "Bakı", "editMessageText")]
    assert burst_of(calls, 9.0, 2, "Bakı") == Burst(checkins=2, calls=3, last_reply=2.0, last_address=4.0)


def test_check_ins_of_which_one_has_no_address_have_no_last_address() -> None:
    calls = [call(1, 10.0), call(2, 11.0, "Bakı"), call(1, 13.0, "Bakı", "editMessageText", status=429)]
    assert burst_of(calls, 9.0, 2, "Bakı") == Burst(checkins=2, calls=3, last_reply=2.0, last_address=None)


def test_what_the_cap_bounds_has_its_ratio_beside_it() -> None:
    told = cells(figures(throughput=29.1, address=10.25))
    assert told["calls a second"] == "29.10 (97.0%)"
    assert told["most in any 1.0 s"] == "30 (1.00 x)"
    assert told["last reply"] == "10.0 s (1.00 x)"
    assert told["last address"] == "10.2 s (1.02 x)"


def test_what_was_not_reached_is_said_and_not_left_out() -> None:
    told = cells(figures(waits=[0.1, math.inf]))
    assert told["reply's wait, p50"] == "0.100 s"
    assert told["reply's wait, p99"] == "> 20 s"
    assert told["last address"] == "not all"


def test_every_row_has_a_cell_for_everybody() -> None:
    lines = markdown(table({"one": figures(), "two": figures()})).splitlines()
    assert {line.count("|") for line in lines} == {4}


def test_bulk_waits_for_longer_than_replies_come_even_at_the_whole_cap() -> None:
    for checkins in (60, 300, 1000):
        size = Size.of(checkins)
        assert size.bulk / 30 > size.replies / 4 + 20
