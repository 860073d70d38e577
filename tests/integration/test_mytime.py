"""What somebody sees of their own time: /today, /me with its picture, /history with its pages, and /why."""

import contextlib
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from aio_pika.abc import AbstractConnection
from PIL import Image

from checkin_worker.updates import UpdateHandler
from shared.broker import Link
from shared.contracts import OutboundCall
from shared.publisher import Publisher
from shared.replicas import Reader
from shared.texts import texts_in
from tests.integration import staff
from tests.integration.desk_side import PERSON, DeskSide, desk_side, worker_settings

if TYPE_CHECKING:
    from shared.database import Connection, ReadConnection

COLLEAGUE = PERSON + 1
BAKU = timedelta(hours=4)
MONDAY = date(2026, 7, 6)
NEAR = (40.37261, 49.85050)
"""100 metres north of the office; its radius is 150."""
FAR = (40.5, 50.0)


@pytest.fixture
async def at_work(worker: DeskSide) -> DeskSide:
    """Leman works at an office, every day from nine to six, since long ago."""
    office = await staff.office(worker, "Baş ofis")
    await staff.person(worker, PERSON, "Ləman Əliyeva", works=[office])
    await staff.schedule(worker, "gündüz", (time(9), time(18)), [PERSON])
    return worker


@pytest.fixture
async def strict(database_url: str, queues: AbstractConnection) -> AsyncIterator[DeskSide]:
    """A worker of a company where one gets in by invitation only."""
    async with desk_side(worker_settings(database_url, registration="invite"), queues) as side:
        yield side


def lines(calls: list[OutboundCall]) -> list[str]:
    (call,) = calls
    return str(call.params.get("text") or call.params["caption"]).splitlines()


def buttons(call: OutboundCall) -> list[str]:
    rows = call.params.get("reply_markup", {}).get("inline_keyboard", [])
    return [str(button["callback_data"]) for row in rows for button in row]


async def say(worker: DeskSide, command: str, person: int = PERSON) -> list[str]:
    return lines(await worker.text(command, person=person, language="en"))


def at(day: int, clock: str, month: int = 7) -> datetime:
    """A moment in Baku."""
    return datetime.combine(date(2026, month, day), time.fromisoformat(clock), UTC) - BAKU


async def worked(worker: DeskSide, day: date, hours: str, *, late: int = 0, ordinal: int = 0) -> None:
    """A session of Leman's that was stored then; without an end ("09:00-") it ended with its day."""
    start, _, end = hours.partition("-")
    began = datetime.combine(day, time.fromisoformat(start), UTC) - BAKU
    boundary = datetime.combine(day + timedelta(days=1), time(4), UTC) - BAKU
    ended = datetime.combine(day, time.fromisoformat(end), UTC) - BAKU if end else boundary
    await worker.rows(
        "INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, end_time, closed_by, start_update_id,"
        " late_seconds) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8)",
        PERSON,
        day,
        ordinal,
        boundary,
        began,
        ended,
        "tap" if end else "boundary",
        None if ordinal else late * 60,
    )


async def test_before_anybody_taps_today_says_when_the_shift_is_and_after_its_deadline_that_nothing_is_recorded(
    at_work: DeskSide,
) -> None:
    at_work.now = at(6, "08:30")
    assert await say(at_work, "/today") == [
        "📅 Monday, July 6, 2026",
        "🗓 Shift: 09:00–18:00; late after 09:00.",
        "Nothing is recorded today yet.",
    ]
    at_work.now = at(6, "09:30")
    assert (await say(at_work, "/today"))[-1] == "🔴 Your arrival has not been recorded yet."


async def test_today_says_since_when_and_how_long_somebody_is_at_work_and_that_they_were_late(
    at_work: DeskSide,
) -> None:
    at_work.now = at(6, "09:12")
    await at_work.tap(*NEAR, horizontal_accuracy=5.0)
    at_work.now = at(6, "13:00")
    await at_work.tap(*NEAR, horizontal_accuracy=5.0)
    at_work.now = at(6, "14:00")
    await at_work.tap(*NEAR, horizontal_accuracy=5.0)
    at_work.now = at(6, "15:30")
    assert (await say(at_work, "/today"))[2:] == [
        "🟠 Late by 12 minutes",
        "🚪 09:12–13:00 · 3 h 48 min",
        "🚪 14:00–… · still at work: 1 h 30 min",
        "⏱ Time at work: 3 h 48 min",
    ]


