"""Which crews are due on which days, without a database."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ops.due import DEFAULT, Company, days_around
from shared.settings import WorkdaySettings
from shared.workday import Schedule

MONDAY = date(2026, 7, 6)
NIGHT = Schedule("night", time(22), time(6), timedelta(minutes=10), country=None)
EVERY_DAY = Schedule("every day", time(9), time(18), weekdays=frozenset(range(1, 8)), country="AZ")


def company(exceptions: dict[date, bool] | None = None, zones: tuple[str, ...] = ("Asia/Baku",)) -> Company:
    settings = WorkdaySettings()
    return Company(settings, {DEFAULT: settings.schedule, 1: NIGHT, 2: EVERY_DAY}, exceptions or {}, zones)


def due(day: date, exceptions: dict[date, bool] | None = None) -> set[int]:
    return {crew.schedule_id for crew in company(exceptions).crews([day])}


def test_a_crew_is_due_on_the_weekdays_of_its_schedule() -> None:
    assert due(MONDAY) == {DEFAULT, 1, 2}
    assert due(date(2026, 7, 5)) == {2}, "a Sunday"


def test_nobody_is_due_on_a_public_holiday_of_the_schedules_country() -> None:
    assert due(date(2026, 1, 1)) == {1}, "New Year's Day, a Thursday: the night shift observes none"


def test_the_companys_exceptions_come_before_the_calendar() -> None:
    assert due(MONDAY, {MONDAY: True}) == set()
    assert due(date(2026, 7, 5), {date(2026, 7, 5): False}) == {DEFAULT, 1, 2}
    assert due(date(2026, 1, 1), {date(2026, 1, 1): False}) == {DEFAULT, 1, 2}


def test_a_night_shift_is_of_the_day_on_which_it_begins() -> None:
    [crew] = [crew for crew in company().crews([MONDAY]) if crew.schedule_id == 1]
    assert crew.shift.starts == datetime(2026, 7, 6, 18, 0, tzinfo=UTC)
    assert crew.shift.deadline == datetime(2026, 7, 6, 18, 10, tzinfo=UTC)
    assert crew.shift.ends == datetime(2026, 7, 7, 2, 0, tzinfo=UTC)
    assert crew.clock(crew.shift.ends) == "06:00"


def test_each_zone_has_crews_on_its_own_clock() -> None:
    crews = [
        crew for crew in company(zones=("Asia/Baku", "Europe/Istanbul")).crews([MONDAY]) if crew.schedule_id == DEFAULT
    ]
    assert {crew.zone: crew.shift.deadline.astimezone(ZoneInfo("UTC")).hour for crew in crews} == {
        "Asia/Baku": 7,
        "Europe/Istanbul": 8,
    }


def test_the_days_around_a_moment_hold_every_shift_that_began_not_long_ago_wherever_on_earth() -> None:
    now = datetime(2026, 7, 6, 0, 30, tzinfo=UTC)
    zones = ("Pacific/Kiritimati", "Etc/GMT+12")
    for back in (1, 2):
        days = days_around(now, back)
        shifts = [crew.shift for crew in company(zones=zones).crews([min(days) - timedelta(days=n) for n in (1, 2)])]
        assert all(shift.deadline < now - timedelta(days=back) for shift in shifts)
        assert date(2026, 7, 7) in days
