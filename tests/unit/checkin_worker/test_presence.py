"""Who is due now: the working day of each kind of people at one moment, as the roll and the absences take it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest

from checkin_worker.presence import Company, Crew, company, crews, since
from shared.settings import WorkdaySettings

BAKU = ZoneInfo("Asia/Baku")
DAY = [1, "day", "09:00:00", "18:00:00", 10, [1, 2, 3, 4, 5], "AZ", None]
NIGHT = [2, "night", "22:00:00", "06:00:00", 0, [1, 2, 3, 4, 5, 6, 7], None, None]
LONDON = [3, "london", "09:00:00", "17:00:00", 0, [1, 2, 3, 4, 5], None, "Europe/London"]
MONDAY = date(2026, 7, 6)


def rules(exceptions: Mapping[str, bool] | None = None) -> Company:
    schedules = orjson.dumps([DAY, NIGHT, LONDON]).decode()
    days = orjson.dumps(exceptions or {}).decode()
    return company(schedules, days, WorkdaySettings())


def pattern(zone: str | None = None, *plan: tuple[str, int]) -> str:
    return orjson.dumps([zone, plan or None]).decode()


def crew_at(moment: datetime, kind: str, exceptions: Mapping[str, bool] | None = None) -> Crew:
    (crew,) = crews({kind: [7]}, rules(exceptions), moment)
    return crew


def at(clock: str, day: date = MONDAY, zone: ZoneInfo = BAKU) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def test_who_has_no_schedule_and_no_office_is_due_as_the_company_is() -> None:
    crew = crew_at(at("10:00"), pattern())
    assert crew.workday == MONDAY
    assert crew.shift is not None
    assert crew.shift.deadline == at("11:00")


def test_a_schedule_with_grace_has_its_deadline_after_its_start() -> None:
    crew = crew_at(at("10:00"), pattern(None, ("2026-01-01", 1)))
    assert crew.shift is not None
    assert (crew.shift.starts, crew.shift.deadline) == (at("09:00"), at("09:10"))


def test_the_zone_of_the_first_office_is_the_persons_clock() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    crew = crew_at(at("02:00"), pattern("Asia/Tokyo"))
    assert crew.shift is not None
    assert crew.shift.deadline == at("11:00", zone=tokyo)
    assert crew.calendar.zone == tokyo


def test_a_schedule_with_a_zone_of_its_own_wins_over_the_office() -> None:
    crew = crew_at(at("12:00"), pattern("Asia/Tokyo", ("2026-01-01", 3)))
    assert crew.shift is not None
    assert crew.shift.starts == at("09:00", zone=ZoneInfo("Europe/London"))


@pytest.mark.parametrize(("clock", "day", "workday"), [
    ("23:00", MONDAY, MONDAY),
    ("05:00", MONDAY + timedelta(1), MONDAY),
    ("13:59", MONDAY + timedelta(1), MONDAY),
    ("14:00", MONDAY + timedelta(1), MONDAY + timedelta(1)),
])  # fmt: skip
def test_a_night_shift_is_of_the_day_on_which_it_began(clock: str, day: date, workday: date) -> None:
    assert crew_at(at(clock, day), pattern(None, ("2026-01-01", 2))).workday == workday


@pytest.mark.parametrize("day", [date(2026, 7, 4), date(2026, 3, 20)], ids=["a Saturday", "Novruz"])
def test_nothing_is_due_on_a_day_off(day: date) -> None:
    assert crew_at(at("12:00", day), pattern()).shift is None


def test_the_companys_exceptions_make_a_day_off_and_a_working_day() -> None:
    exceptions = {"2026-07-06": True, "2026-07-04": False}
    assert crew_at(at("12:00"), pattern(), exceptions).shift is None
    assert crew_at(at("12:00", date(2026, 7, 4)), pattern(), exceptions).shift is not None


def test_a_schedule_holds_from_its_first_day() -> None:
    kind = pattern(None, ("2026-07-03", 1), ("2026-07-07", 2))
    monday, tuesday = (crew_at(at("23:30", day), kind) for day in (MONDAY, MONDAY + timedelta(1)))
    assert monday.shift is not None
    assert monday.shift.starts == at("09:00")
    assert tuesday.shift is not None
    assert tuesday.shift.starts == at("22:00", MONDAY + timedelta(1))


def test_people_of_two_kinds_are_two_crews_at_the_same_moment() -> None:
    kinds = {pattern(): [1, 2], pattern(None, ("2026-01-01", 1)): [3]}
    assert [list(crew.people) for crew in crews(kinds, rules(), at("10:00"))] == [[1, 2], [3]]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Asia/Baku"])
@pytest.mark.parametrize("schedule", [0, 1, 2, 3])
def test_every_day_that_matters_lies_within_the_week_that_is_read(zone: str, schedule: int) -> None:
    kind = pattern(zone, ("2026-01-01", schedule)) if schedule else pattern(zone)
    for hour in range(48):
        moment = at("00:00") + timedelta(hours=hour)
        first = since(moment)
        crew = crew_at(moment, kind)
        assert first + timedelta(1) <= crew.workday <= first + timedelta(5), "and its neighbours, for its bounds"