async def test_today_of_somebody_in_time_and_of_a_day_off(worker: DeskSide) -> None:
    await worker.tap()
    assert (await say(worker, "/today"))[2] == "🟢 On time"
    worker.now = at(11, "12:00")
    assert (await say(worker, "/today"))[1] == "🌙 A day off."
    await worker.tap()
    said = await say(worker, "/today")
    assert said[1:3] == ["🌙 A day off.", "🚪 12:00–… · still at work: 1 minute"], "nobody is late on a day off"


async def test_an_excused_late_is_said_to_be_excused(at_work: DeskSide) -> None:
    await at_work.tap()
    await at_work.rows("UPDATE sessions SET excused = true")
    assert "🟢 Late by 58 minutes, excused" in await say(at_work, "/today")


async def test_at_an_office_elsewhere_today_has_that_offices_clock_and_names_it(worker: DeskSide) -> None:
    """Who works in Baku and checks in in Istanbul is due at nine o'clock there."""
    home = await staff.office(worker, "Baş ofis")
    away = await staff.office(worker, "İstanbul", (41.0, 29.0), zone="Europe/Istanbul")
    await staff.person(worker, PERSON, "Ləman", works=[home, away])
    await staff.schedule(worker, "gündüz", (time(9), time(18)), [PERSON])
    worker.now = at(6, "09:50")
    await worker.tap(41.0, 29.0, horizontal_accuracy=5.0)
    said = await say(worker, "/today")
    assert said[1].startswith("🗓 Shift: 09:00 (UTC+0300)–18:00 (UTC+0300)")
    assert said[2] == "🟢 On time"
    assert said[3].startswith("🚪 08:50 (UTC+0300)–…")
    assert "🌍 Time zone: Europe/Istanbul" in await say(worker, "/why")


async def test_in_the_night_today_is_the_day_on_which_the_night_shift_began(worker: DeskSide) -> None:
    await staff.person(worker, PERSON, "Ləman")
    await staff.schedule(worker, "gecə", (time(18), time(6)), [PERSON])
    worker.now = at(6, "17:55")
    await worker.tap()
    worker.now = at(7, "05:00")
    said = await say(worker, "/today")
    assert said[0] == "📅 Monday, July 6, 2026"
    assert said[3] == "🚪 17:55–… · still at work: 11 h 5 min"


async def test_however_often_somebody_comes_and_goes_today_fits_into_one_message(worker: DeskSide) -> None:
    await worker.text("/start")
    await worker.rows(
        "INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, end_time, closed_by, start_update_id)"
        " SELECT $1, $2, n, $3, $4::timestamptz + n * interval '1 minute', $4::timestamptz + n * interval '1 minute',"
        " 'tap', n FROM generate_series(0, 699) n",
        PERSON,
        MONDAY,
        at(7, "04:00"),
        at(6, "05:00"),
    )
    said = await say(worker, "/today")
    assert "… and 688 earlier arrivals" in said
    assert sum(map(len, said)) < 1000
    assert sum(map(len, await say(worker, "/history"))) < 1000


async def test_the_month_counts_days_hours_lates_and_absences_and_never_the_hours_of_a_forgotten_check_out(
    at_work: DeskSide,
) -> None:
    at_work.now = at(13, "13:00")
    await worked(at_work, date(2026, 6, 30), "09:00-18:00")  # last month's
    await worked(at_work, date(2026, 7, 1), "09:00-18:00")
    await worked(at_work, date(2026, 7, 2), "09:20-18:00", late=20)
    await worked(at_work, date(2026, 7, 3), "09:40-13:00", late=40)
    await worked(at_work, date(2026, 7, 3), "14:00-", ordinal=1)  # 3 h 20 min are known
    await worked(at_work, date(2026, 7, 6), "09:00-")
    await at_work.rows("INSERT INTO absences VALUES ($1, '2026-07-07'), ($1, '2026-06-01')", PERSON)
    await at_work.tap(*NEAR, horizontal_accuracy=5.0)
    await at_work.rows("UPDATE sessions SET excused = true WHERE workday = '2026-07-13'")
    at_work.now = at(13, "15:30")
    assert (await say(at_work, "/me"))[:8] == [
        "📊 July 2026",
        "📅 Days at work: 5 (days due so far: 13)",
        "⏱ Time at work: 21 h",
        "🟠 Late: 2 times, 1 h in all",
        "🤝 Excused: late 1 time",
        "🔴 Days absent: 1",
        "❓ No check-out on 2 days: those hours do not count. Have them corrected: /correct",
        "🚪 Still at work: 2 h 30 min. It counts when you have left.",
    ]


