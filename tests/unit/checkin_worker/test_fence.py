"""The fence: inside, outside, or not to be told apart."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_worker.fence import UNKNOWN_ACCURACY_M, Fence, Office, distance_m, sighting

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of the mean radius."""
BAKU = ZoneInfo("Asia/Baku")
HEAD = Office(1, "Baş ofis", 40.3777, 49.8920, 150, BAKU)
PORT = Office(2, "Liman", 40.3277, 49.8920, 400, BAKU)


def north_of(office: Office, metres: float) -> tuple[float, float]:
    return office.latitude + metres / METRES_PER_DEGREE, office.longitude


@pytest.mark.parametrize(
    ("metres", "accuracy", "fence"),
    [
        (0, 10, Fence.INSIDE),
        (139, 10, Fence.INSIDE),
        (145, 10, Fence.UNCERTAIN),
        (155, 10, Fence.UNCERTAIN),
        (165, 10, Fence.OUTSIDE),
        (0, 1500, Fence.UNCERTAIN),  # a fix of the whole quarter proves nothing
        (1400, 1500, Fence.UNCERTAIN),
        (150 - UNKNOWN_ACCURACY_M - 1, None, Fence.INSIDE),
        (150 + UNKNOWN_ACCURACY_M - 1, None, Fence.UNCERTAIN),
        (150 + UNKNOWN_ACCURACY_M + 1, None, Fence.OUTSIDE),
    ],
)
def test_radius_and_accuracy_decide_between_three_answers(metres: float, accuracy: float | None, fence: Fence) -> None:
    seen = sighting([HEAD], *north_of(HEAD, metres), accuracy)
    assert seen is not None
    assert seen.fence is fence
    assert seen.distance_m == pytest.approx(metres, abs=1)


def test_of_several_offices_the_one_that_it_is_surely_inside_counts() -> None:
    seen = sighting([HEAD, PORT], *north_of(PORT, 300), 20)
    assert seen is not None
    assert (seen.office, seen.fence) == (PORT, Fence.INSIDE)


def test_outside_of_all_the_nearest_fence_is_named() -> None:
    seen = sighting([PORT, HEAD], *north_of(HEAD, 500), 20)
    assert seen is not None
    assert (seen.office, seen.fence) == (HEAD, Fence.OUTSIDE)


def test_where_there_are_no_offices_there_is_no_fence() -> None:
    assert sighting([], 40.0, 49.0, 5.0) is None


def test_a_distance_that_is_known_is_found() -> None:
    """Baku to Ganja, as the crow flies."""
    assert distance_m(40.4093, 49.8671, 40.6828, 46.3606) == pytest.approx(298_000, rel=0.01)


points = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(points, points)
def test_distances_are_the_same_both_ways_and_never_beyond_half_the_earth(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    there, back = distance_m(*one, *other), distance_m(*other, *one)
    assert there == pytest.approx(back, abs=0.01)
    assert 0 <= there <= 20_015_120
