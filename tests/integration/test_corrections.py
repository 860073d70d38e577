"""A correction: asked for, decided by the first manager, folded into the day; the log keeps both."""

import asyncio
from datetime import UTC, datetime

import pytest

from shared.contracts import OutboundCall
from shared.texts import texts_in
from tests.integration import staff
from tests.integration.desk_side import PERSON, DeskSide

BOSS, OTHER_BOSS, STRANGER_BOSS, ADMIN = 71, 72, 73, 74
ASK = "/correct 06.07 09:00-18:00 telefon evdə qalmışdı"


@pytest.fixture
async def team(worker: DeskSide) -> DeskSide:
    """Leman, who works at an office with two managers, a manager of another one, and an admin; the next morning."""
    here, there = await staff.office(worker, "Baş ofis"), await staff.office(worker, "Liman", (40.3, 49.8))
    await staff.person(worker, PERSON, "Ləman Əliyeva", works=[here])
    await staff.person(worker, BOSS, "Rəşad", role="manager", works=[here], manages=[here])
    await staff.person(worker, OTHER_BOSS, "Nigar", role="manager", manages=[here])
    await staff.person(worker, STRANGER_BOSS, "Tural", role="manager", manages=[there])
    await staff.person(worker, ADMIN, "Ülviyyə", role="admin")
    await worker.rows("UPDATE employees SET official_name = full_name")  # whatever their Telegram calls them
    await worker.tap()  # 09:58, and no check-out
    worker.later(days=1)
    return worker


def to(calls: list[OutboundCall], person: int) -> list[str]:
    """What is said to this person."""
    return [str(call.params.get("text", "")) for call in calls if call.params.get("chat_id") == person]


def last_line(texts: list[str]) -> str:
    """Of the only text."""
    (text,) = texts
    return text.splitlines()[-1]


def request_to(calls: list[OutboundCall], person: int) -> dict[str, str]:
    """The buttons below the request to this manager, by what they mean."""
    (call,) = [call for call in calls if call.params.get("chat_id") == person and "reply_markup" in call.params]
    (row,) = call.params["reply_markup"]["inline_keyboard"]
    return {str(button["callback_data"]).split(":")[1]: str(button["callback_data"]) for button in row}


async def sessions(worker: DeskSide, person: int = PERSON) -> list[tuple[object, ...]]:
    rows = await worker.rows(
        "SELECT start_time AT TIME ZONE 'Asia/Baku', end_time AT TIME ZONE 'Asia/Baku', opened_by, closed_by"
        " FROM sessions WHERE user_id = $1 ORDER BY start_time",
        person,
    )
    return [(f"{row[0]:%d %H:%M}", row[1] and f"{row[1]:%d %H:%M}", row[2], row[3]) for row in rows]


async def test_a_request_goes_to_the_managers_of_the_office_and_to_admins_and_to_nobody_else(team: DeskSide) -> None:
    calls = await team.text(ASK)
    said, number = to(calls, PERSON)[0].splitlines()
    assert said == "📨 Sorğunuz rəhbərə göndərildi. Qərar haqqında yazacağıq."
    assert {call.chat_id for call in calls} == {PERSON, BOSS, OTHER_BOSS, ADMIN}
    assert to(calls, BOSS)[0].splitlines() == [
        "✏️ Ləman Əliyeva, 6 iyl 2026",
        "Qeyddə: 09:58–…",
        "İstəyir: 09:00–18:00",
        "Səbəb: telefon evdə qalmışdı",
        number,
    ]


async def test_whatever_is_said_about_a_request_bears_its_number_and_another_request_has_another(
    team: DeskSide,
) -> None:
    asked = await team.text(ASK)
    number = last_line(to(asked, PERSON))
    decided = await team.press(request_to(asked, BOSS)["yes"], person=BOSS)
    assert number.startswith("№ ")
    assert number == last_line(to(asked, BOSS)) == last_line(to(decided, PERSON))
    assert last_line(to(await team.text(ASK), PERSON)) != number


