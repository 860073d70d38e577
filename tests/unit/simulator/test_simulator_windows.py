from hypothesis import given
from hypothesis import strategies as st

from simulator.windows import drain_ratio, most_in_window, per_second, percentile

stamps = st.lists(st.integers(0, 5000).map(lambda ms: ms / 1000), max_size=80)


@given(stamps)
def test_the_busiest_window_is_found_wherever_it_begins(arrivals: list[float]) -> None:
    by_hand = max((sum(begin <= stamp and stamp - begin < 1.0 for stamp in arrivals) for begin in arrivals), default=0)
    assert most_in_window(arrivals) == by_hand


@given(stamps, st.randoms())
def test_the_order_of_stamps_does_not_matter(arrivals: list[float], chance: object) -> None:
    shuffled = list(arrivals)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    assert most_in_window(shuffled) == most_in_window(arrivals)


def test_two_stamps_exactly_one_second_apart_share_no_window() -> None:
    assert most_in_window([5.0, 6.0]) == 1
    assert most_in_window([5.0, 5.999]) == 2


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_value_that_so_many_percent_do_not_exceed(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values)
    assert sum(value < found for value in values) < percent / 100 * len(values)


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 99) is None


def test_a_drain_at_exactly_the_rate_has_ratio_one() -> None:
    assert drain_ratio(100.0, 110.0, calls=300) == 1.0
    assert drain_ratio(0.0, 0.0, calls=0) is None


@given(stamps)
def test_calls_per_second_add_up_to_all_calls(arrivals: list[float]) -> None:
    assert sum(per_second(arrivals, begin=0.0, end=5.0)) == len(arrivals)
