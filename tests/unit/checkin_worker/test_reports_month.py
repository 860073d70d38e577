"""A month of somebody's attendance: which day a moment belongs to, what each day was, and the sum."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_worker.reports.month import DayOf, Month, Plan, days_of, totals_of
from shared.workday import Calendar, Schedule

BAKU = ZoneInfo("Asia/Baku")
JULY = Month(date(2026, 7, 1))
OFFICE_HOURS = Schedule("default", time(11), time(18))
NIGHTS = Schedule("nights", time(22), time(6), weekdays=frozenset(range(1, 8)))
CALENDAR = Calendar(BAKU, time(4), OFFICE_HOURS)
PLAN = Plan(CALENDAR, JULY)
LATER = datetime(2026, 8, 1, tzinfo=UTC)

schedules = st.builds(
    lambda starts, length, zone: Schedule(
        "any",
        (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=starts)).time(),
        (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=starts + length)).time(),
        weekdays=frozenset(range(1, 8)),
        zone=zone,
    ),
    st.integers(0, 1439),
    st.integers(1, 1439),
    st.sampled_from([None, BAKU, ZoneInfo("Pacific/Auckland"), ZoneInfo("America/Los_Angeles")]),
)
calendars = st.builds(
    lambda default, plan, zone: Calendar(zone, time(4), default, sorted(plan, key=lambda one: one[0])),
    schedules,
    st.lists(st.tuples(st.dates(date(2026, 6, 28), date(2026, 8, 3)), schedules), max_size=3),
    st.sampled_from([BAKU, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")]),
)


def at(day: int, hour: float) -> datetime:
    """An hour of a day of July, in Baku."""
    return datetime(2026, 7, day, tzinfo=BAKU) + timedelta(hours=hour)


def session(day: int, came: float, went: float | None, closed_by: str | None = "tap", **more: object) -> dict[str, Any]:
    return {
        "workday": date(2026, 7, day),
        "start_time": at(day, came),
        "end_time": None if went is None else at(day, went),
        "closed_by": None if went is None else closed_by,
        "boundary": at(day + 1, 4),
        "late_seconds": None,
        "excused": False,
        **more,
    }


def monday(*sessions: dict[str, Any], now: datetime = LATER) -> DayOf:
    """What these sessions make of Monday, the sixth."""
    return days_of(PLAN, sessions, set(), now)[5]


@pytest.mark.parametrize(
    ("name", "days"), [("2026-02", 28), ("2028-02", 29), ("2026-07", 31), ("2026-12", 31), ("2026-11", 30)]
)
def test_a_month_has_its_days(name: str, days: int) -> None:
    month = Month.named(name)
    assert (month.name, len(month.days), month.days[0].day, month.last.day) == (name, days, 1, days)


@pytest.mark.parametrize(
    ("language", "title"),
    [("az", "noyabr 2026"), ("en", "November 2026"), ("ru", "ноябрь 2026"), ("tr", "Kasım 2026")],
)
def test_a_month_has_its_name_in_each_language(language: str, title: str) -> None:
    assert Month.named("2026-11").title(language).startswith(title)


@given(calendars, st.integers(0, 33 * 24 * 60))
def test_a_moment_belongs_to_the_same_day_as_in_the_calendar(calendar: Calendar, minutes: int) -> None:
    moment = datetime(2026, 6, 30, tzinfo=UTC) + timedelta(minutes=minutes)
    plan = Plan(calendar, JULY)
    first, after = plan.bounds
    day = calendar.workday(moment)
    assert (first <= moment < after) == (JULY.first <= day <= JULY.last)
    if first <= moment < after:
        assert plan.workday(moment) == day


def test_days_are_due_by_weekday_holiday_and_exception() -> None:
    calendar = Calendar(BAKU, time(4), OFFICE_HOURS, exceptions={date(2026, 7, 4): False, date(2026, 7, 6): True})
    due = [day.day for day, is_due in zip(JULY.days, Plan(calendar, JULY).due(), strict=True) if is_due]
    assert due[:6] == [1, 2, 3, 4, 7, 8]


def test_days_are_expected_from_the_first_day_at_the_company_until_the_deadline_has_passed() -> None:
    assert PLAN.expected(at(6, 12), at(8, 10.9)) == 1, "came at noon on Monday, and on Wednesday it is not 11 yet"
    assert PLAN.expected(at(6, 10), at(8, 11.1)) == 3
    assert PLAN.expected(at(1, 0), LATER) == 23
    assert PLAN.expected(LATER, LATER) == 0


def test_a_day_is_the_sum_of_its_stays() -> None:
    day = monday(session(6, 9, 12), session(6, 13, 18.5, "correction"))
    assert (day.came, day.worked, day.forgotten, day.here) == (True, timedelta(hours=8.5), False, False)


def test_hours_of_a_forgotten_checkout_are_not_counted() -> None:
    day = monday(session(6, 9, 12), session(6, 13, 28, "boundary"))
    assert (day.worked, day.forgotten) == (timedelta(hours=3), True)


def test_a_session_that_is_open_is_forgotten_once_its_day_is_over() -> None:
    still = monday(session(6, 9, None), now=at(6, 15))
    assert (still.here, still.forgotten, still.worked) == (True, False, timedelta())
    over = monday(session(6, 9, None), now=at(7, 4))
    assert (over.here, over.forgotten, over.worked) == (False, True, timedelta())


def test_a_late_is_the_first_sessions_and_nothing_where_it_is_excused() -> None:
    late = monday(session(6, 11.2, 18, late_seconds=720))
    assert (late.late, late.excused) == (timedelta(minutes=12), False)
    excused = monday(session(6, 11.2, 18, late_seconds=720, excused=True))
    assert (excused.late, excused.excused) == (timedelta(), True)
    on_time = monday(session(6, 9, 18, late_seconds=0, excused=True))
    assert (on_time.late, on_time.excused) == (timedelta(), False)


def test_an_absence_is_none_where_somebody_came_all_the_same() -> None:
    absences = {date(2026, 7, 6), date(2026, 7, 7)}
    days = days_of(PLAN, [session(6, 14, 18)], absences, LATER)
    assert [day.absent for day in days[4:8]] == [False, False, True, False]


def test_the_totals_are_the_sums() -> None:
    sessions = [
        session(6, 9, 18),
        session(7, 11.5, 18, late_seconds=1800),
        session(8, 11.5, 18, late_seconds=1800, excused=True),
        session(9, 9, 28, "boundary"),
    ]
    totals = totals_of(days_of(PLAN, sessions, {date(2026, 7, 10)}, LATER))
    assert (totals.present, totals.worked) == (4, timedelta(hours=22))
    assert (totals.lates, totals.late, totals.excused) == (1, timedelta(minutes=30), 1)
    assert (totals.absences, totals.forgotten) == (1, 1)


def test_a_night_is_due_where_it_begins() -> None:
    plan = Plan(Calendar(BAKU, time(4), NIGHTS), JULY)
    assert plan.workday(at(7, 6.2)) == date(2026, 7, 6)
    assert plan.workday(at(7, 21.9)) == date(2026, 7, 7)
    assert plan.bounds[1] > at(32 - 1, 24 + 6)
