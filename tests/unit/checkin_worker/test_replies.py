"""The one message that answers a location."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_worker.attendance import Event, fold
from checkin_worker.book import Page
from checkin_worker.entry_number import entry_number
from checkin_worker.fence import Fence, Office
from checkin_worker.people import Person
from checkin_worker.replies import Answer, Forgotten, Teller, duration
from shared.texts import LANGUAGES, plain_name, texts_in
from shared.workday import Schedule

TEXTS = texts_in("az")
BAKU = ZoneInfo("Asia/Baku")
LEMAN = Person(5_100_000_007, "Ləman Əliyeva", "az")
SCHEDULE = Schedule("office", time(10), time(19))
MONDAY = date(2026, 7, 6)
CAME = Event(datetime(2026, 7, 6, 5, 58, 7, tzinfo=UTC), 1, 40.3717123, 49.8504988)
TAPPED = Event(CAME.sent_at + timedelta(seconds=20), 2, 40.4, 49.9)
WENT = Event(CAME.sent_at + timedelta(hours=9, minutes=3, seconds=59), 3, 40.37, -49.85)
TAPPED_AGAIN = Event(WENT.sent_at + timedelta(seconds=1), 4, 40.5, 49.9)
ALL = (CAME, TAPPED, WENT, TAPPED_AGAIN)


def page(*events: Event, double_tap: int = 60, late: timedelta | None = None, excused: bool = False) -> Page:
    return Page(MONDAY, fold(events, timedelta(seconds=double_tap)), late, excused)


def teller(person: Person = LEMAN, language: str = "az") -> Teller:
    return Teller(texts_in(language), person, person.calendar(BAKU, time(4), SCHEDULE))


def answer(event: Event, name: str = LEMAN.full_name) -> Answer:
    return teller(replace(LEMAN, telegram_name=name)).answer(event, page(*ALL))


def lines(said: Answer) -> list[str]:
    return said.text.splitlines()


def number(event: Event) -> str:
    """The last line of whatever is said about the entry."""
    return f"№ {entry_number(LEMAN.user_id, event.ref)}"


def test_an_arrival_is_answered_with_all_there_is_to_know() -> None:
    assert lines(answer(CAME)) == [
        "✅ Gəlişiniz qeydə alındı",
        "👤 Ləman Əliyeva",
        "📅 6 iyul 2026, bazar ertəsi",
        "🕘 09:58:07",
        "📍 40.37171, 49.85050",
        "Axşam gedəndə yerinizi yenidən göndərməyi unutmayın.",
        number(CAME),
    ]


def test_a_departure_tells_how_long_the_stay_was() -> None:
    assert lines(answer(WENT)) == [
        "✅ Gedişiniz qeydə alındı",
        "👤 Ləman Əliyeva",
        "📅 6 iyul 2026, bazar ertəsi",
        "🕘 19:02:06",
        "📍 40.37000, -49.85000",
        "⏱ İş vaxtı: 9 saat 3 dəqiqə",
        "Yaxşı istirahət edin!",
        number(WENT),
    ]


@pytest.mark.parametrize(("tap", "counted", "said"), [(TAPPED, CAME, "Gəlişiniz"), (TAPPED_AGAIN, WENT, "Gedişiniz")])
def test_a_repeated_tap_is_told_all_that_the_first_was_told_and_may_go_out_in_its_place(
    tap: Event, counted: Event, said: str
) -> None:
    first, again = answer(counted), answer(tap)
    assert lines(again) == [f"☑️ {said} artıq qeydə alınıb", *lines(first)[1:]]
    assert again.keyboard == first.keyboard
    assert again.topic == first.topic is not None


def test_answers_about_two_entries_never_take_each_others_place() -> None:
    assert answer(CAME).topic != answer(WENT).topic


def test_a_repeated_tap_is_told_of_the_delay_and_the_lateness_of_the_first() -> None:
    slow = replace(CAME, recorded_at=CAME.sent_at + timedelta(seconds=33))
    quick = replace(TAPPED, recorded_at=TAPPED.sent_at + timedelta(seconds=1))
    day = page(slow, quick, late=timedelta(minutes=12))
    first, again = lines(teller().answer(slow, day)), lines(teller().answer(quick, day))
    assert again[1:] == first[1:]
    assert {
        "🟠 Gecikmə: 12 dəqiqə",
        "⏳ Göndərildi: 09:58:07, qeydə alındı: 09:58:40. Göndərdiyiniz vaxt sayılır.",
    } < set(again)


def test_a_repeated_tap_that_is_long_on_its_way_says_nothing_of_that_since_its_time_does_not_count() -> None:
    slow = replace(TAPPED, recorded_at=TAPPED.sent_at + timedelta(minutes=5))
    assert not any("⏳" in line for line in lines(teller().answer(slow, page(CAME, slow))))


def test_the_day_and_the_time_are_those_of_the_office_not_of_greenwich() -> None:
    night = Event(datetime(2026, 7, 5, 22, 30, tzinfo=UTC), 9, 40.0, 49.0)
    gone = Event(night.sent_at + timedelta(hours=1), 10, 40.0, 49.0)
    said = lines(teller().answer(gone, page(night, gone)))
    assert "📅 6 iyul 2026, bazar ertəsi" in said
    assert "🕘 03:30:00" in said


@pytest.mark.parametrize(
    ("language", "minutes", "said"),
    [
        ("az", 0, "0 dəqiqə"),
        ("az", 125, "2 saat 5 dəqiqə"),
        ("az", 120, "2 saat"),
        ("en", 1, "1 minute"),
        ("en", 59, "59 minutes"),
        ("ru", 1, "1 минута"),
        ("ru", 22, "22 минуты"),
        ("ru", 11, "11 минут"),
        ("tr", 61, "1 saat 1 dakika"),
    ],
)
def test_durations_are_said_with_the_languages_own_plurals(language: str, minutes: int, said: str) -> None:
    assert duration(texts_in(language), timedelta(minutes=minutes)) == said


def test_a_part_of_a_minute_is_said_as_one_where_it_is_all_there_is() -> None:
    assert duration(TEXTS, timedelta(seconds=20)) == "1 dəqiqə"
    assert duration(TEXTS, timedelta(seconds=100)) == "1 dəqiqə"


def test_hours_are_those_of_the_stay_that_ended_not_of_the_first() -> None:
    times = [0, 60, 120, 125]
    events = [Event(CAME.sent_at + timedelta(minutes=minute), minute, 40.0, 49.0) for minute in times]
    assert "⏱ İş vaxtı: 5 dəqiqə" in lines(teller().answer(events[-1], page(*events)))


def test_who_is_late_is_told_by_how_much_and_who_is_not_that_too() -> None:
    assert "🟠 Gecikmə: 12 dəqiqə" in lines(teller().answer(CAME, page(CAME, late=timedelta(minutes=12, seconds=30))))
    assert "🟢 Vaxtında" in lines(teller().answer(CAME, page(CAME, late=timedelta())))
    excused = page(CAME, late=timedelta(minutes=12), excused=True)
    assert "🟢 Vaxtında" in lines(teller().answer(CAME, excused))


def test_on_a_day_off_nothing_is_said_about_the_time() -> None:
    assert not any(line[0] in "🟢🟠" for line in lines(teller().answer(CAME, page(CAME))))


def test_when_recording_took_long_both_times_are_said() -> None:
    late = replace(CAME, recorded_at=CAME.sent_at + timedelta(seconds=33))
    assert "⏳ Göndərildi: 09:58:07, qeydə alındı: 09:58:40. Göndərdiyiniz vaxt sayılır." in lines(
        teller().answer(late, page(late))
    )
    in_time = replace(CAME, recorded_at=CAME.sent_at + timedelta(seconds=30))
    assert not any("⏳" in line for line in lines(teller().answer(in_time, page(in_time))))


HEAD = Office(1, "Baş ofis", 40.37, 49.85, 150, ZoneInfo("Europe/Istanbul"))
WORKER = replace(LEMAN, offices=(HEAD,), at_home=True)


def test_inside_an_office_its_name_is_the_place_and_its_clock_the_time() -> None:
    inside = replace(CAME, fence=Fence.INSIDE, office_id=1, address="Neftçilər pr. 1")
    said = teller(WORKER).answer(inside, page(inside))
    assert said.slot is None
    assert {"📍 Baş ofis", "🕘 08:58:07"} <= set(lines(said))


def test_outside_the_address_is_the_place() -> None:
    outside = replace(CAME, fence=Fence.OUTSIDE, office_id=1)
    assert teller(WORKER).answer(outside, page(outside)).slot is not None


def test_an_uncertain_place_is_accepted_and_a_live_location_asked_for() -> None:
    unclear = replace(CAME, fence=Fence.UNCERTAIN, office_id=1)
    said = lines(teller(WORKER).answer(unclear, page(unclear)))
    assert said[0] == "✅ Gəlişiniz qeydə alındı"
    assert "Canlı" in said[-2]


def test_a_repeated_tap_is_asked_for_a_live_location_until_one_has_told_where_the_first_was() -> None:
    unclear = replace(CAME, fence=Fence.UNCERTAIN, office_id=1)
    tap = replace(TAPPED, fence=Fence.UNCERTAIN, office_id=1)
    again = teller(WORKER).answer(tap, page(unclear, tap))
    assert "Canlı" in lines(again)[-2]
    assert again.topic == teller(WORKER).answer(unclear, page(unclear, tap)).topic
    look = Event(CAME.sent_at + timedelta(minutes=2), 9, 40.37, 49.85, fence=Fence.INSIDE, office_id=1)
    later = Event(look.sent_at + timedelta(seconds=5), 10, 40.37, 49.85, fence=Fence.INSIDE, office_id=1)
    said = lines(teller(WORKER).answer(later, page(unclear, look, later)))
    assert not any("Canlı" in line for line in said)
    assert said[-2].startswith("Axşam")


def test_a_second_look_is_thanked_for() -> None:
    unclear = replace(CAME, fence=Fence.UNCERTAIN, office_id=1)
    look = replace(WENT, sent_at=CAME.sent_at + timedelta(minutes=2), fence=Fence.INSIDE, office_id=1)
    thanks = teller(WORKER).answer(look, page(unclear, look))
    said = lines(thanks)
    assert said[-1] == number(CAME), "of the entry that it is about"
    assert thanks.topic is None, "it says less than the answer to the entry"
    assert said[0] == "📡 Yeriniz dəqiqləşdi, təşəkkürlər!"
    assert said[4] == "📍 Baş ofis", "where the second look was"


def test_a_check_out_has_a_button_that_undoes_it_and_a_check_in_has_none() -> None:
    keyboard = answer(WENT).keyboard
    assert keyboard is not None
    ((button,),) = keyboard.inline_keyboard
    assert button.callback_data == f"undo:{int(WENT.sent_at.timestamp())}:3"
    assert answer(CAME).keyboard is None


def test_a_forgotten_check_out_is_asked_about_with_the_shifts_end_ready() -> None:
    friday = date(2026, 7, 3)
    shift = LEMAN.calendar(BAKU, time(4), SCHEDULE).shift(friday)
    assert shift is not None
    forgotten = Forgotten(friday, shift.starts, shift)
    said = teller().answer(CAME, page(CAME), forgotten)
    assert "3 iyl 2026" in lines(said)[-2]
    assert said.topic is None, "what is said to a repetition does not ask"
    assert said.keyboard is not None
    ((button,),) = said.keyboard.inline_keyboard
    assert button.callback_data == f"left:2026-07-03:{int(shift.ends.timestamp())}"
    assert "19:00" in button.text
    assert teller().answer(CAME, page(CAME), replace(forgotten, shift=None)).keyboard is None


def test_an_undone_check_out_is_said_with_the_time_since_when_one_is_at_work() -> None:
    day = fold([CAME, WENT], timedelta(seconds=60), undone=frozenset({WENT.ref}))
    said = teller().undone(WENT, Page(MONDAY, day, None, excused=False)).splitlines()
    assert "09:58" in said[0]
    assert said[1] == number(WENT)


@pytest.mark.parametrize("event", [CAME, TAPPED, WENT, TAPPED_AGAIN])
def test_the_slot_points_at_exactly_the_coordinates(event: Event) -> None:
    said = answer(event)
    counted = page(*ALL).day.decided_by[event]
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
    said = teller().answer(TAPPED, page(known, TAPPED))
    assert said.slot is None
    assert "📍 Neftçilər prospekti 153, Bakı" in lines(said)


def test_a_name_that_looks_like_the_coordinates_is_left_alone() -> None:
    said = answer(CAME, "40.37171, 49.85050")
    assert said.slot is not None
    assert said.slot.filled("Bakı").splitlines()[1] == "👤 40.37171, 49.85050"
    assert said.slot.filled("Bakı").splitlines()[4] == "📍 Bakı"


@given(
    name=st.text(),
    event=st.sampled_from([CAME, TAPPED, WENT, TAPPED_AGAIN]),
    address=st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=300),
    language=st.sampled_from(LANGUAGES),
)
def test_whatever_a_person_and_a_place_are_called_the_answer_has_its_lines(
    name: str, event: Event, address: str, language: str
) -> None:
    person = replace(LEMAN, telegram_name=plain_name(name))
    said = teller(person, language=language).answer(event, page(*ALL))
    assert said.slot is not None
    assert len(said.text) < 500
    told, filled = said.text.split("\n"), said.slot.filled(address).split("\n")
    assert told[1] == f"👤 {plain_name(name)}"
    assert filled == [*told[:4], f"📍 {address}", *told[5:]]