async def test_who_is_told_late_is_told_so_in_their_own_language(team: DeskSide) -> None:
    await team.rows("UPDATE employees SET language = 'ru' WHERE user_id = $1", BOSS)
    asked = await team.text(ASK)
    notes = {call.chat_id: call.late_note for call in asked}
    assert {notes[PERSON], notes[ADMIN]} == {texts_in("az").say("late-note")}
    assert notes[BOSS] == texts_in("ru").say("late-note")
    decided = await team.press(request_to(asked, BOSS)["no"], person=BOSS)
    assert {call.late_note for call in decided if call.chat_id == PERSON} == {notes[PERSON]}


async def test_an_approved_correction_takes_the_taps_place_and_the_log_keeps_both(team: DeskSide) -> None:
    asked = await team.text(ASK)
    team.later(minutes=5)
    calls = await team.press(request_to(asked, BOSS)["yes"], person=BOSS)
    assert to(calls, PERSON)[0].startswith("✅ Düzəlişiniz təsdiq edildi (Rəşad).")
    assert await sessions(team) == [("06 09:00", "06 18:00", "correction", "correction")]
    kinds = await team.rows("SELECT kind, actor_id, reason FROM attendance_events ORDER BY sent_at")
    assert [tuple(row) for row in kinds] == [("location", None, None), ("correction", BOSS, "telefon evdə qalmışdı")]
    edited = [call for call in calls if call.method == "editMessageText"]
    assert [call.params["text"].splitlines()[-1] for call in edited] == ["✅ Təsdiq edilib: Rəşad"]
    assert "reply_markup" not in edited[0].params, "the buttons are gone"
    audit = await team.rows("SELECT actor_id, action, subjects FROM audit WHERE actor_id = $1 ORDER BY audit_id", BOSS)
    assert [tuple(row) for row in audit] == [(BOSS, f"correction {what}", [PERSON]) for what in ("asked", "yes")]


async def test_a_rejected_correction_changes_nothing_and_is_told(team: DeskSide) -> None:
    before = await sessions(team)
    asked = await team.text(ASK)
    calls = await team.press(request_to(asked, ADMIN)["no"], person=ADMIN)
    assert to(calls, PERSON)[0].startswith("❌ Düzəlişiniz rədd edildi (Ülviyyə).")
    assert await sessions(team) == before


async def test_the_first_decision_holds_and_the_second_manager_is_told_whose_it_was(team: DeskSide) -> None:
    asked = await team.text(ASK)
    await team.press(request_to(asked, BOSS)["no"], person=BOSS)
    calls = await team.press(request_to(asked, OTHER_BOSS)["yes"], person=OTHER_BOSS)
    assert [call.params["text"] for call in calls if call.method == "answerCallbackQuery"] == ["❌ Rədd edilib: Rəşad"]
    assert to(calls, PERSON) == []
    assert (await sessions(team))[0][3] is None


@pytest.mark.parametrize("person", [PERSON, STRANGER_BOSS])
async def test_nobody_decides_about_themselves_or_about_other_offices_people(team: DeskSide, person: int) -> None:
    asked = await team.text(ASK)
    calls = await team.press(request_to(asked, BOSS)["yes"], person=person)
    assert {call.method for call in calls} == {"answerCallbackQuery"}
    assert (await team.rows("SELECT state FROM corrections"))[0]["state"] == "open"


async def test_a_manager_who_lost_the_office_meanwhile_decides_no_more(team: DeskSide) -> None:
    asked = await team.text(ASK)
    await team.rows("DELETE FROM office_managers WHERE user_id = $1", BOSS)
    await team.press(request_to(asked, BOSS)["yes"], person=BOSS)
    assert (await team.rows("SELECT state FROM corrections"))[0]["state"] == "open"


