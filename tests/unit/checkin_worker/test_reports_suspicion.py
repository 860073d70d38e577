"""Speeds at which nobody travels."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_worker.suspicion import FASTEST_KMH, NOISE_M, Spot, impossible_speed, speed_kmh

NINE = datetime(2026, 7, 6, 5, 0, tzinfo=UTC)
BAKU, SUMQAYIT, GANJA = (40.3717, 49.8505), (40.5855, 49.6317), (40.6828, 46.3606)

spots = st.builds(
    Spot,
    st.datetimes(timezones=st.just(UTC)),
    st.floats(-90, 90),
    st.floats(-180, 180),
)


def spot(point: tuple[float, float], **later: float) -> Spot:
    return Spot(NINE + timedelta(**later), *point)


def test_an_hour_to_sumqayit_is_a_drive_and_ganja_in_an_hour_is_not() -> None:
    assert speed_kmh(spot(BAKU), spot(SUMQAYIT, hours=1)) == pytest.approx(30, abs=1)
    assert impossible_speed(spot(BAKU), spot(SUMQAYIT, hours=1)) is None
    assert impossible_speed(spot(BAKU), spot(GANJA, hours=1)) == pytest.approx(297, abs=2)


def test_whoever_has_the_time_may_be_anywhere() -> None:
    assert impossible_speed(spot(BAKU), spot(GANJA, hours=4)) is None
    assert impossible_speed(spot(BAKU), spot((-40.0, -130.0), days=4)) is None


def test_a_fix_that_jumps_within_its_error_says_nothing_however_quickly() -> None:
    near = (BAKU[0] + NOISE_M / 111_320 * 0.99, BAKU[1])
    far = (BAKU[0] + NOISE_M / 111_320 * 1.02, BAKU[1])
    assert impossible_speed(spot(BAKU), spot(near, seconds=1)) is None
    assert impossible_speed(spot(BAKU), spot(far, seconds=1)) is not None


def test_two_places_in_the_same_second_are_taken_to_be_a_second_apart() -> None:
    assert speed_kmh(spot(BAKU), spot(SUMQAYIT)) == speed_kmh(spot(BAKU), spot(SUMQAYIT, seconds=1))


@given(spots, spots)
def test_the_order_of_two_places_says_nothing(one: Spot, other: Spot) -> None:
    assert impossible_speed(one, other) == impossible_speed(other, one)


@given(spots, spots)
def test_what_is_told_is_a_speed_above_the_bound(one: Spot, other: Spot) -> None:
    speed = impossible_speed(one, other)
    assert speed is None or speed > FASTEST_KMH
    assert impossible_speed(one, one) is None