async def test_the_month_is_one_call_a_picture_with_the_text_below_it(at_work: DeskSide) -> None:
    (call,) = await at_work.text("/me")
    assert call.method == "sendPhoto"
    assert set(call.params) == {"chat_id", "caption"}
    assert len(str(call.params["caption"])) <= 1024
    assert call.file is not None
    assert (call.file.field, call.file.name) == ("photo", "2026-07.png")
    with Image.open(io.BytesIO(call.file.content)) as image:
        assert image.format == "PNG"


async def test_an_open_day_that_is_over_is_a_forgotten_check_out_before_anybody_wrote_that_down(
    worker: DeskSide,
) -> None:
    await worker.tap()
    worker.later(days=1)
    assert "❓ No check-out on 1 day: those hours do not count. Have it corrected: /correct" in await say(worker, "/me")
    assert (await say(worker, "/history"))[-1] == "Mon, Jul 6: 09:58–… · ❓ no check-out"
    assert "⬅️ No check-out; the day ended at 04:00. These hours do not count." in await say(worker, "/why")
    ((ended,),) = await worker.rows("SELECT end_time FROM sessions")
    assert ended is None, "a look changes nothing"


async def test_history_has_a_line_for_each_of_fourteen_days_the_last_one_first(at_work: DeskSide) -> None:
    await worked(at_work, date(2026, 6, 22), "09:00-18:00")
    await worked(at_work, date(2026, 6, 30), "09:20-13:00", late=20)
    await worked(at_work, date(2026, 6, 30), "14:00-18:30", ordinal=1)
    await worked(at_work, date(2026, 7, 2), "09:00-")
    await at_work.rows("INSERT INTO absences VALUES ($1, '2026-07-03')", PERSON)
    await at_work.rows("INSERT INTO holidays VALUES ('2026-07-04', true, 'İstirahət')")
    said = await say(at_work, "/history")
    assert said[0] == "🗓 Jun 23 – Jul 6, 2026"
    assert len(said) == 2 + 14
    assert said[2] == "Mon, Jul 6: nothing recorded"
    assert said[4:9] == [
        "Sat, Jul 4: 🌙",
        "Fri, Jul 3: 🔴 absent",
        "Thu, Jul 2: 09:00–… · ❓ no check-out",
        "Wed, Jul 1: nothing recorded",
        "Tue, Jun 30: 09:20–13:00, 14:00–18:30 · 8 h 10 min · 🟠 late by 20 minutes",
    ]


async def test_history_is_turned_by_buttons_that_edit_the_message_until_there_is_nothing_older(
    at_work: DeskSide,
) -> None:
    await worked(at_work, date(2026, 6, 10), "09:00-18:00")
    (first,) = await at_work.text("/history")
    assert buttons(first) == ["hist:14"]
    stopped, older = await at_work.press("hist:14", language="en")
    assert (stopped.method, older.method) == ("answerCallbackQuery", "editMessageText")
    assert older.params["text"].splitlines()[0] == "🗓 Jun 9 – Jun 22, 2026"
    assert older.params["text"].splitlines()[-1] == "Wed, Jun 10: 09:00–18:00 · 9 h", "nothing before the first day"
    assert buttons(older) == ["hist:0"]
    (_, newer) = await at_work.press("hist:0")
    assert buttons(newer) == ["hist:14"]


@pytest.mark.parametrize("data", ["hist:9999", "hist:0"])
async def test_a_made_up_page_is_an_empty_one(worker: DeskSide, data: str) -> None:
    _, page = await worker.press(data, language="en")
    assert page.params["text"].splitlines()[-1] == "Nothing is recorded on these days."


@pytest.mark.parametrize("data", ["hist:", "hist:-14", "hist:10000", "hist:1:2", "hist:x"])
async def test_what_is_no_page_is_a_button_of_no_meaning(worker: DeskSide, data: str) -> None:
    (call,) = await worker.press(data)
    assert call.params["text"] == "Bu düymə artıq işləmir."


async def test_nobody_sees_the_time_of_somebody_else(worker: DeskSide) -> None:
    await worker.tap()
    assert (await say(worker, "/today", COLLEAGUE))[-1] == "Nothing is recorded today yet."
    assert (await say(worker, "/history", COLLEAGUE))[-1] == "Nothing is recorded on these days."
    assert await say(worker, "/why", COLLEAGUE) == ["Nothing is recorded of you yet."]
    assert "📅 Days at work: 0 (days due so far: 0)" in await say(worker, "/me", COLLEAGUE)


