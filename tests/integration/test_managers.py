"""Managers' commands through a worker: /now and its pages, /approve, /help."""

import re
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from shared.contracts import OutboundCall
from shared.texts import LANGUAGES, texts_in
from tests.integration.desk_side import SENT, DeskSide
from tests.integration.staff import office, person, schedule

ADMIN, MANAGER, OTHER_MANAGER = 31, 21, 22
ANAR, BASAT, CEYRAN = 11, 12, 13
NEAR = (40.37175, 49.85055)
FAR = (40.41, 49.95)
UNSURE: dict[str, Any] = {"horizontal_accuracy": 400.0}
TODAY = SENT.date()


@pytest.fixture
async def place(worker: DeskSide) -> int:
    """One office at 08:30 in Baku, with Anar, Basat and Ceyran; their manager, who works elsewhere; and an admin."""
    worker.now = SENT.replace(hour=4, minute=30, second=0)
    first = await office(worker, "Baş ofis")
    for user_id, name in ((ANAR, "Anar"), (BASAT, "Basat"), (CEYRAN, "Ceyran")):
        await person(worker, user_id, name, works=[first])
    await person(worker, MANAGER, "Müdirə", role="manager", manages=[first])
    await person(worker, ADMIN, "Admin", role="admin")
    return first


def text(calls: list[OutboundCall]) -> str:
    """The one text that was sent or edited; a button's answer may be beside it."""
    (call,) = (call for call in calls if call.method != "answerCallbackQuery")
    return str(call.params["text"])


def lines(calls: list[OutboundCall]) -> list[str]:
    return [line for line in text(calls).splitlines() if line]


def keyboard(calls: list[OutboundCall]) -> dict[str, str]:
    """The data of each inline button by its label."""
    found = {}
    for call in calls:
        rows = call.params.get("reply_markup", {}).get("inline_keyboard", [])
        found.update({button["text"]: button["callback_data"] for row in rows for button in row})
    return found


async def audited(worker: DeskSide, action: str = "now") -> list[list[int]]:
    rows = await worker.rows("SELECT subjects FROM audit WHERE action = $1 ORDER BY audit_id", action)
    return [row["subjects"] for row in rows]


async def tap_of(worker: DeskSide, who: int, name: str, point: tuple[float, float] = NEAR, **place: Any) -> None:  # noqa: ANN401 - a location's fields
    """A location of theirs, who keep their name: a decimetre beside that of the next person."""
    fields = {"location": {"latitude": point[0] + who * 1e-6, "longitude": point[1], **place}}
    await worker.write(fields, person=who, first_name=name)


@pytest.mark.usefixtures("place")
async def test_before_the_deadline_nobody_is_missing_yet(worker: DeskSide) -> None:
    seen = lines(await worker.text("/now", person=MANAGER))
    assert seen[:3] == [
        "👥 6 iyl 2026, saat 08:30:01",
        "🟢 İşdə: 0 · 🟠 Gecikən: 0 · 🔴 Gəlməyən: 0",
        "⏳ Hələ gözlənilən: 3 · 🏁 Gedən: 0 · 🌙 İstirahətdə: 0",
    ]
    assert seen[3:] == [f"⏳ {name}: hələ vaxtı var, işin başlanğıcı 11:00" for name in ("Anar", "Basat", "Ceyran")]


@pytest.mark.usefixtures("place")
async def test_after_the_deadline_who_came_is_in_who_came_late_is_late_and_who_did_not_is_missing(
    worker: DeskSide,
) -> None:
    await tap_of(worker, BASAT, "Basat")
    worker.later(hours=2, minutes=42)
    await tap_of(worker, CEYRAN, "Ceyran")
    seen = lines(await worker.text("/now", person=MANAGER))
    assert "🟢 İşdə: 2 · 🟠 Gecikən: 1 · 🔴 Gəlməyən: 1" in seen
    assert seen[3:] == [
        "🔴 Anar: gəlməyib, işin başlanğıcı 11:00",
        "🟢 Ceyran: 11:12 · 🟠 gecikmə 12 dəqiqə",
        "🟢 Basat: 08:30",
    ]


