"""Working days: which day a moment belongs to, and when a shift of it is due."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.workday import Calendar, Schedule, is_holiday

BAKU = ZoneInfo("Asia/Baku")
OFFICE = Schedule("office", time(9), time(18), timedelta(minutes=10))
NIGHT = Schedule("night", time(22), time(6))
DAWN = Schedule("dawn", time(3), time(11))
MONDAY = date(2026, 7, 6)


def calendar(schedule: Schedule = OFFICE, *, zone: ZoneInfo = BAKU) -> Calendar:
    return Calendar(zone, time(4), schedule)


def local(day: date, clock: str, zone: ZoneInfo = BAKU) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone)


@pytest.mark.parametrize(
    ("moment", "workday"),
    [
        ("2026-11-23T23:59:59+00:00", date(2026, 11, 23)),  # 03:59:59 in Baku
        ("2026-11-24T00:00:00+00:00", date(2026, 11, 24)),  # 04:00:00 in Baku
        ("2026-11-23T20:30:00+00:00", date(2026, 11, 23)),  # after midnight in Baku
    ],
)
def test_the_working_day_ends_at_the_boundary_in_its_own_zone(moment: str, workday: date) -> None:
    assert calendar().workday(datetime.fromisoformat(moment)) == workday


@pytest.mark.parametrize(
    ("clock", "day"),
    [("13:59", -1), ("14:00", 0), ("21:55", 0), ("23:59", 0), ("04:00", -1), ("06:10", -1)],
)
def test_a_night_shift_belongs_to_the_day_on_which_it_starts(clock: str, day: int) -> None:
    """From 22:00 to 06:00; the rest from 06:00 to 22:00 is parted in its middle, at 14:00."""
    assert calendar(NIGHT).workday(local(MONDAY, clock)) == MONDAY + timedelta(days=day)


def test_a_shift_that_starts_before_the_boundary_belongs_to_its_own_date_all_the_same() -> None:
    """From 03:00 to 11:00; the day begins at 19:00 the evening before."""
    assert calendar(DAWN).workday(local(MONDAY, "02:50")) == MONDAY
    assert calendar(DAWN).begins(MONDAY) == local(MONDAY - timedelta(days=1), "19:00")


def test_a_night_shift_ends_on_the_next_day() -> None:
    shift = calendar(NIGHT).shift(MONDAY)
    assert shift is not None
    assert (shift.starts, shift.ends) == (local(MONDAY, "22:00"), local(MONDAY + timedelta(days=1), "06:00"))


def test_within_the_grace_nobody_is_late_and_after_it_all_of_it_counts() -> None:
    shift = calendar().shift(MONDAY)
    assert shift is not None
    assert shift.late(local(MONDAY, "09:10")) == timedelta()
    assert shift.late(local(MONDAY, "09:10:01")) == timedelta(minutes=10, seconds=1)
    assert shift.late(local(MONDAY, "08:00")) == timedelta()


def test_weekends_and_public_holidays_are_off() -> None:
    due = [day for day in range(1, 32) if calendar().due(date(2026, 5, day))]
    off = {2, 3, 9, 10, 11, 16, 17, 23, 24, 27, 28, 29, 30, 31}
    # 9 May is Victory Day, a Saturday moved to Monday the 11th; Eid al-Adha is on the 27th and, with the
    # Republic's day on the 28th, moved to the 29th.
    assert set(range(1, 32)) - set(due) == off
    assert is_holiday("AZ", date(2026, 5, 28))
    assert not is_holiday(None, date(2026, 5, 28))


def test_the_company_overrides_the_calendar_both_ways() -> None:
    independence, ordinary = date(2026, 5, 28), date(2026, 7, 7)
    own = Calendar(BAKU, time(4), OFFICE, exceptions={independence: False, ordinary: True})
    assert own.shift(independence) is not None
    assert own.shift(ordinary) is None


def test_a_schedule_holds_from_its_first_day_until_the_next_one() -> None:
    plan = [(MONDAY, NIGHT), (MONDAY + timedelta(days=2), DAWN)]
    own = Calendar(BAKU, time(4), OFFICE, plan)
    held = [own.schedule(MONDAY + timedelta(days=day)).name for day in range(-1, 4)]
    assert held == ["office", "night", "night", "dawn", "dawn"]


def test_the_hours_of_a_shift_are_those_of_the_place_where_the_person_is() -> None:
    shift = calendar().shift(MONDAY, ZoneInfo("Europe/Istanbul"))
    assert shift is not None
    assert shift.starts == datetime(2026, 7, 6, 6, 0, tzinfo=UTC)


def test_a_shift_keeps_its_clock_when_the_clocks_change() -> None:
    """In Berlin on 25 October 2026 the hour from 02:00 to 03:00 comes twice."""
    berlin = calendar(NIGHT, zone=ZoneInfo("Europe/Berlin")).shift(date(2026, 10, 23))
    assert berlin is not None
    spans = [calendar(NIGHT, zone=ZoneInfo("Europe/Berlin")).begins(date(2026, 10, day)) for day in (24, 25, 26)]
    assert [round((later - one).total_seconds() / 3600) for one, later in itertools.pairwise(spans)] == [
        25,
        24,
    ]


schedules = st.builds(
    Schedule,
    st.just("any"),
    st.times().map(lambda clock: clock.replace(microsecond=0)),
    st.times().map(lambda clock: clock.replace(microsecond=0)),
    country=st.none(),
    zone=st.none() | st.sampled_from([ZoneInfo("Europe/Istanbul"), ZoneInfo("America/Los_Angeles")]),
).filter(lambda schedule: schedule.starts != schedule.ends)
moments = st.integers(1_700_000_000, 1_900_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
zones = st.sampled_from([BAKU, ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland")])


@given(moments, zones, schedules, st.lists(st.tuples(st.integers(-3, 3), schedules), max_size=3))
def test_a_moment_lies_within_the_bounds_of_its_working_day_whatever_the_schedules(
    moment: datetime, zone: ZoneInfo, default: Schedule, changes: list[tuple[int, Schedule]]
) -> None:
    near = moment.date()
    plan = sorted(((near + timedelta(days=day), schedule) for day, schedule in changes), key=lambda pair: pair[0])
    own = Calendar(zone, time(4), default, plan)
    first, after = own.bounds(own.workday(moment))
    assert first <= moment < after


@given(moments, zones, schedules)
def test_a_shift_lies_within_its_working_day(moment: datetime, zone: ZoneInfo, schedule: Schedule) -> None:
    own = Calendar(zone, time(4), schedule)
    workday = own.workday(moment)
    shift = own.shift(workday)
    first, after = own.bounds(workday)
    if shift is not None:
        assert first <= shift.starts < shift.ends
        assert shift.ends <= after + timedelta(hours=1)  # the hour that a change of clocks takes away