@pytest.mark.parametrize("command", ["/today", "/me", "/history", "/why"])
async def test_a_stranger_gets_nothing_but_the_polite_line(strict: DeskSide, command: str) -> None:
    (call,) = await strict.text(command)
    assert call.method == "sendMessage"
    assert await strict.text(command) == []
    (stopped,) = await strict.press("hist:0")
    assert stopped.method == "answerCallbackQuery"


async def test_commands_and_pages_count_against_one_limit_and_a_button_stops_spinning_all_the_same(
    worker: DeskSide,
) -> None:
    for _ in range(3):
        for command in ("/today", "/me", "/history", "/why"):
            assert len(await worker.text(command)) == 1
    (call,) = await worker.press("hist:0", language="en")
    assert (call.method, call.params["text"]) == ("answerCallbackQuery", "⏳ Wait a moment, then press again.")
    said = [call.method for command in ("/today", "/me", "/history") for call in await worker.text(command)]
    assert "sendPhoto" not in said
    assert len(said) <= 1, "the one hint"
    worker.later(minutes=1)
    assert len(await worker.press("hist:0")) == 2


async def test_why_tells_how_a_late_arrival_was_judged(at_work: DeskSide) -> None:
    at_work.now = at(6, "09:58")
    await at_work.tap(*NEAR, horizontal_accuracy=12.0)
    await at_work.rows("UPDATE attendance_events SET recorded_at = received_at + interval '1 second'")
    at_work.now = at(6, "18:05")
    await at_work.tap(*NEAR)
    await at_work.rows(
        "UPDATE attendance_events SET recorded_at = received_at + interval '2 days' WHERE sent_at = $1", at_work.now
    )
    assert await say(at_work, "/why") == [
        "🔎 Monday, July 6, 2026",
        "🟠 Late by 58 minutes",
        "",
        "➡️ Arrival: 09:58:00",
        "📨 The time at which you sent it counts. It reached us at 09:58:01 and was written down at 09:58:02.",
        "📍 Inside “Baş ofis”. 100 m from its centre, radius 150 m, accuracy ±12 m.",
        "",
        "🗓 Schedule (gündüz): 09:00–18:00; late after 09:00.",
        "🌍 Time zone: Asia/Baku",
        "🧮 Lateness is counted from the start of the shift: 09:00:00 – 09:58:00.",
        "",
        "⬅️ Departure: 18:05:00",
        "📨 The time at which you sent it counts. It reached us at 18:05:01 and was written down at 08.07 18:05:01.",
        (
            "📍 Inside “Baş ofis”. 100 m from its centre, radius 150 m. The phone did not say how accurate it was;"
            " ±30 m was assumed."
        ),
    ]


async def test_why_of_a_place_outside_of_one_that_is_kept_no_longer_and_of_a_company_without_offices(
    at_work: DeskSide,
) -> None:
    await at_work.tap(*FAR, horizontal_accuracy=9.0)
    (said,) = [line for line in await say(at_work, "/why") if line.startswith("📍")]
    assert said.startswith("📍 Outside the office; the nearest one is “Baş ofis”. 19,")
    await at_work.rows("UPDATE attendance_events SET coarse = true, accuracy = NULL, distance_m = NULL")
    (said,) = [line for line in await say(at_work, "/why") if line.startswith("📍")]
    assert said == "📍 Outside the office; the nearest one is “Baş ofis”. The exact place is no longer kept."
    await at_work.rows("UPDATE attendance_events SET office_id = NULL, fence = NULL")
    assert "📍 There is no office to compare with, so the place was not checked." in await say(at_work, "/why")


async def test_why_tells_of_the_better_look_that_confirmed_an_uncertain_place(at_work: DeskSide) -> None:
    at_work.now = at(6, "08:50")
    await at_work.tap(*NEAR, horizontal_accuracy=80.0)
    at_work.now = at(6, "08:55")
    await at_work.tap(*NEAR, horizontal_accuracy=8.0, live_period=900)
    said = await say(at_work, "/why")
    assert said[1] == "🟢 On time"
    assert "📍 Near “Baş ofis”; whether inside could not be told." in said[5]
    assert said[6] == "📡 The location that you sent at 08:55:00 made it clear:"
    assert said[8].startswith("📍 Inside “Baş ofis”. 100 m")