@pytest.mark.usefixtures("place")
async def test_the_very_second_of_the_deadline_is_not_missing_yet(worker: DeskSide) -> None:
    worker.now = SENT.replace(hour=6, minute=59, second=59)  # received at 11:00:00
    assert "🔴 Gəlməyən: 0" in text(await worker.text("/now", person=MANAGER))
    worker.later(seconds=1)
    assert "🔴 Gəlməyən: 3" in text(await worker.text("/now", person=MANAGER))


@pytest.mark.usefixtures("place")
async def test_who_left_is_shown_with_both_times_and_who_came_back_is_in(worker: DeskSide) -> None:
    await tap_of(worker, ANAR, "Anar")
    worker.later(hours=4)
    await tap_of(worker, ANAR, "Anar")
    assert "🏁 Anar: 08:30–12:30" in lines(await worker.text("/now", person=MANAGER))
    worker.later(hours=1)
    await tap_of(worker, ANAR, "Anar")
    assert "🟢 Anar: 08:30" in lines(await worker.text("/now", person=MANAGER))


@pytest.mark.usefixtures("place")
async def test_a_late_that_was_excused_is_not_counted_and_said_to_be_excused(worker: DeskSide) -> None:
    worker.later(hours=3)
    await tap_of(worker, ANAR, "Anar")
    await worker.rows("UPDATE sessions SET excused = true")
    seen = await worker.text("/now", person=MANAGER)
    assert "🟠 Gecikən: 0" in text(seen)
    assert "🟢 Anar: 11:30 · üzrlü gecikmə 30 dəqiqə" in lines(seen)
    assert "Anar" not in text(await worker.press("now:late:0", person=MANAGER))


@pytest.mark.usefixtures("place")
async def test_a_day_off_makes_nobody_missing(worker: DeskSide) -> None:
    await worker.rows("INSERT INTO holidays VALUES ($1, true, 'Şirkətin günü')", TODAY)
    worker.later(hours=6)
    seen = lines(await worker.text("/now", person=MANAGER))
    assert "🌙 İstirahətdə: 3" in seen[2]
    assert "🌙 Anar: bu gün iş günü deyil" in seen


@pytest.mark.usefixtures("place")
async def test_a_saturday_that_the_company_works_makes_people_missing(worker: DeskSide) -> None:
    worker.later(days=5, hours=6)
    assert "🌙 İstirahətdə: 3" in text(await worker.text("/now", person=MANAGER))
    await worker.rows("INSERT INTO holidays VALUES ($1, false, 'İş şənbəsi')", TODAY + timedelta(5))
    assert "🔴 Gəlməyən: 3" in text(await worker.text("/now", person=MANAGER))


@pytest.mark.usefixtures("place")
async def test_a_night_shift_is_missing_after_its_own_deadline_and_still_in_after_midnight(worker: DeskSide) -> None:
    await schedule(worker, "Gecə", (time(22), time(6)), [ANAR, BASAT])
    worker.now = SENT.replace(hour=17, minute=50)  # 21:50
    await tap_of(worker, ANAR, "Anar")
    assert "⏳ Basat: hələ vaxtı var, işin başlanğıcı 22:00" in lines(await worker.text("/now", person=MANAGER))
    worker.later(hours=4)  # 01:50 on Tuesday
    seen = lines(await worker.text("/now", person=MANAGER))
    assert "🟢 Anar: 21:50" in seen
    assert "🔴 Basat: gəlməyib, işin başlanğıcı 22:00" in seen


@pytest.mark.usefixtures("place")
async def test_people_of_an_office_far_away_are_due_by_their_own_clock_which_is_named(worker: DeskSide) -> None:
    istanbul = await office(worker, "İstanbul", (41.01, 28.97), zone="Europe/Istanbul")
    await person(worker, 14, "Deniz", works=[istanbul])
    await person(worker, 15, "Emre", works=[istanbul])
    await worker.rows("INSERT INTO office_managers VALUES ($1, $2)", MANAGER, istanbul)
    worker.later(hours=3)  # 11:30 in Baku, 10:30 in Istanbul
    await tap_of(worker, 15, "Emre", (41.01, 28.97))
    seen = lines(await worker.text("/now", person=MANAGER))
    assert "🔴 Gəlməyən: 3" in seen[1]
    assert "⏳ Deniz: hələ vaxtı var, işin başlanğıcı 11:00 (UTC+0300)" in seen
    assert "🟢 Emre: 10:30 (UTC+0300)" in seen


