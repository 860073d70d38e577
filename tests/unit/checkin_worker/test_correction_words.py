"""How people write a correction, and which ones cannot be."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_worker.correction_words import LONGEST_REASON, Problem, Wish, example, read
from shared.workday import Calendar, Schedule

BAKU = ZoneInfo("Asia/Baku")
OFFICE = Calendar(BAKU, time(4), Schedule("office", time(9), time(18)))
NIGHTS = Calendar(BAKU, time(4), Schedule("nights", time(22), time(6)))
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=BAKU).astimezone(UTC)


def local(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), BAKU)


@pytest.mark.parametrize(
    "words",
    [
        "2026-11-20 09:00-18:00 telefon evdə idi",
        "2026-11-20 9:00 – 18:00   telefon evdə\nidi",
        "20.11 09:00—18:00 telefon\u202e evdə idi",
        "20.11.2026 09:00 - 18:00 telefon evdə idi\x00",
    ],
)
def test_a_day_two_clock_times_and_a_reason_are_understood_however_they_are_joined(words: str) -> None:
    day = date(2026, 11, 20)
    assert read(words, OFFICE, NOW) == Wish(day, local(day, "09:00"), local(day, "18:00"), "telefon evdə idi")


def test_today_needs_no_end_and_a_day_without_a_year_is_the_last_one_of_its_date() -> None:
    today, december = date(2026, 11, 24), read("25.12 09:00-18:00 x", OFFICE, NOW + timedelta(days=40))
    assert read("24.11 09:00 unutdum", OFFICE, NOW) == Wish(today, local(today, "09:00"), None, "unutdum")
    assert isinstance(december, Wish)
    assert december.workday == date(2026, 12, 25)


def test_a_night_shift_ends_on_the_next_morning() -> None:
    day = date(2026, 11, 20)
    wish = read("2026-11-20 22:00-06:00 növbə", NIGHTS, NOW)
    assert wish == Wish(day, local(day, "22:00"), local(day + timedelta(days=1), "06:00"), "növbə")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "correct-how"),
        ("dünən", "correct-how"),
        ("2026-11-20", "correct-how"),
        ("2026-11-31 09:00-18:00 x", "correct-no-such-time"),
        ("20.13 09:00-18:00 x", "correct-no-such-time"),
        ("20.11 25:00-18:00 x", "correct-no-such-time"),
        ("20.11 09:00-18:61 x", "correct-no-such-time"),
        ("20.11 09:00-18:00", "correct-why"),
        ("20.11 09:00-18:00 \u202e\x00", "correct-why"),
        ("2026-11-25 09:00-18:00 x", "correct-future"),
        ("24.11 09:00-18:00 x", "correct-future"),
        ("24.11 16:00 x", "correct-future"),
        ("2026-10-20 09:00-18:00 x", "correct-too-old"),
        ("20.11 18:00-09:00 x", "correct-beyond-the-day"),
        ("20.11 09:00 x", "correct-until-when"),
    ],
)
def test_what_cannot_be_is_answered_with_what_is_wrong(words: str, said: str) -> None:
    assert read(words, OFFICE, NOW) == Problem(said)


def test_a_long_reason_is_cut_to_what_a_manager_reads() -> None:
    wish = read(f"20.11 09:00-18:00 {'ə' * 4000}", OFFICE, NOW)
    assert isinstance(wish, Wish)
    assert wish.reason == "ə" * LONGEST_REASON


@pytest.mark.parametrize("calendar", [OFFICE, NIGHTS])
@pytest.mark.parametrize("hours", range(0, 72, 5))
def test_an_example_with_a_reason_is_taken_at_any_hour_of_any_day(calendar: Calendar, hours: int) -> None:
    now = NOW + timedelta(hours=hours)
    assert isinstance(read(f"{example([], calendar, now)} telefon evdə idi", calendar, now), Wish)


def test_an_example_is_of_ones_own_last_day_that_can_be_corrected() -> None:
    tuesday, monday = (
        (day, local(day, "08:58"), local(day, "18:04")) for day in (date(2026, 11, 24), date(2026, 11, 23))
    )
    assert example([tuesday, monday], OFFICE, NOW) == "2026-11-23 08:58-18:04", "Tuesday is not over at 15:00"
    assert example([], OFFICE, NOW) == "2026-11-23 09:00-18:00"


def test_whoever_has_neither_a_day_nor_a_shift_gets_no_example() -> None:
    never = Calendar(BAKU, time(4), Schedule("on call", time(9), time(18), weekdays=frozenset()))
    assert example([], never, NOW) is None


@given(st.text() | st.from_regex(r"\A\d{1,4}[-.]\d{1,2}[-.]?\d{0,2} \d\d:\d\d-\d\d:\d\d \w*\Z"))
def test_whatever_people_write_is_a_wish_within_its_day_or_a_problem(words: str) -> None:
    found = read(words, OFFICE, NOW)
    if isinstance(found, Wish):
        begin, end = OFFICE.bounds(found.workday)
        assert begin <= found.arrived < end
        assert found.left is None or found.arrived < found.left <= min(end, NOW)