async def test_why_tells_who_approved_a_correction_with_which_reason_and_that_ones_own_entries_stay(
    at_work: DeskSide,
) -> None:
    await staff.person(at_work, 71, "Rəşad", role="admin")
    at_work.now = at(6, "09:58")
    await at_work.tap(*NEAR, horizontal_accuracy=5.0)
    at_work.now = at(7, "10:00")
    await at_work.text("/correct 06.07 09:00-18:00 telefon evdə qalmışdı")
    ((number,),) = await at_work.rows("SELECT correction_id FROM corrections")
    await at_work.press(f"correct:yes:{number}", person=71)
    said = await say(at_work, "/why")
    assert said[:2] == ["🔎 Monday, July 6, 2026", "🟢 On time"]
    assert said[3:5] == ["➡️ Arrival: 09:00:00", "✏️ An approved correction set this time."]
    (told,) = [line for line in said if line.startswith("✏️ Correction")]
    assert told.startswith("✏️ Correction: 09:00–18:00. Reason: telefon evdə qalmışdı. Approved by ")
    assert told.endswith(" on Jul 7, 2026. Your own entries are kept beside it.")


async def test_why_tells_of_an_amnesty_of_repetitions_and_of_what_was_taken_back(at_work: DeskSide) -> None:
    await at_work.tap(*NEAR, horizontal_accuracy=5.0)
    at_work.later(seconds=10)
    await at_work.tap(*NEAR, horizontal_accuracy=5.0)
    await at_work.rows(
        "INSERT INTO attendance_events (user_id, sent_at, update_id, kind, received_at)"
        " SELECT user_id, start_time, start_update_id, 'amnesty', $1 FROM sessions",
        at(8, "10:00"),
    )
    at_work.later(hours=3)
    (call,) = await at_work.tap(*NEAR, horizontal_accuracy=5.0)
    await at_work.press(buttons(call)[0])
    said = await say(at_work, "/why")
    assert said[1] == "🟢 Late by 58 minutes, excused."
    assert said[-5:] == [
        "⬅️ No departure yet.",
        "",
        "🤝 Excused on Jul 8, 2026, since your location was long on its way to us.",
        "☑️ Repeated locations, counted once: 1",
        "↩️ Check-outs that you took back, not counted: 1",
    ]


async def test_why_of_an_absence_of_a_day_off_and_of_a_verdict_by_an_earlier_schedule(at_work: DeskSide) -> None:
    await at_work.rows("INSERT INTO holidays VALUES ('2026-07-06', true, 'İstirahət')")
    await at_work.tap()
    said = await say(at_work, "/why")
    assert said[1] == "🟢 No shift was due that day, so nobody is late."
    assert "🗓 Schedule (gündüz): a day off." in said
    await at_work.rows("DELETE FROM holidays")
    assert texts_in("en").say("why-outdated") in await say(at_work, "/why")
    await at_work.rows("INSERT INTO absences VALUES ($1, '2026-07-07')", PERSON)
    assert (await say(at_work, "/why"))[:4] == [
        "🔎 Tuesday, July 7, 2026",
        "🔴 Absent: no arrival was recorded that day.",
        "",
        "🗓 Schedule (gündüz): 09:00–18:00; late after 09:00.",
    ]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("az", "🟠 Gecikmə: 58 dəqiqə"),
        ("en", "🟠 Late by 58 minutes"),
        ("ru", "🟠 Опоздание: 58 минут"),
        ("tr", "🟠 Gecikme: 58 dakika"),
    ],
)
async def test_everything_is_said_in_the_persons_language(at_work: DeskSide, language: str, said: str) -> None:
    await at_work.tap()
    for command in ("/today", "/why"):
        assert said in lines(await at_work.text(command, language=language))
    for command in ("/me", "/history"):
        (call,) = await at_work.text(command, language=language)
        assert call.params


class Counted(Reader):
    """Lends the primary, and counts how often."""

    lent = 0

    @contextlib.asynccontextmanager
    async def connection(self, primary: "Connection") -> AsyncIterator["ReadConnection"]:
        self.lent += 1
        async with super().connection(primary) as lent:
            yield lent


async def test_every_look_is_served_by_the_replicas_if_there_are_any(worker: DeskSide, database_url: str) -> None:
    reader, publisher, settings = Counted([]), Publisher(), worker_settings(database_url)
    await publisher.attach(worker.connection, Link(settings.rabbitmq_url, "test", []))
    worker.handler = UpdateHandler(settings, worker.pool, reader, publisher)
    for command in ("/today", "/me", "/history", "/why"):
        await worker.text(command)
    await worker.press("hist:14")
    await publisher.detach()
    assert reader.lent == 5
