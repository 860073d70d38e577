from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_worker.attendance import Event, fold
from checkin_worker.replies import Answer, answer_to
from checkin_worker.texts import Texts, plain_name

TEXTS = Texts()
BAKU = ZoneInfo("Asia/Baku")
NAME = "Ləman Əliyeva"
CAME = Event(datetime(2026, 7, 6, 5, 58, 7, tzinfo=UTC), 1, 40.3717123, 49.8504988)
TAPPED = Event(CAME.sent_at + timedelta(seconds=20), 2, 40.4, 49.9)
WENT = Event(CAME.sent_at + timedelta(hours=9, minutes=3, seconds=59), 3, 40.37, -49.85)
TAPPED_AGAIN = Event(WENT.sent_at + timedelta(seconds=1), 4, 40.5, 49.9)
DAY = fold([CAME, TAPPED, WENT, TAPPED_AGAIN], timedelta(seconds=60))


def answer(event: Event, name: str = NAME) -> Answer:
    return answer_to(event, DAY, name, BAKU, TEXTS)


def test_an_arrival_is_answered_with_all_there_is_to_know() -> None:
    assert answer(CAME).text.splitlines() == [
        "✅ Gəlişiniz qeydə alındı",
        "👤 Ləman Əliyeva",
        "📅 6 iyul 2026, bazar ertəsi",
        "🕘 09:58:07",
        "📍 40.37171, 49.85050",
        "Axşam gedəndə yerinizi yenidən göndərməyi unutmayın.",
    ]


def test_a_departure_tells_how_long_the_stay_was() -> None:
    assert answer(WENT).text.splitlines() == [
        "✅ Gedişiniz qeydə alındı",
        "👤 Ləman Əliyeva",
        "📅 6 iyul 2026, bazar ertəsi",
        "🕘 19:02:06",
        "📍 40.37000, -49.85000",
        "İş vaxtı: 9 saat 3 dəqiqə. Yaxşı istirahət edin!",
    ]


@pytest.mark.parametrize(("tap", "counted", "said"), [(TAPPED, CAME, "Gəlişiniz"), (TAPPED_AGAIN, WENT, "Gedişiniz")])
def test_a_repeated_tap_repeats_the_first_answers_time_and_place(tap: Event, counted: Event, said: str) -> None:
    lines, first = answer(tap).text.splitlines(), answer(counted).text.splitlines()
    assert lines == [f"☑️ {said} artıq qeydə alınıb", *first[1:5]]


def test_the_day_and_the_time_are_those_of_the_office_not_of_greenwich() -> None:
    night = Event(datetime(2026, 7, 5, 22, 30, tzinfo=UTC), 9, 40.0, 49.0)
    said = answer_to(night, fold([night], timedelta()), NAME, BAKU, TEXTS).text
    assert "📅 6 iyul 2026, bazar ertəsi" in said
    assert "🕘 02:30:00" in said


def test_a_stay_of_no_minutes_is_told_as_such() -> None:
    gone = Event(CAME.sent_at + timedelta(seconds=59), 2, 40.0, 49.0)
    said = answer_to(gone, fold([CAME, gone], timedelta(seconds=30)), NAME, BAKU, TEXTS).text
    assert "İş vaxtı: 0 saat 0 dəqiqə." in said


def test_hours_are_those_of_the_stay_that_ended_not_of_the_first() -> None:
    times = [0, 60, 120, 125]
    events = [Event(CAME.sent_at + timedelta(minutes=minute), minute, 40.0, 49.0) for minute in times]
    said = answer_to(events[-1], fold(events, timedelta(seconds=60)), NAME, BAKU, TEXTS).text
    assert "İş vaxtı: 0 saat 5 dəqiqə." in said


@pytest.mark.parametrize("event", [CAME, TAPPED, WENT, TAPPED_AGAIN])
def test_the_slot_points_at_exactly_the_coordinates(event: Event) -> None:
    said = answer(event)
    counted = DAY.decided_by[event]
    assert said.slot is not None
    assert said.slot.text == said.text
    assert said.text[said.slot.start : said.slot.end] == f"{counted.latitude:.5f}, {counted.longitude:.5f}"


def test_filling_the_slot_replaces_the_coordinates_and_nothing_else() -> None:
    said = answer(CAME)
    assert said.slot is not None
    filled = said.slot.filled("Neftçilər prospekti 153, Bakı (© OpenStreetMap)")
    assert filled == said.text.replace("40.37171, 49.85050", "Neftçilər prospekti 153, Bakı (© OpenStreetMap)")


def test_an_address_that_is_known_already_leaves_no_slot() -> None:
    known = Event(CAME.sent_at, 1, CAME.latitude, CAME.longitude, "Neftçilər prospekti 153, Bakı")
    said = answer_to(TAPPED, fold([known, TAPPED], timedelta(seconds=60)), NAME, BAKU, TEXTS)
    assert said.slot is None
    assert "📍 Neftçilər prospekti 153, Bakı" in said.text.splitlines()


def test_a_name_that_looks_like_the_coordinates_is_left_alone() -> None:
    said = answer(CAME, "40.37171, 49.85050")
    assert said.slot is not None
    assert said.slot.filled("Bakı").splitlines()[1] == "👤 40.37171, 49.85050"
    assert said.slot.filled("Bakı").splitlines()[4] == "📍 Bakı"


@given(
    name=st.text(),
    event=st.sampled_from([CAME, TAPPED, WENT, TAPPED_AGAIN]),
    address=st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=300),
)
def test_whatever_a_person_and_a_place_are_called_the_answer_has_its_lines(
    name: str, event: Event, address: str
) -> None:
    said = answer(event, plain_name(name))
    assert said.slot is not None
    assert len(said.text) < 500
    lines, filled = said.text.split("\n"), said.slot.filled(address).split("\n")
    assert lines[1] == f"👤 {plain_name(name)}"
    assert filled == [*lines[:4], f"📍 {address}", *lines[5:]]