@pytest.mark.usefixtures("place")
async def test_who_came_to_the_company_today_is_new_and_not_missing(worker: DeskSide) -> None:
    worker.later(hours=6)
    await worker.rows("UPDATE employees SET enrolled_at = $2 WHERE user_id = $1", ANAR, worker.now - timedelta(hours=9))
    seen = await worker.text("/now", person=MANAGER)
    assert "🆕 Anar: bu gün qoşulub" in lines(seen)
    assert "🔴 Gəlməyən: 2" in text(seen)
    await tap_of(worker, ANAR, "Anar")
    assert "🟢 Anar: 14:30 · 🟠 gecikmə 3 saat 30 dəqiqə" in lines(await worker.text("/now", person=MANAGER))


@pytest.mark.usefixtures("place")
async def test_inactive_pending_and_forgotten_people_are_not_on_the_roll(worker: DeskSide) -> None:
    for user_id, status in ((ANAR, "inactive"), (BASAT, "pending"), (CEYRAN, "forgotten")):
        await worker.rows("UPDATE employees SET status = $2 WHERE user_id = $1", user_id, status)
    assert lines(await worker.text("/now", person=MANAGER))[3:] == ["Burada heç kim yoxdur."]


@pytest.mark.usefixtures("place")
async def test_where_somebody_was_is_said_where_it_was_not_the_office(worker: DeskSide) -> None:
    await tap_of(worker, ANAR, "Anar", FAR)
    await tap_of(worker, BASAT, "Basat", **UNSURE)
    await tap_of(worker, CEYRAN, "Ceyran", horizontal_accuracy=10.0)
    worker.later(hours=9)
    await tap_of(worker, CEYRAN, "Ceyran", FAR)
    await tap_of(worker, ANAR, "Anar", **UNSURE)
    seen = lines(await worker.text("/now", person=MANAGER))
    assert seen[3:] == [
        "🟢 Basat: 08:30",
        "    📍 gələndə yeri dəqiq bilinməyib",
        "🏁 Anar: 08:30–17:30",
        "    📍 gələndə ofisdən kənarda olub",
        "    📍 gedəndə yeri dəqiq bilinməyib",
        "🏁 Ceyran: 08:30–17:30",
        "    📍 gedəndə ofisdən kənarda olub",
    ]


@pytest.mark.usefixtures("place")
async def test_a_check_out_that_was_forgotten_is_said_the_next_day(worker: DeskSide) -> None:
    await tap_of(worker, ANAR, "Anar")
    assert "❓" not in text(await worker.text("/now", person=MANAGER))
    worker.later(days=1)
    said = "    ❓ 6 iyl 2026 gedişini qeyd etməyib"
    assert said in lines(await worker.text("/now", person=MANAGER)), "though nothing has ended the session yet"
    await tap_of(worker, ANAR, "Anar")
    assert said in lines(await worker.text("/now", person=MANAGER))
    await worker.rows("UPDATE sessions SET closed_by = 'correction' WHERE closed_by = 'boundary'")
    assert said not in lines(await worker.text("/now", person=MANAGER))


@pytest.mark.usefixtures("place")
async def test_the_very_same_point_on_another_day_is_told_and_said_to_count_for_nothing(worker: DeskSide) -> None:
    await tap_of(worker, ANAR, "Anar")
    worker.later(minutes=5)
    await tap_of(worker, ANAR, "Anar")
    assert "🔎" not in text(await worker.text("/now", person=MANAGER)), "on one day it proves nothing"
    worker.later(days=1)
    await tap_of(worker, ANAR, "Anar")
    seen = lines(await worker.text("/now", person=MANAGER))
    assert "    🔎 başqa gün də tam eyni nöqtədə olub" in seen
    assert seen[-1] == "🔎 yalnız diqqət üçündür: qeydə təsir etmir və günah sayılmır."
    worker.later(days=1)
    await tap_of(worker, ANAR, "Anar", (NEAR[0] + 1e-6, NEAR[1]))
    assert "🔎" not in text(await worker.text("/now", person=MANAGER)), "a real one is never quite the same"