async def test_an_admin_may_decide_about_themselves_but_is_asked_by_nobody(team: DeskSide) -> None:
    calls = await team.text("/correct 06.07 09:00-18:00 ezamiyyət", person=ADMIN)
    assert {call.chat_id for call in calls} == {ADMIN}
    assert "rəhbər hələ yoxdur" in to(calls, ADMIN)[0]
    assert await team.rows("SELECT FROM corrections") == []


async def test_a_newer_request_about_a_day_takes_the_older_ones_place(team: DeskSide) -> None:
    first = await team.text(ASK)
    second = await team.text("/correct 06.07 09:00-17:30 düzəltdim")
    assert to(second, PERSON)[0].startswith("📨 Yeni sorğunuz")
    calls = await team.press(request_to(first, BOSS)["yes"], person=BOSS)
    assert calls[0].params["text"] == "Bu sorğu artıq yoxdur."
    await team.press(request_to(second, BOSS)["yes"], person=BOSS)
    assert await sessions(team) == [("06 09:00", "06 17:30", "correction", "correction")]


async def test_whoever_asks_without_end_disturbs_the_managers_ten_times_in_ten_minutes(team: DeskSide) -> None:
    asked = [await team.text(ASK) for _ in range(11)]
    assert [len(to(calls, BOSS)) for calls in asked] == [1] * 10 + [0]
    assert to(asked[-1], PERSON)[0].startswith("Qısa müddətdə çox sorğu")
    team.later(minutes=10)
    assert len(to(await team.text(ASK), BOSS)) == 1


async def test_the_button_below_the_next_check_in_asks_for_the_forgotten_check_out(team: DeskSide) -> None:
    (checked_in,) = await team.tap()
    ((button,),) = checked_in.params["reply_markup"]["inline_keyboard"]
    calls = await team.press(button["callback_data"])
    assert "göndərildi" in next(call.params["text"] for call in calls if call.method == "answerCallbackQuery")
    assert "İstəyir: 09:58–18:00" in to(calls, BOSS)[0]
    again = await team.press(button["callback_data"])
    assert [call.params["text"] for call in again] == ["Bu gün üçün sorğunuz artıq gözləyir."]
    await team.press(request_to(calls, BOSS)["yes"], person=BOSS)
    assert (await sessions(team))[0] == ("06 09:58", "06 18:00", "correction", "correction")
    (stale,) = await team.press(button["callback_data"])
    assert stale.params["text"] == "Bu düymə artıq işləmir."


async def test_a_button_of_another_day_or_with_an_impossible_moment_asks_for_nothing(team: DeskSide) -> None:
    days = [f"left:{day}:1783000000" for day in ("2026-07-01", "2026-13-06", "0001-01-01", "9999-12-31")]
    for data in (*days, f"left:2026-07-06:{2**39}", "left:2026-07-06:1"):
        (call,) = await team.press(data)
        assert call.method == "answerCallbackQuery"
    assert await team.rows("SELECT FROM corrections") == []


async def test_words_that_are_no_correction_are_answered_with_what_is_wrong_and_an_example(team: DeskSide) -> None:
    (call,) = await team.text("/correct")
    assert call.params["text"].endswith("Məsələn: /correct 2026-07-06 09:58-18:00 telefon evdə qalmışdı")
    (call,) = await team.text("/correct 06.07 18:00-09:00 x", language="en")
    assert call.params["text"].startswith("These hours do not fit into that working day.")


async def test_the_example_is_taken_as_it_stands(team: DeskSide) -> None:
    (call,) = await team.text("/correct")
    calls = await team.text(call.params["text"].partition("Məsələn: ")[2])
    assert to(calls, PERSON)[0].startswith("📨 Sorğunuz")
    assert "İstəyir: 09:58–18:00" in to(calls, BOSS)[0]


