"""Consent, what is kept, and forgetting: nothing before the one, nothing personal after the other."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from aio_pika.abc import AbstractConnection

from checkin_worker.access import CONSENT_VERSION
from shared.contracts import OutboundCall
from shared.sealed import unsealed
from shared.texts import LANGUAGES, texts_in
from tests.integration.desk_side import PERSON, DeskSide, desk_side, worker_settings

MANAGER = 903
COLLEAGUE = 5_100_000_101
AGREE = f"consent:{CONSENT_VERSION}:"

Open = Callable[..., AbstractAsyncContextManager[DeskSide]]


@pytest.fixture
def company_of(database_url: str, queues: AbstractConnection) -> Open:
    """A worker of a company that is open to all who agree, unless it is said otherwise."""

    def opened(**rules: object) -> AbstractAsyncContextManager[DeskSide]:
        return desk_side(worker_settings(database_url, **{"consent": "required", **rules}), queues)

    return opened


def data_of(call: OutboundCall) -> list[str]:
    return [button["callback_data"] for row in call.params["reply_markup"]["inline_keyboard"] for button in row]


async def counts(worker: DeskSide, *tables: str) -> list[int]:
    query = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)  # noqa: S608 - names of ours
    return list((await worker.rows(query))[0])


async def everything(worker: DeskSide) -> str:
    """All that the database holds, as text."""
    tables = await worker.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [
        str(row["row"])
        for table in tables
        for row in await worker.rows(f"SELECT t::text AS row FROM {table[0]} t")  # noqa: S608 - names of ours
    ]
    replies = [bytes(row["replies"]).decode(errors="ignore") for row in await worker.rows("SELECT replies FROM inbox")]
    return "\n".join(rows + replies)


async def forget(worker: DeskSide, person: int = PERSON) -> list[OutboundCall]:
    """Ask to be forgotten and mean it."""
    await worker.text("/forget", person=person)
    await worker.press("forget:sure", person=person)
    return await worker.press("forget:yes", person=person)


# Consent.

CONTACTS = {
    "start": {"text": "/start"},
    "text": {"text": "Salam"},
    "location": {"location": {"latitude": 40.3654321, "longitude": 49.85}},
    "command": {"text": "/forget"},
}


@pytest.mark.parametrize("fields", CONTACTS.values(), ids=CONTACTS)
async def test_whatever_a_guest_sends_first_they_are_asked_for_their_consent_and_nothing_is_recorded(
    company_of: Open, fields: dict[str, object]
) -> None:
    async with company_of() as worker:
        (terms,) = await worker.write(fields)
        assert terms.params["text"] == texts_in("az").say("consent", days=90)
        assert data_of(terms) == [AGREE, "consent:no"]
        assert await counts(worker, "employees", "attendance_events", "sessions", "consents") == [0, 0, 0, 0]
        held = await everything(worker)
        assert "Ləman" not in held
        assert "Əliyeva" not in held
        assert "40.3654321" not in held


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_consent_names_purpose_data_operations_term_withdrawal_and_deletion_in_everybodys_language(
    company_of: Open, language: str
) -> None:
    async with company_of(location_retention_days=31) as worker:
        (terms,) = await worker.text("/start", language=language)
        said = terms.params["text"]
        assert said == texts_in(language).say("consent", days=31)
        assert [mark for mark in "🔐🎯📋⚙⏳↩" if mark not in said] == []
        assert "31" in said
        assert "998-IIIQ" in said
        assert "/forget" in said
        await worker.press(AGREE, language=language)
        (row,) = await worker.rows("SELECT user_id, version, language, accepted_at FROM consents")
        assert tuple(row)[:3] == (PERSON, CONSENT_VERSION, language)
        assert (row["accepted_at"] - worker.now).total_seconds() == 1, "the moment at which it came to our door"


async def test_who_agrees_is_in_is_greeted_and_their_next_location_counts(company_of: Open) -> None:
    async with company_of() as worker:
        await worker.tap()
        _, sealed, greeting = await worker.press(AGREE)
        assert sealed.params["text"].startswith(texts_in("az").say("consent", days=90))
        assert greeting.params["text"] == texts_in("az").say("start", name="Ləman Əliyeva")
        (row,) = await worker.rows("SELECT full_name, status, consent_version FROM employees")
        assert tuple(row) == ("Ləman Əliyeva", "active", CONSENT_VERSION)
        assert await counts(worker, "attendance_events") == [0]
        await worker.tap()
        assert await counts(worker, "attendance_events", "sessions") == [1, 1]


async def test_not_now_records_nothing_and_the_way_stays_open(company_of: Open) -> None:
    async with company_of() as worker:
        await worker.text("/start")
        answer, edited = await worker.press("consent:no")
        assert (answer.method, "text" in answer.params) == ("answerCallbackQuery", False)
        assert edited.params["text"] == texts_in("az").say("consent-declined")
        assert "reply_markup" not in edited.params
        assert await counts(worker, "employees", "consents") == [0, 0]
        (terms,) = await worker.text("/start")
        assert data_of(terms) == [AGREE, "consent:no"]


async def test_a_guest_who_writes_without_end_is_not_answered_without_end(company_of: Open) -> None:
    async with company_of() as worker:
        answers = [len(await worker.tap()) for _ in range(10)]
        assert sum(answers) == 3
        worker.later(minutes=2)
        assert len(await worker.tap()) == 1


async def test_a_guests_other_buttons_are_answered_and_lead_to_the_consent(company_of: Open) -> None:
    async with company_of() as worker:
        answer, terms = await worker.press("undo:1:1")
        assert answer.method == "answerCallbackQuery"
        assert data_of(terms) == [AGREE, "consent:no"]


async def test_without_the_rule_nobody_is_asked(company_of: Open) -> None:
    async with company_of(consent="off") as worker:
        (greeting,) = await worker.text("/start")
        assert "keyboard" in greeting.params["reply_markup"]
        assert await counts(worker, "employees", "consents") == [1, 0]


async def test_a_new_version_of_the_text_asks_again_and_both_acceptances_are_kept(company_of: Open) -> None:
    async with company_of() as worker:
        await worker.text("/start")
        await worker.press(AGREE)
        await worker.rows("UPDATE consents SET version = $1", CONSENT_VERSION - 1)
        await worker.rows("UPDATE employees SET consent_version = $1, role = 'manager'", CONSENT_VERSION - 1)
        came = await worker.rows("SELECT enrolled_at FROM employees")
        worker.later(hours=1)
        (terms,) = await worker.tap()
        assert data_of(terms) == [AGREE, "consent:no"]
        assert await counts(worker, "attendance_events") == [0]
        await worker.press(AGREE)
        assert await counts(worker, "consents") == [2]
        assert await worker.rows("SELECT enrolled_at FROM employees") == came, "they did not come today"
        assert await worker.rows(
            "SELECT FROM employees WHERE consent_version = $1 AND role = 'manager'", CONSENT_VERSION
        )


async def test_an_old_texts_button_shows_the_new_text(company_of: Open) -> None:
    async with company_of() as worker:
        answer, terms = await worker.press(f"consent:{CONSENT_VERSION - 1}:")
        assert answer.method == "answerCallbackQuery"
        assert data_of(terms) == [AGREE, "consent:no"]
        assert await counts(worker, "employees") == [0]


# /privacy.


async def test_privacy_says_what_is_kept_how_long_and_when_the_person_agreed(company_of: Open) -> None:
    async with company_of(location_retention_days=31) as worker:
        await worker.press(AGREE)
        worker.later(days=3)
        (said,) = await worker.text("/privacy")
        kept = texts_in("az").say("privacy", days=31)
        assert said.params["text"] == f"{kept}\n\n✅ Razılıq verilib: 6 iyl 2026, 09:58"


async def test_privacy_says_so_where_the_company_has_the_consent_elsewhere(worker: DeskSide) -> None:
    (said,) = await worker.text("/privacy")
    assert said.params["text"].endswith(texts_in("az").say("privacy-no-consent"))


async def test_who_does_not_agree_to_a_new_text_can_still_see_and_get_what_is_kept_and_have_it_deleted(
    company_of: Open,
) -> None:
    async with company_of() as worker:
        await worker.press(AGREE)
        await worker.rows("UPDATE employees SET consent_version = $1", CONSENT_VERSION - 1)
        (said,) = await worker.text("/privacy")
        assert "🔐" in said.params["text"]
        assert await worker.text("/mydata") == [], "the file is being made"
        await forget(worker)
        assert await worker.rows("SELECT FROM employees WHERE status = 'forgotten'")


# /forget.


async def test_forget_warns_twice_and_deletes_nothing_before(worker: DeskSide) -> None:
    await worker.tap()
    (first,) = await worker.text("/forget")
    assert first.params["text"] == texts_in("az").say("forget-warning")
    assert data_of(first) == ["forget:sure", "forget:no"]
    _, second = await worker.press("forget:sure")
    assert second.params["text"] == texts_in("az").say("forget-second-warning")
    assert data_of(second) == ["forget:no", "forget:yes"], "the finger that pressed first does not hit the last button"
    _, kept = await worker.press("forget:no")
    assert kept.params["text"] == texts_in("az").say("forget-kept")
    assert await counts(worker, "attendance_events", "employees") == [1, 1]


async def test_a_button_that_is_found_again_later_deletes_nothing(worker: DeskSide) -> None:
    await worker.tap()
    shown = worker.now
    worker.later(minutes=16)
    for data in ("forget:yes", "forget:sure"):
        (answer,) = await worker.press(data, shown=shown)
        assert answer.params["text"] == texts_in("az").say("button-stale")
    assert await counts(worker, "attendance_events") == [1]


async def a_life(worker: DeskSide) -> None:
    """A manager with a week at work, in every table; and a colleague who has to do with her."""
    await worker.text("/start")
    await worker.press(AGREE)
    await worker.rows("INSERT INTO employees (user_id, full_name) VALUES ($1, 'Tural Quliyev')", COLLEAGUE)
    await worker.press("lang:en")
    for _ in range(3):
        await worker.tap()
        worker.later(hours=8)
        await worker.tap()
        worker.later(hours=16)
    await worker.tap()
    day, mine, theirs = worker.now.date(), (PERSON,), (COLLEAGUE,)
    await worker.rows(
        "UPDATE employees SET role = 'manager', official_name = 'Əliyeva Ləman Rauf qızı' WHERE user_id = $1", PERSON
    )
    await worker.rows("UPDATE sessions SET start_address = 'Nizami küçəsi 5', end_address = 'Nizami küçəsi 5'")
    (office,) = await worker.rows(
        "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) "
        "VALUES ('Baş ofis', 40.4, 49.8, 100, 'Asia/Baku') RETURNING office_id"
    )
    (schedule,) = await worker.rows(
        "INSERT INTO schedules (name, starts, ends) VALUES ('Səhər', '09:00', '18:00') RETURNING schedule_id"
    )
    await worker.rows("INSERT INTO schedule_assignments VALUES ($1, $2, $3)", PERSON, day, schedule[0])
    await worker.rows("INSERT INTO office_managers VALUES ($1, $2)", PERSON, office[0])
    await worker.rows("INSERT INTO employee_offices VALUES ($1, $2)", PERSON, office[0])
    await worker.rows("INSERT INTO absences VALUES ($1, '2026-06-01')", PERSON)
    await worker.rows("INSERT INTO reminders VALUES ($1, $2, 'checkin')", PERSON, day)
    await worker.rows("INSERT INTO throttles VALUES ($1, 'hint', now(), 1)", PERSON)
    await worker.rows("INSERT INTO campaigns (name, texts, ends_at) VALUES ('Bayram', '{}', now() + interval '1 day')")
    await worker.rows("INSERT INTO campaign_recipients SELECT campaign_id, $1 FROM campaigns", PERSON)
    (invite,) = await worker.rows(
        "INSERT INTO invites (created_by, uses_left, expires_at) VALUES ($1, 3, now() + interval '1 day') "
        "RETURNING invite_id",
        PERSON,
    )
    await worker.rows("INSERT INTO invite_uses VALUES ($1, $2)", invite[0], PERSON)
    for (user,), decided_by in ((mine, COLLEAGUE), (theirs, PERSON)):
        await worker.rows(
            "INSERT INTO corrections (user_id, workday, arrived_at, reason, asked_at, update_id, decided_by) "
            "VALUES ($1, $2, now(), 'səbəb', now(), 77, $3)",
            user,
            day,
            decided_by,
        )
        await worker.rows(
            "INSERT INTO attendance_events (user_id, sent_at, update_id, kind, received_at, workday, arrived_at, "
            "actor_id) VALUES ($1, now(), 77, 'correction', now(), $2, now(), $3)",
            user,
            day,
            decided_by,
        )
    await worker.rows("DELETE FROM corrections WHERE user_id = $1", COLLEAGUE)
    await worker.rows(
        "INSERT INTO audit (actor_id, action, subjects, update_id) VALUES ($1, 'report', $2, 5)",
        PERSON,
        [COLLEAGUE, PERSON],
    )
    await worker.rows(
        "INSERT INTO audit (actor_id, action, subjects, update_id) VALUES ($1, 'report', $2, 6)", COLLEAGUE, [PERSON]
    )


async def test_who_is_forgotten_leaves_no_name_no_number_and_no_place_anywhere(company_of: Open) -> None:
    async with company_of() as worker:
        await a_life(worker)
        before = await everything(worker)
        for word in ("Ləman", "Əliyeva", str(PERSON), "40.37171", "Nizami"):
            assert word in before
        farewell = (await forget(worker))[-1]
        assert farewell.params["reply_markup"] == {"remove_keyboard": True}
        technical = await worker.rows("DELETE FROM inbox WHERE user_id = $1 RETURNING update_id, replies", PERSON)
        replies = {row["update_id"]: repr(unsealed(row["replies"])) for row in technical}
        assert "Ləman" not in replies.pop(worker.last_update), "which keeps the farewell from being repeated"
        assert set(replies.values()) == {"[]"}, "these keep what was forgotten from being recorded again"
        after = await everything(worker)
        for word in ("Ləman", "Əliyeva", str(PERSON), "40.37171", "Nizami"):
            assert word not in after
        assert await worker.rows("SELECT FROM employees WHERE user_id = $1 AND role = 'employee'", COLLEAGUE)


async def test_an_update_that_is_handed_out_again_after_its_person_was_forgotten_brings_nothing_back(
    company_of: Open,
) -> None:
    async with company_of(consent="off", registration="open") as worker:
        await worker.tap()
        await forget(worker)
        worker.last_update = 0
        assert await worker.tap() == []
        assert await counts(worker, "attendance_events") == [0]
        assert await worker.rows("SELECT FROM employees WHERE user_id = $1", PERSON) == []


async def test_what_stays_of_who_is_forgotten_is_days_hours_and_lateness_under_a_number(company_of: Open) -> None:
    columns = "workday, ordinal, start_time, end_time, boundary, late_seconds, excused, closed_by"
    async with company_of() as worker:
        await a_life(worker)
        before = await worker.rows(f"SELECT {columns} FROM sessions WHERE user_id = $1 ORDER BY 1, 2", PERSON)  # noqa: S608 - columns of ours
        assert before[-1]["end_time"] is None
        await forget(worker)
        after = await worker.rows(f"SELECT {columns} FROM sessions WHERE user_id = -1 ORDER BY 1, 2")  # noqa: S608 - as above
        assert after[:-1] == before[:-1]
        last = after[-1]
        assert (last["end_time"], last["closed_by"]) == (last["boundary"], "boundary"), "nobody is at work for ever"
        (row,) = await worker.rows("SELECT * FROM employees WHERE user_id = -1")
        assert (row["full_name"], row["status"], row["role"]) == ("", "forgotten", "employee")
        kept = ("chat_id", "official_name", "language", "telegram_language", "consent_version")
        assert [row[name] for name in kept] == [None] * 5
        assert await worker.rows("SELECT FROM absences WHERE user_id = -1")
        assert await worker.rows("SELECT FROM employee_offices WHERE user_id = -1")
        assert await worker.rows("SELECT FROM schedule_assignments WHERE user_id = -1")
        gone = (
            "attendance_events",
            "corrections",
            "consents",
            "reminders",
            "campaign_recipients",
            "throttles",
            "invite_uses",
            "office_managers",
        )
        for table in gone:
            assert await worker.rows(f"SELECT FROM {table} WHERE user_id IN (-1, $1)", PERSON) == [], table


async def test_what_a_forgotten_manager_did_for_others_stays_under_the_number(company_of: Open) -> None:
    async with company_of() as worker:
        await a_life(worker)
        await forget(worker)
        assert await worker.rows("SELECT FROM attendance_events WHERE user_id = $1 AND actor_id = -1", COLLEAGUE)
        assert await worker.rows("SELECT FROM invites WHERE created_by = -1 AND uses_left = 3")
        audit = await worker.rows("SELECT actor_id, action, subjects FROM audit ORDER BY audit_id")
        assert [tuple(row) for row in audit] == [
            (-1, "report", [COLLEAGUE, -1]),
            (COLLEAGUE, "report", [-1]),
            (-1, "forget", [-1]),
        ]


async def test_the_farewell_says_what_was_deleted_in_the_persons_language(company_of: Open) -> None:
    async with company_of() as worker:
        await a_life(worker)
        answer, edited, farewell = await forget(worker)
        english = texts_in("en")
        assert answer.method == "answerCallbackQuery"
        assert edited.params["text"] == english.say("forgotten")
        assert farewell.params["text"].splitlines() == [
            english.say("forgotten-deleted"),
            "📍 Entries and locations deleted: 8",
            "🕘 Working days kept without a name: 4",
            english.say("forgotten-farewell"),
        ]


async def test_who_was_forgotten_is_a_guest_again_where_all_are_welcome(company_of: Open) -> None:
    async with company_of() as worker:
        await worker.press(AGREE)
        await worker.tap()
        await forget(worker)
        (terms,) = await worker.tap()
        assert data_of(terms) == [AGREE, "consent:no"]
        await worker.press(AGREE)
        assert await counts(worker, "employees") == [2]
        await forget(worker)
        rows = await worker.rows("SELECT user_id FROM employees ORDER BY user_id")
        assert [row["user_id"] for row in rows] == [-2, -1], "who comes twice is two to us"


async def test_who_was_forgotten_is_a_stranger_where_people_are_invited(company_of: Open) -> None:
    async with company_of(registration="invite", consent="off") as worker:
        await worker.rows("INSERT INTO employees (user_id, full_name) VALUES ($1, 'Ləman')", PERSON)
        await worker.tap()
        await forget(worker)
        (line,) = await worker.tap()
        assert line.params["text"] == texts_in("az").say("stranger")


async def test_the_same_press_handed_out_again_says_the_same_and_forgets_nobody_else(worker: DeskSide) -> None:
    await worker.tap()
    first = await forget(worker)
    worker.last_update -= 1
    assert [call.key for call in await worker.press("forget:yes")] == [call.key for call in first]
    assert await counts(worker, "employees") == [1]