@pytest.mark.usefixtures("place")
async def test_of_others_at_the_very_same_point_only_the_number_is_told(worker: DeskSide) -> None:
    await person(worker, 14, "Gizli")
    for who, name in ((14, "Gizli"), (ANAR, "Anar"), (BASAT, "Basat")):
        worker.later(hours=8)
        await tap_of(worker, who, name, (NEAR[0] - who * 1e-6, NEAR[1]))
    seen = await worker.text("/now", person=MANAGER)
    assert "    🔎 tam eyni nöqtə 2 başqa nəfərdə də var" in lines(seen)
    assert "Gizli" not in text(seen)


@pytest.mark.usefixtures("place")
async def test_points_that_were_made_coarse_are_compared_no_more(worker: DeskSide) -> None:
    await tap_of(worker, ANAR, "Anar")
    await worker.rows("UPDATE attendance_events SET coarse = true")
    worker.later(days=1)
    await tap_of(worker, ANAR, "Anar")
    assert "🔎" not in text(await worker.text("/now", person=MANAGER))


@pytest.mark.usefixtures("place")
async def test_a_speed_that_no_car_has_is_told(worker: DeskSide) -> None:
    await tap_of(worker, ANAR, "Anar")
    worker.later(minutes=10)
    await tap_of(worker, ANAR, "Anar", (40.6828, 46.3606))  # Ganja: 300 km in ten minutes
    worker.later(minutes=30)
    await tap_of(worker, BASAT, "Basat")
    worker.later(minutes=30)
    await tap_of(worker, BASAT, "Basat", FAR)
    seen = text(await worker.text("/now", person=MANAGER))
    (speed,) = re.findall(r"🔎 iki yer arasında sürət ([\d.]+) km/saat", seen)
    assert 1_700 < float(speed.replace(".", "")) < 1_900


async def test_a_manager_sees_their_offices_and_an_admin_everybody(worker: DeskSide, place: int) -> None:
    await person(worker, OTHER_MANAGER, "Başqa", role="manager")
    for who, names in ((MANAGER, 3), (OTHER_MANAGER, 0), (ADMIN, 6)):
        seen = text(await worker.text("/now", person=who))
        assert f"⏳ Hələ gözlənilən: {names}" in seen
    assert await audited(worker) == [[ANAR, BASAT, CEYRAN], [], [ANAR, BASAT, CEYRAN, MANAGER, OTHER_MANAGER, ADMIN]]
    assert place


@pytest.mark.usefixtures("place")
async def test_an_employee_who_writes_a_managers_command_gets_the_ordinary_hint(worker: DeskSide) -> None:
    for command in ("/now", "/approve", "/office", "/office add Ev", "/help_me"):
        worker.later(minutes=1)
        assert text(await worker.text(command, person=ANAR)).startswith("Qeydiyyat üçün telefonda")
    for data in ("now:all:0", "office:cancel", "office:keep", "office:remove:1", "office:list:0"):
        (call,) = await worker.press(data, person=ANAR)
        assert call.params["text"] == "Bu düymə artıq işləmir."
    assert await worker.rows("SELECT FROM audit") == []


@pytest.mark.usefixtures("place")
async def test_a_manager_who_is_one_no_more_cannot_turn_the_pages_that_they_still_have(worker: DeskSide) -> None:
    await worker.text("/now", person=MANAGER)
    await worker.rows("UPDATE employees SET role = 'employee' WHERE user_id = $1", MANAGER)
    (call,) = await worker.press("now:all:0", person=MANAGER)
    assert (call.method, call.params["text"]) == ("answerCallbackQuery", "Bu düymə artıq işləmir.")


@pytest.fixture
async def crowded(worker: DeskSide, place: int) -> int:
    """Twenty more people in the office: three pages."""
    for number in range(20):
        await person(worker, 100 + number, f"Nəfər {number:02}", works=[place])
    return place


