"""Somebody's own time in words: what fits on a telephone, whatever the days were and whichever the language."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from checkin_worker.clock import Clock
from checkin_worker.fence import Office
from checkin_worker.mytime import DAY, Span, Stay
from checkin_worker.mytime_words import MyTime
from checkin_worker.people import Person
from checkin_worker.reports.month import DayOf, Month
from shared.texts import LANGUAGES, texts_in
from shared.workday import Calendar, Schedule

BAKU = ZoneInfo("Asia/Baku")
MONDAY = date(2026, 7, 6)
NOW = datetime(2026, 7, 6, 12, tzinfo=UTC)
OFFICES = (
    Office(1, "Baş ofis", 40.37, 49.85, 150, BAKU),
    Office(2, "İstanbul", 41.0, 29.0, 150, ZoneInfo("Europe/Istanbul")),
)
PERSON = Person(7, "Ləman", "az", offices=OFFICES, at_home=True)
CALENDAR = Calendar(BAKU, time(4), Schedule("default", time(9), time(18)))
JULY = Month(MONDAY.replace(day=1))
CAPTION = 1024
"""Characters below a picture, at most."""


def words(language: str = "en", now: datetime = NOW) -> MyTime:
    return MyTime(texts_in(language), PERSON, CALENDAR, now)


def span(days: Mapping[date, DayOf], stays: Mapping[date, Sequence[Stay]] | None = None) -> Span:
    return Span(days, stays or {}, {}, NOW, min(days))


def stay(hours: float | None, start: datetime = NOW - timedelta(hours=3), *, forgotten: bool = False) -> Stay:
    end = None if hours is None else start + timedelta(hours=hours)
    return Stay(start, end, None, None, forgotten)


def test_a_moment_at_an_office_in_another_zone_has_that_offices_clock_with_its_offset() -> None:
    clock = Clock(PERSON, CALENDAR)
    assert clock.at(NOW) == clock.at(NOW, 1) == "16:00"
    assert clock.at(NOW, 2) == "15:00 (UTC+0300)"
    assert clock.at(NOW, 2, seconds=True) == "15:00:00 (UTC+0300)"


def test_an_office_that_is_no_longer_theirs_leaves_the_persons_own_clock() -> None:
    assert Clock(PERSON, CALENDAR).at(NOW, 99) == "16:00"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_worst_month_fits_below_a_picture_in_every_language(language: str) -> None:
    worst = DayOf(due=True, came=True, worked=timedelta(hours=23), late=timedelta(hours=9, minutes=59), forgotten=True)
    excused = DayOf(due=True, came=True, excused=True, absent=True)
    days = {day: worst if day.day % 2 else excused for day in JULY.days}
    said = words(language).month(span(days, {MONDAY: [stay(None)]}), JULY, expected=23)
    assert len(said) <= CAPTION
    assert max(map(len, said.splitlines()[:-1])) < 120


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_of_history_fits_into_a_message_in_every_language(language: str) -> None:
    worst = DayOf(due=True, came=True, worked=timedelta(hours=23, minutes=59), forgotten=True)
    days = {MONDAY + number * DAY: worst for number in range(14)}
    busy = {day: [stay(0.1)] * 700 for day in days}
    assert len(words(language).history(span(days, busy))) <= 2500


def test_hours_of_a_forgotten_check_out_are_neither_counted_nor_drawn() -> None:
    days = {MONDAY: DayOf(due=True, came=True, forgotten=True)}
    forgotten = span(days, {MONDAY: [stay(None, forgotten=True)]})
    assert "⏱ Time at work: 0 minutes" in words().month(forgotten, JULY, 1).splitlines()
    (bar,) = words().bars(forgotten)
    assert (bar.worked, bar.running, bar.forgotten) == (timedelta(), timedelta(), True)


def test_a_stay_that_goes_on_is_drawn_on_top_of_what_is_counted() -> None:
    days = {MONDAY: DayOf(due=True, came=True, worked=timedelta(hours=2), here=True)}
    (bar,) = words().bars(span(days, {MONDAY: [stay(2), stay(None)]}))
    assert (bar.worked, bar.running) == (timedelta(hours=2), timedelta(hours=3))


def test_where_telegrams_clock_is_ahead_of_ours_nobody_is_at_work_for_less_than_nothing() -> None:
    days = {MONDAY: DayOf(due=True, came=True, here=True)}
    ahead = span(days, {MONDAY: [stay(None, NOW + timedelta(seconds=2))]})
    assert "still at work: 0 minutes" in words().today(ahead, MONDAY)
    assert words().bars(ahead)[0].running == timedelta()


@pytest.mark.parametrize(
    ("times", "said"),
    [(1, "1 раз,"), (2, "2 раза,"), (5, "5 раз,"), (11, "11 раз,"), (21, "21 раз,"), (22, "22 раза,")],
)
def test_russian_counts_lates_as_russians_do(times: int, said: str) -> None:
    late = DayOf(due=True, came=True, late=timedelta(minutes=5))
    days = {MONDAY + number * DAY: late for number in range(times)}
    assert said in words("ru").month(span(days), JULY, 22)


def test_history_leaves_out_days_before_anything_was_known_of_the_person() -> None:
    days = {MONDAY - number * DAY: DayOf(due=True) for number in range(3)}
    known = Span(days, {}, {}, NOW, MONDAY - DAY)
    assert len(words().history(known).splitlines()) == 2 + 2
    assert words().history(Span(days, {}, {}, NOW, None)).splitlines()[-1] == "Nothing is recorded on these days."