async def test_the_command_alone_has_a_button_for_each_forgotten_check_out_of_which_nothing_was_asked(
    team: DeskSide,
) -> None:
    await team.tap()
    team.later(days=1)
    (call,) = await team.text("/correct")
    rows = call.params["reply_markup"]["inline_keyboard"]
    assert [button["text"] for (button,) in rows] == [
        "7 iyl 2026 · Çıxış vaxtım: 18:00",
        "6 iyl 2026 · Çıxış vaxtım: 18:00",
    ]
    asked = await team.press(rows[1][0]["callback_data"])
    assert "İstəyir: 09:58–18:00" in to(asked, BOSS)[0]
    (call,) = await team.text("/correct")
    assert [data for ((data),) in call.params["reply_markup"]["inline_keyboard"]] == [rows[0][0]]
    (call,) = await team.text("/correct", person=BOSS)
    assert "reply_markup" not in call.params


async def test_a_manager_is_shown_each_stay_that_a_correction_would_replace_and_no_end_that_nobody_made(
    team: DeskSide,
) -> None:
    await team.tap()
    for hours in (2, 3, 19):  # away from 11:58 to 14:58, and no check-out before the next morning's check-in
        team.later(hours=hours)
        (tapped,) = await team.tap()
    ((button,),) = tapped.params["reply_markup"]["inline_keyboard"]
    (asked,) = to(await team.press(button["callback_data"]), BOSS)
    assert "Qeyddə: 09:58–11:58, 14:58–…" in asked
    assert to(await team.text("/approve", person=BOSS), BOSS)[1:] == [asked]


async def test_a_correction_says_nothing_about_what_came_after_it_was_asked_however_late_it_arrives(
    team: DeskSide,
) -> None:
    """Written at 10:00, at our door at 10:15: from 10:10 on is the future. A tap of 10:05 would end before it began."""
    team.now = datetime(2026, 7, 7, 6, 15, tzinfo=UTC)
    entity = {"type": "bot_command", "offset": 0, "length": 8}
    fields = {"text": "/correct 07.07 10:10 gecikdim", "entities": [entity], "date": int(team.now.timestamp()) - 900}
    calls = await team.write(fields)
    assert to(calls, PERSON)[0].startswith("Gələcək vaxt üçün düzəliş olmur.")
    assert await team.rows("SELECT FROM corrections") == []


async def test_a_correction_for_today_goes_on_with_the_taps_that_follow(team: DeskSide) -> None:
    team.now = datetime(2026, 7, 7, 10, 0, tzinfo=UTC)
    asked = await team.text("/correct 07.07 09:00 telefon evdə idi")
    team.later(minutes=10)
    await team.press(request_to(asked, BOSS)["yes"], person=BOSS)
    team.later(hours=4)
    await team.tap()
    assert (await sessions(team))[-1] == ("07 09:00", "07 18:10", "correction", "tap")


async def test_two_managers_who_decide_about_each_other_at_once_both_get_their_way(team: DeskSide) -> None:
    """Each transaction holds its manager's lock and wants the other's: one waits, or is ended and tried again."""
    await team.rows("UPDATE employees SET role = 'admin' WHERE user_id = ANY($1)", [BOSS, OTHER_BOSS])
    for person in (BOSS, OTHER_BOSS):
        await team.text("/correct 06.07 09:00-18:00 ezamiyyət", person=person)
    numbers = {row[0]: row[1] for row in await team.rows("SELECT user_id, correction_id FROM corrections")}

    async def approve(manager: int, person: int) -> None:
        for _ in range(20):
            try:
                await team.press(f"correct:yes:{numbers[person]}", person=manager)
            except Exception as problem:  # noqa: BLE001 - as the consumer does with an engine that is away
                assert "Unavailable" in type(problem).__name__  # noqa: PT017 - any other is a defect
            else:
                return

    await asyncio.gather(approve(BOSS, OTHER_BOSS), approve(OTHER_BOSS, BOSS))
    assert [row["state"] for row in await team.rows("SELECT state FROM corrections")] == ["approved"] * 2