@pytest.mark.usefixtures("crowded")
async def test_buttons_turn_the_pages_in_the_same_message(worker: DeskSide) -> None:
    first = await worker.text("/now", person=MANAGER)
    assert len(lines(first)) == 3 + 8
    assert keyboard(first)["▶"] == "now:all:1"
    assert "◀" not in keyboard(first)
    assert "1/3" in keyboard(first)
    second = await worker.press("now:all:1", person=MANAGER)
    assert [call.method for call in second] == ["answerCallbackQuery", "editMessageText"]
    assert (keyboard(second)["◀"], keyboard(second)["▶"]) == ("now:all:0", "now:all:2")
    last = await worker.press("now:all:2", person=MANAGER)
    assert "▶" not in keyboard(last)
    names = [line.split(":")[0] for view in (first, second, last) for line in lines(view)[3:]]
    assert len(set(names)) == 23, "everybody once"
    shown = await audited(worker)
    assert [len(subjects) for subjects in shown] == [8, 8, 7], "those on the page, not all"


ASKED_AGAIN = ["/start", "/help", "/today", "/me", "/history", "/why", "/language", "/privacy", "/now", "/office"]


@pytest.mark.usefixtures("place")
async def test_who_asks_the_same_three_times_in_a_rush_may_get_the_newest_answer_alone(worker: DeskSide) -> None:
    topics = []
    for command in ASKED_AGAIN:
        answers = [call for _ in range(3) for call in await worker.text(command, person=MANAGER)]
        assert len(answers) == 3
        (topic,) = {call.topic for call in answers}
        topics.append(topic)
        worker.later(minutes=1)
    assert None not in topics
    assert len(set(topics)) == len(ASKED_AGAIN), "and never that to another question"


@pytest.mark.usefixtures("place")
async def test_requests_for_a_decision_never_replace_each_other(worker: DeskSide) -> None:
    await asks(worker, ANAR, SENT)
    calls = await worker.text("/approve", person=MANAGER)
    assert [call.topic for call in calls] == [None, None]


@pytest.mark.usefixtures("crowded")
async def test_of_the_pages_of_one_message_the_newest_may_be_shown_alone(worker: DeskSide) -> None:
    (answer, page) = await worker.press("now:all:1", person=MANAGER)
    assert (answer.topic, page.topic) == (None, f"editMessageText:{page.params['message_id']}")


@pytest.mark.usefixtures("crowded")
async def test_a_page_that_is_there_no_more_is_the_last_one(worker: DeskSide) -> None:
    seen = await worker.press("now:all:99999", person=MANAGER)
    assert "3/3" in keyboard(seen)
    assert len(lines(seen)) == 3 + 7


@pytest.mark.usefixtures("crowded")
async def test_buttons_show_only_those_who_are_in_late_or_missing(worker: DeskSide) -> None:
    await tap_of(worker, ANAR, "Anar")
    worker.later(hours=4)
    await tap_of(worker, BASAT, "Basat")
    counted = "🟢 İşdə: 2 · 🟠 Gecikən: 1 · 🔴 Gəlməyən: 21"
    shown = await worker.press("now:in:0", person=MANAGER)
    assert lines(shown)[1] == counted
    assert [line.split(":")[0] for line in lines(shown)[3:]] == ["🟢 Basat", "🟢 Anar"]
    assert keyboard(shown)["• 🟢 İşdə"] == "now:in:0"
    late = await worker.press("now:late:0", person=MANAGER)
    assert lines(late)[1] == counted
    assert [line.split(":")[0] for line in lines(late)[3:]] == ["🟢 Basat"]
    missing = await worker.press("now:missing:2", person=MANAGER)
    assert "3/3" in keyboard(missing)
    assert len(lines(missing)) == 3 + 5


@pytest.mark.usefixtures("place")
async def test_the_refresh_button_shows_the_same_view_at_another_second(worker: DeskSide) -> None:
    first = await worker.press("now:missing:0", person=MANAGER)
    data = keyboard(first)["🔄 Yenilə"]
    assert data == "now:missing:0"
    worker.later(seconds=1)
    second = await worker.press(data, person=MANAGER)
    assert text(first) != text(second), "Telegram refuses an edit that changes nothing"


@pytest.mark.usefixtures("place")
async def test_who_presses_faster_than_they_read_is_asked_to_wait_a_moment(worker: DeskSide) -> None:
    for _ in range(12):
        assert len(await worker.press("now:all:0", person=MANAGER)) == 2
    (call,) = await worker.press("now:all:0", person=MANAGER)
    assert (call.method, call.params["text"]) == ("answerCallbackQuery", "⏳ Bir az gözləyin, sonra yenidən basın.")
    assert "👥" not in text(await worker.text("/now", person=MANAGER))
    worker.later(minutes=1)
    assert "👥" in text(await worker.text("/now", person=MANAGER))


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("data", ["now:", "now:all", "now:all:-1", "now:all:999999", "now:secret:0", "now:all:0:x"])
async def test_a_button_that_nobody_made_is_stale(worker: DeskSide, data: str) -> None:
    (call,) = await worker.press(data, person=MANAGER)
    assert (call.method, call.params["text"]) == ("answerCallbackQuery", "Bu düymə artıq işləmir.")


async def test_names_are_in_the_order_of_the_azerbaijani_alphabet(worker: DeskSide, place: int) -> None:
    for number, name in enumerate(("Əli", "Elçin", "Fərid", "Çingiz", "Zaur", "İlqar", "Işıq", "Xədicə")):
        await person(worker, 100 + number, name, works=[place])
    found = [
        line.removeprefix("⏳ ").split(":")[0]
        for data in ("now:all:0", "now:all:1")
        for line in lines(await worker.press(data, person=MANAGER))[3:]
    ]
    assert found == [
        "Anar", "Basat", "Ceyran", "Çingiz", "Elçin", "Əli", "Fərid", "Xədicə", "Işıq", "İlqar", "Zaur",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("letter", ["Ə", "👩", "<b>&amp;"])
async def test_a_page_of_the_longest_names_with_everything_that_can_be_said_fits_a_message(
    worker: DeskSide, place: int, language: str, letter: str
) -> None:
    everybody = [*range(100, 108)]
    for user_id in everybody:
        await person(worker, user_id, (letter * 64)[:64], works=[place])
        await worker.rows("DELETE FROM employee_offices WHERE user_id < 100")
    for hours, point in ((0, FAR), (24, FAR), (24.02, NEAR), (29, (40.6828, 46.3606)), (29.02, FAR)):
        worker.now = SENT.replace(hour=4, minute=30) + timedelta(hours=hours + 4 * (hours > 0))
        for user_id in everybody:
            await tap_of(worker, user_id, (letter * 64)[:64], (point[0] - user_id * 1e-6, point[1]))
    seen = await worker.text("/now", person=MANAGER, language=language)
    texts = texts_in(language)
    for remark in ("now-came-outside", "now-gone-outside", "now-same-point"):
        assert text(seen).count(texts.say(remark)) == 8
    assert text(seen).count("🔎") >= 8 * 3 + 1
    assert len(text(seen).encode("utf-16-le")) // 2 <= 4096


async def asks(worker: DeskSide, who: int, asked_at: datetime, left: datetime | None = None) -> int:
    """An open request for a correction of today; returns its number."""
    (row,) = await worker.rows(
        "INSERT INTO corrections (user_id, workday, arrived_at, left_at, reason, asked_at, update_id) "
        "VALUES ($1, $2, $3, $4, 'Telefonum sönmüşdü', $5, 1) RETURNING correction_id",
        who,
        TODAY,
        SENT.replace(hour=5, minute=0),
        left,
        asked_at,
    )
    return int(row["correction_id"])


@pytest.mark.usefixtures("place")
async def test_with_nothing_to_decide_approve_says_so(worker: DeskSide) -> None:
    for who in (MANAGER, ADMIN):
        assert text(await worker.text("/approve", person=who)) == "✅ Qərarınızı gözləyən sorğu yoxdur."
    assert await audited(worker, "approve") == []


@pytest.mark.usefixtures("place")
async def test_approve_shows_each_correction_with_what_is_recorded_and_its_buttons(worker: DeskSide) -> None:
    await tap_of(worker, ANAR, "Anar")
    first = await asks(worker, ANAR, SENT, SENT.replace(hour=14, minute=0))
    second = await asks(worker, BASAT, SENT - timedelta(hours=1))
    heading, basat, anar = await worker.text("/approve", person=MANAGER)
    assert heading.params["text"] == "⏳ Qərarınızı gözləyən sorğu: 2. Ən köhnə 2 sorğu:"
    assert anar.params["text"].splitlines()[:-1] == [
        "✏️ Anar, 6 iyl 2026",
        "Qeyddə: 08:30–…",
        "İstəyir: 09:00–18:00",
        "Səbəb: Telefonum sönmüşdü",
    ]
    assert len({each.params["text"].splitlines()[-1] for each in (anar, basat)}) == 2, "each has a number"
    assert basat.params["text"].splitlines()[1:3] == ["Qeyddə: yoxdur", "İstəyir: 09:00–…"]
    assert list(keyboard([anar]).values()) == [f"correct:yes:{first}", f"correct:no:{first}"]
    assert list(keyboard([basat]).values()) == [f"correct:yes:{second}", f"correct:no:{second}"]
    assert await audited(worker, "approve") == [[ANAR, BASAT]]


@pytest.mark.usefixtures("place")
async def test_what_is_decided_is_not_shown_again(worker: DeskSide) -> None:
    await asks(worker, ANAR, SENT)
    await worker.rows("UPDATE corrections SET state = 'rejected'")
    assert "gözləyən sorğu yoxdur" in text(await worker.text("/approve", person=MANAGER))


@pytest.mark.usefixtures("place")
async def test_the_five_oldest_are_shown_and_how_many_there_are(worker: DeskSide) -> None:
    for hours in range(7):
        await asks(worker, ANAR, SENT - timedelta(hours=hours))
    heading, *requests = await worker.text("/approve", person=MANAGER)
    assert heading.params["text"] == "⏳ Qərarınızı gözləyən sorğu: 7. Ən köhnə 5 sorğu:"
    assert len(requests) == 5


@pytest.mark.usefixtures("place")
async def test_requests_to_be_let_in_are_for_admins(worker: DeskSide) -> None:
    await person(worker, 77, "<b>Yeni</b>", status="pending")
    assert "yoxdur" in text(await worker.text("/approve", person=MANAGER))
    _, request = await worker.text("/approve", person=ADMIN)
    assert "<b>Yeni</b>" in request.params["text"]
    assert list(keyboard([request]).values()) == ["admit:yes:77", "admit:no:77"]
    assert "parse_mode" not in request.params


async def test_nobody_but_an_admin_is_asked_to_decide_about_themselves(worker: DeskSide, place: int) -> None:
    await worker.rows("INSERT INTO employee_offices VALUES ($1, $2)", MANAGER, place)
    await asks(worker, MANAGER, SENT)
    await asks(worker, ADMIN, SENT)
    assert "yoxdur" in text(await worker.text("/approve", person=MANAGER))
    heading, *requests = await worker.text("/approve", person=ADMIN)
    assert len(requests) == 2
    assert heading.params["text"].startswith("⏳ Qərarınızı gözləyən sorğu: 2")


@pytest.mark.usefixtures("place")
async def test_a_manager_sees_no_requests_of_other_offices_and_of_people_without_one(worker: DeskSide) -> None:
    other = await office(worker, "Port Baku", (40.3756, 49.8634))
    await person(worker, 14, "Dadaş", works=[other])
    await person(worker, 15, "Elçin")
    for who in (14, 15):
        await asks(worker, who, SENT)
    assert "yoxdur" in text(await worker.text("/approve", person=MANAGER))
    assert len(await worker.text("/approve", person=ADMIN)) == 3


@pytest.mark.parametrize("language", LANGUAGES)
async def test_help_lists_the_commands_that_one_may_use(worker: DeskSide, place: int, language: str) -> None:
    told = {who: text(await worker.text("/help", person=who, language=language)) for who in (ANAR, MANAGER, ADMIN)}
    assert all("/today" in said and "/mydata" in said for said in told.values())
    assert [("/now" in said, "/office add" in said) for said in told.values()] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    assert max(map(len, told.values())) < 2_000
    assert place


async def test_a_command_that_names_the_bot_is_the_same_command(worker: DeskSide, place: int) -> None:
    assert "👥" in text(await worker.text("/now@checkin_bot", person=MANAGER))
    assert place


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_of_the_bot_has_a_line_for_telegrams_menu(language: str) -> None:
    commands = (
        "start", "today", "me", "history", "correct", "why", "language", "privacy", "mydata", "forget", "help",
        "now", "report", "office", "invite", "approve",
    )  # fmt: skip
    for command in commands:
        assert 3 <= len(texts_in(language).say(f"command-{command}")) <= 64
