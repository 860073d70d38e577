"""The way in: by a manager's link, by an admin's word, or open to all; and one line for everybody else."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from aio_pika.abc import AbstractConnection

from checkin_worker.access import CONSENT_VERSION
from checkin_worker.throttle import ANSWERS
from shared.contracts import OutboundCall
from shared.texts import LANGUAGES, texts_in
from tests.integration.desk_side import NAMES, PERSON, DeskSide, delivery, desk_side, worker_settings
from tests.integration.staff import LONG_AGO

ADMIN = 901
OTHER_ADMIN = 902
MANAGER = 903
LEYLA = 5_100_000_101
STRANGER_LINE = texts_in("az").say("stranger")
NASTY = "<b>\u202eƏli</b>\x00\n*_[x](tg://user?id=1)_*{ $name }" + "ə" * 4000

Open = Callable[..., AbstractAsyncContextManager[DeskSide]]


@pytest.fixture
def company_of(database_url: str, queues: AbstractConnection) -> Open:
    """A worker of a company with these rules; by link and with a consent, unless it is said otherwise."""

    def opened(**rules: object) -> AbstractAsyncContextManager[DeskSide]:
        fields = {"registration": "invite", "consent": "required", "admin_ids": frozenset({ADMIN}), **rules}
        return desk_side(worker_settings(database_url, **fields), queues)

    return opened


async def hire(worker: DeskSide, person: int, role: str = "employee", *, language: str = "az", **row: object) -> None:
    """Somebody who has been with the company for long."""
    columns = {
        "chat_id": person,
        "full_name": f"İşçi {person}",
        "telegram_language": language,
        "consent_version": CONSENT_VERSION,
        "status": "active",
        **row,
    }
    names = ", ".join(columns)
    places = ", ".join(f"${number}" for number in range(3, 3 + len(columns)))
    statement = f"INSERT INTO employees (user_id, role, {names}) VALUES ($1, $2, {places})"  # noqa: S608 - names of ours
    await worker.rows(statement, person, role, *columns.values())


async def office(worker: DeskSide, name: str, *managers: int) -> int:
    (row,) = await worker.rows(
        "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) "
        "VALUES ($1, 40.4, 49.8, 100, 'Asia/Baku') RETURNING office_id",
        name,
    )
    for manager in managers:
        await worker.rows("INSERT INTO office_managers VALUES ($1, $2)", manager, row["office_id"])
    return int(row["office_id"])


async def person(worker: DeskSide, user_id: int) -> asyncpg.Record | None:
    rows = await worker.rows("SELECT * FROM employees WHERE user_id = $1", user_id)
    return rows[0] if rows else None


async def link_of(worker: DeskSide, command: str, who: int = MANAGER) -> str:
    """The code of the link that is answered to this command."""
    (answer,) = await worker.text(command, person=who)
    link = urlsplit(answer.params["text"].splitlines()[-1])
    assert (link.scheme, link.netloc, link.path) == ("https", "t.me", "/checkin_bot")
    return str(parse_qs(link.query)["start"][0])


def button(call: OutboundCall, row: int = 0, column: int = 0) -> str:
    """The data of a button below what was said."""
    return str(call.params["reply_markup"]["inline_keyboard"][row][column]["callback_data"])


def methods(calls: list[OutboundCall]) -> list[str]:
    return [call.method for call in calls]


def has_location_button(call: OutboundCall, language: str = "az") -> bool:
    (key,) = call.params["reply_markup"]["keyboard"][0]
    return bool(key == {"text": texts_in(language).say("button-location"), "request_location": True})


async def nobody_was_written_down(worker: DeskSide) -> bool:
    tables = ("employees", "attendance_events", "consents")
    return sum([len(await worker.rows(f"SELECT FROM {table}")) for table in tables]) == 0


async def statements(worker: DeskSide) -> list[str]:
    """What the database is asked from now on; the pool has one connection, since nothing runs at once."""
    asked: list[str] = []

    def listen(query: Any) -> None:  # noqa: ANN401 - asyncpg's record of a query
        asked.append(query.query)

    async with worker.pool.connection() as connection:
        connection.add_query_logger(listen)
    return asked


async def decisions(worker: DeskSide) -> list[str]:
    """What admins decided about whoever asked to be let in."""
    return [row["action"] for row in await worker.rows("SELECT action FROM audit WHERE action <> 'admission asked'")]


async def kept_replies(worker: DeskSide) -> str:
    return "".join(
        bytes(row["replies"]).decode(errors="replace") for row in await worker.rows("SELECT replies FROM inbox")
    )


@pytest.mark.parametrize("command", ["/start", "/language", "/privacy", "/forget", "/invite"])
async def test_who_repeats_a_command_without_end_is_not_answered_without_end(company_of: Open, command: str) -> None:
    async with company_of() as worker:
        await hire(worker, PERSON, "manager")
        answers = [len(await worker.text(command)) for _ in range(30)]
        assert sum(answers) == ANSWERS.times + 1, "and a hint"


# Strangers.

WHATEVER: dict[str, dict[str, object]] = {
    "text": {"text": "Salam, kim işləyir burada?"},
    "start": {"text": "/start"},
    "forged code": {"text": "/start " + "A" * 36},
    "long code": {"text": "/start " + "x" * 4000},
    "a command": {"text": "/report"},
    "a command for a bot": {"text": "/report@checkin_bot"},
    "forget": {"text": "/forget"},
    "location": {"location": {"latitude": 40.37, "longitude": 49.85}},
    "sticker": {"dice": {"emoji": "🎲", "value": 1}},
    "nul": {"text": "\x00"},
}


@pytest.mark.parametrize(
    ("registration", "status"),
    [
        ("invite", None),
        *((rule, status) for rule in ("invite", "approval", "open") for status in ("inactive", "pending")),
    ],
)
async def test_whoever_is_not_with_the_company_gets_the_same_line_once_a_day_and_nothing_else(
    company_of: Open, registration: str, status: str | None
) -> None:
    async with company_of(registration=registration) as worker:
        if status is not None:
            await hire(worker, PERSON, "admin", status=status)
        first, *others = WHATEVER.values()
        (line,) = await worker.write(first)
        assert line.params == {"chat_id": PERSON, "text": STRANGER_LINE}
        for fields in others:
            worker.later(hours=1)
            assert await worker.write(fields) == []
        worker.later(days=1)
        (line,) = await worker.write(others[-1])
        assert line.params["text"] == STRANGER_LINE


@pytest.mark.parametrize("fields", WHATEVER.values(), ids=WHATEVER)
async def test_whatever_a_stranger_sends_first_the_line_is_all_and_nothing_is_written_down(
    company_of: Open, fields: dict[str, object]
) -> None:
    async with company_of() as worker:
        (line,) = await worker.write(fields)
        assert line.params == {"chat_id": PERSON, "text": STRANGER_LINE}
        assert await nobody_was_written_down(worker)
        assert "Ləman" not in await kept_replies(worker)


@pytest.mark.parametrize(
    "data", ["undo:1:1", "admit:yes:1", "lang:en", "forget:yes", "consent:1:" + "A" * 36, "consent:1:", "x"]
)
async def test_a_strangers_button_is_answered_without_a_word(company_of: Open, data: str) -> None:
    async with company_of() as worker:
        await worker.text("Salam")
        (answer,) = await worker.press(data)
        assert answer.method == "answerCallbackQuery"
        assert "text" not in answer.params
        assert await nobody_was_written_down(worker)


async def test_a_former_employees_name_is_not_brought_up_to_date(company_of: Open) -> None:
    async with company_of() as worker:
        await hire(worker, PERSON, status="inactive", full_name="Köhnə Ad", chat_id=None)
        await worker.text("Salam")
        row = await person(worker, PERSON)
        assert row is not None
        assert (row["full_name"], row["chat_id"]) == ("Köhnə Ad", None)


async def test_a_command_that_names_another_bot_is_none_of_ours(company_of: Open) -> None:
    async with company_of(registration="open", consent="off") as worker:
        (ours,) = await worker.text("/start@Checkin_Bot")
        assert has_location_button(ours)
        (hint,) = await worker.text("/start@another_bot")
        assert hint.params["text"] == texts_in("az").say("hint")


# By a link.


async def test_a_managers_link_lets_one_person_in_after_their_consent_and_to_the_managers_first_office(
    company_of: Open,
) -> None:
    async with company_of() as worker:
        await hire(worker, MANAGER, "manager")
        first = await office(worker, "Baş ofis", MANAGER)
        await office(worker, "Gənclik", MANAGER)
        code = await link_of(worker, "/invite")
        (terms,) = await worker.text(f"/start {code}")
        assert terms.params["text"] == texts_in("az").say("consent", days=90)
        assert button(terms) == f"consent:{CONSENT_VERSION}:{code}"
        assert await person(worker, PERSON) is None
        worker.later(minutes=3)
        answer, sealed, greeting = await worker.press(button(terms))
        assert (answer.method, answer.params.get("text")) == ("answerCallbackQuery", None)
        assert sealed.method == "editMessageText"
        assert sealed.params["text"].splitlines()[-1] == "✅ Razılıq verilib: 6 iyl 2026, 10:01"
        assert "reply_markup" not in sealed.params
        assert "Ləman Əliyeva" in greeting.params["text"]
        assert has_location_button(greeting)
        row = await person(worker, PERSON)
        assert row is not None
        assert (row["role"], row["status"], row["full_name"]) == ("employee", "active", "Ləman Əliyeva")
        assert [tuple(row) for row in await worker.rows("SELECT user_id, office_id FROM employee_offices")] == [
            (PERSON, first)
        ]
        (taken,) = await worker.tap()
        assert "Gəlişiniz" in taken.params["text"]


async def test_a_link_for_one_lets_nobody_else_in(company_of: Open) -> None:
    async with company_of() as worker:
        await hire(worker, MANAGER, "manager")
        code = await link_of(worker, "/invite")
        (terms,) = await worker.text(f"/start {code}")
        await worker.press(button(terms))
        (line,) = await worker.text(f"/start {code}", person=LEYLA)
        assert line.params["text"] == STRANGER_LINE
        assert await person(worker, LEYLA) is None


async def test_who_agrees_when_the_link_is_used_up_or_over_gets_the_line(company_of: Open) -> None:
    async with company_of() as worker:
        await hire(worker, MANAGER, "manager")
        code = await link_of(worker, "/invite 1 1")
        (hers,) = await worker.text(f"/start {code}", person=LEYLA)
        (his,) = await worker.text(f"/start {code}")
        await worker.press(button(his))
        answer, line = await worker.press(button(hers), person=LEYLA)
        assert "text" not in answer.params
        assert line.params["text"] == STRANGER_LINE
        other = await link_of(worker, "/invite 1 1")
        (hers,) = await worker.text(f"/start {other}", person=LEYLA)
        worker.later(days=1, hours=2)
        answer, line = await worker.press(button(hers), person=LEYLA)
        assert line.params["text"] == STRANGER_LINE
        assert await person(worker, LEYLA) is None


async def test_two_who_press_the_last_use_of_a_link_at_once_are_not_both_let_in(company_of: Open) -> None:
    async with company_of() as worker:
        await hire(worker, MANAGER, "manager")
        code = await link_of(worker, "/invite 5")
        updates = [
            {
                "update_id": 1000 + number,
                "callback_query": {
                    "id": str(number),
                    "from": {"id": 7000 + number, "is_bot": False, "first_name": "Əli", "language_code": "az"},
                    "chat_instance": "1",
                    "data": f"consent:{CONSENT_VERSION}:{code}",
                    "message": {
                        "message_id": 1,
                        "date": int(worker.now.timestamp()),
                        "chat": {"id": 7000 + number, "type": "private"},
                        "text": "?",
                    },
                },
            }
            for number in range(12)
        ]
        headers = {"received_at": int(worker.now.timestamp() * 1000)}
        await asyncio.gather(*(worker.handler(delivery(update, **headers)) for update in updates))
        (row,) = await worker.rows("SELECT uses_left, (SELECT count(*) FROM invite_uses) AS used FROM invites")
        assert tuple(row) == (0, 5)
        assert len(await worker.rows("SELECT FROM employees WHERE role = 'employee'")) == 5


async def test_who_is_in_already_is_greeted_by_a_link_and_uses_nothing_up(company_of: Open) -> None:
    async with company_of() as worker:
        await hire(worker, MANAGER, "manager")
        await hire(worker, PERSON, full_name="Ləman Əliyeva")
        code = await link_of(worker, "/invite")
        (greeting,) = await worker.text(f"/start {code}")
        assert has_location_button(greeting)
        assert await worker.rows("SELECT FROM invites WHERE uses_left = 1")
        assert await worker.press(f"consent:{CONSENT_VERSION}:{code}") != []
        assert await worker.rows("SELECT FROM invites WHERE uses_left = 1")


async def test_a_second_press_of_agree_does_nothing(company_of: Open) -> None:
    async with company_of() as worker:
        await hire(worker, MANAGER, "manager")
        (terms,) = await worker.text(f"/start {await link_of(worker, '/invite 3')}")
        await worker.press(button(terms))
        assert methods(await worker.press(button(terms))) == ["answerCallbackQuery"]
        assert await worker.rows("SELECT FROM invites WHERE uses_left = 2")


async def test_without_a_consent_a_link_lets_in_at_once(company_of: Open) -> None:
    async with company_of(consent="off") as worker:
        await hire(worker, MANAGER, "manager")
        (greeting,) = await worker.text(f"/start {await link_of(worker, '/invite')}")
        assert has_location_button(greeting)
        assert await person(worker, PERSON) is not None
        assert await worker.rows("SELECT FROM consents") == []


async def test_a_forged_or_expired_code_is_refused_without_asking_the_database_for_it(company_of: Open) -> None:
    async with company_of() as worker:
        await hire(worker, MANAGER, "manager")
        code = await link_of(worker, "/invite 1 1")
        asked = await statements(worker)
        worker.later(days=1)
        for bad in (code, code[:-1] + ("A" if code[-1] != "A" else "B"), "x"):
            assert len(await worker.text(f"/start {bad}")) <= 1
        assert any("throttles" in query for query in asked)
        assert not any("invites" in query for query in asked)


@pytest.mark.parametrize("registration", ["invite", "open"])
@pytest.mark.parametrize("fields", [{"text": "/start"}, {"location": {"latitude": 40.37, "longitude": 49.85}}])
async def test_a_former_employee_costs_the_database_the_same_as_somebody_who_never_was_there(
    company_of: Open, registration: str, fields: dict[str, object]
) -> None:
    async with company_of(registration=registration) as worker:
        await hire(worker, LEYLA, "manager", status="inactive", full_name="Köhnə Ad")
        await hire(worker, MANAGER, status="pending")
        asked = await statements(worker)
        costs = []
        for somebody in (LEYLA, MANAGER) if registration == "open" else (LEYLA, MANAGER, PERSON):
            asked.clear()
            await worker.write(fields, person=somebody)
            lock, *rest = asked  # the lock has the person's number in it
            costs.append([lock.replace(str(somebody), "$1"), *(" ".join(query.split()) for query in rest)])
        assert len(costs[0]) > 3
        assert costs == [costs[0]] * len(costs)


async def test_a_person_who_left_comes_back_by_a_new_link_only_and_as_an_employee(company_of: Open) -> None:
    async with company_of(consent="off") as worker:
        await hire(worker, MANAGER, "manager")
        code = await link_of(worker, "/invite 10")
        await worker.text(f"/start {code}")
        await worker.rows("UPDATE employees SET status = 'inactive', role = 'manager' WHERE user_id = $1", PERSON)
        (line,) = await worker.text(f"/start {code}")
        assert line.params["text"] == STRANGER_LINE
        (greeting,) = await worker.text(f"/start {await link_of(worker, '/invite')}")
        assert has_location_button(greeting)
        row = await person(worker, PERSON)
        assert row is not None
        assert (row["status"], row["role"]) == ("active", "employee")


async def test_an_invitation_ends_with_the_say_of_whoever_made_it(company_of: Open) -> None:
    async with company_of(consent="off") as worker:
        await hire(worker, MANAGER, "manager")
        code = await link_of(worker, "/invite 10")
        for status, role in (("inactive", "manager"), ("active", "employee")):
            await worker.rows("UPDATE employees SET status = $1, role = $2", status, role)
            await worker.text(f"/start {code}")
            assert await person(worker, PERSON) is None
        await worker.rows("UPDATE employees SET role = 'manager'")
        await worker.text(f"/start {code}")
        assert await person(worker, PERSON) is not None


async def test_nobody_who_was_sent_away_comes_back_by_a_link_of_their_own(company_of: Open) -> None:
    async with company_of(consent="off") as worker:
        await hire(worker, MANAGER, "manager")
        code = await link_of(worker, "/invite 10")
        await worker.rows("UPDATE employees SET status = 'inactive'")
        await worker.text(f"/start {code}", person=MANAGER)
        row = await person(worker, MANAGER)
        assert row is not None
        assert row["status"] == "inactive"


# /invite.


@pytest.mark.parametrize("role", ["employee", "manager"])
async def test_only_managers_and_admins_make_links(company_of: Open, role: str) -> None:
    async with company_of() as worker:
        await hire(worker, PERSON, role)
        (answer,) = await worker.text("/invite")
        assert ("https://t.me/" in answer.params["text"]) == (role == "manager")
        assert len(await worker.rows("SELECT FROM invites")) == (role == "manager")


async def test_a_link_says_for_how_many_until_when_and_to_which_office_it_is(company_of: Open) -> None:
    async with company_of() as worker:
        await hire(worker, MANAGER, "manager")
        await office(worker, "Baş ofis", MANAGER)
        gence = await office(worker, "İçərişəhər", MANAGER)
        (answer,) = await worker.text("/invite 20 30 IÇƏRIŞƏHƏR", person=MANAGER)
        lines = answer.params["text"].splitlines()
        assert lines[:3] == [
            "🔗 20 nəfər üçün dəvət linki hazırdır",
            "🏢 İçərişəhər",
            "⏳ 5 avq 2026, saat 09:58-dək etibarlıdır",
        ]
        (row,) = await worker.rows("SELECT created_by, office_id, uses_left, expires_at FROM invites")
        assert tuple(row)[:3] == (MANAGER, gence, 20)
        assert (row["expires_at"] - worker.now).days == 30


@pytest.mark.parametrize("said", ["0", "501", "1 0", "1 91", "-1", "1 7 Başqasının ofisi", "Yoxdur"])
async def test_what_invite_cannot_do_is_explained(company_of: Open, said: str) -> None:
    async with company_of() as worker:
        await hire(worker, MANAGER, "manager")
        await office(worker, "Başqasının ofisi")
        (answer,) = await worker.text(f"/invite {said}", person=MANAGER)
        assert answer.params["text"] == texts_in("az").say("invite-usage", uses=500, days=90)
        assert await worker.rows("SELECT FROM invites") == []


async def test_an_admin_invites_to_any_office_or_to_none_in_particular(company_of: Open) -> None:
    async with company_of() as worker:
        await hire(worker, ADMIN, "admin")
        number = await office(worker, "Baş ofis")
        await link_of(worker, "/invite", ADMIN)
        await link_of(worker, "/invite baş OFIS", ADMIN)
        rows = await worker.rows("SELECT office_id FROM invites ORDER BY invite_id")
        assert [row["office_id"] for row in rows] == [None, number]


async def test_without_the_bots_name_no_link_is_made(company_of: Open) -> None:
    async with company_of(registration="open", telegram_bot_username="") as worker:
        await hire(worker, MANAGER, "manager")
        (answer,) = await worker.text("/invite", person=MANAGER)
        assert answer.params["text"] == texts_in("az").say("invite-no-bot-name")


# By an admin's word.


async def test_a_request_goes_to_every_admin_with_a_chat_in_their_language_after_the_consent(
    company_of: Open,
) -> None:
    async with company_of(registration="approval") as worker:
        await hire(worker, ADMIN, "employee", language="ru")  # by ADMIN_IDS, not by role
        await hire(worker, OTHER_ADMIN, "admin", language="en")
        await hire(worker, 904, "admin", chat_id=None)
        await hire(worker, 905, "admin", status="inactive")
        await hire(worker, MANAGER, "manager")
        (terms,) = await worker.text("/start")
        assert button(terms) == f"consent:{CONSENT_VERSION}:"
        assert await person(worker, PERSON) is None
        _, _, to_admin, to_other, to_asker = await worker.press(button(terms))
        assert (to_admin.chat_id, to_other.chat_id, to_asker.chat_id) == (ADMIN, OTHER_ADMIN, PERSON)
        asked = texts_in("ru").say("request", name="Ləman Əliyeva", account=f"@leman, {PERSON}")
        assert to_admin.params["text"] == asked
        assert [button(to_other, 0, n) for n in (0, 1)] == [f"admit:yes:{PERSON}", f"admit:no:{PERSON}"]
        assert to_asker.params["text"] == texts_in("az").say("request-passed-on")
        (line,) = await worker.text("/start")
        assert line.params["text"] == STRANGER_LINE
        assert await worker.text("/start") == []


async def test_without_a_consent_start_alone_is_the_request(company_of: Open) -> None:
    async with company_of(registration="approval", consent="off") as worker:
        await hire(worker, ADMIN, "admin")
        assert [call.chat_id for call in await worker.text("/start")] == [ADMIN, PERSON]
        row = await person(worker, PERSON)
        assert row is not None
        assert row["status"] == "pending"
        assert await worker.tap() != []
        assert await worker.rows("SELECT FROM attendance_events") == []


async def test_only_start_is_a_request(company_of: Open) -> None:
    async with company_of(registration="approval", consent="off") as worker:
        await hire(worker, ADMIN, "admin")
        (line,) = await worker.tap()
        assert line.params["text"] == STRANGER_LINE
        assert await person(worker, PERSON) is None


async def test_who_is_admitted_is_told_so_with_the_location_button_and_can_check_in(company_of: Open) -> None:
    async with company_of(registration="approval", consent="off") as worker:
        await hire(worker, ADMIN, "admin")
        await worker.text("/start", language="tr")
        admitted_at = worker.later(days=3)
        welcome, answer, edited = await worker.press(f"admit:yes:{PERSON}", person=ADMIN)
        assert (welcome.chat_id, welcome.params["text"]) == (PERSON, texts_in("tr").say("admitted"))
        assert has_location_button(welcome, "tr")
        assert (answer.method, "text" in answer.params) == ("answerCallbackQuery", False)
        assert edited.params["text"].endswith("✅ Ləman Əliyeva qəbul edildi.")
        assert "reply_markup" not in edited.params
        row = await person(worker, PERSON)
        assert row is not None
        assert row["enrolled_at"] > admitted_at, "who waited was not missed meanwhile"
        audited = await worker.rows("SELECT actor_id, action, subjects FROM audit ORDER BY audit_id")
        assert [tuple(row) for row in audited] == [(ADMIN, "admission asked", [PERSON]), (ADMIN, "admit", [PERSON])]
        (taken,) = await worker.tap()
        assert "Gəlişiniz" in taken.params["text"]


async def test_who_is_turned_away_is_told_politely_leaves_no_name_and_cannot_ask_again(company_of: Open) -> None:
    async with company_of(registration="approval") as worker:
        await hire(worker, ADMIN, "admin")
        (terms,) = await worker.text("/start")
        await worker.press(button(terms))
        sorry, _, edited = await worker.press(f"admit:no:{PERSON}", person=ADMIN)
        assert (sorry.chat_id, sorry.params["text"]) == (PERSON, texts_in("az").say("turned-away"))
        assert edited.params["text"].endswith("❌ Ləman Əliyeva qəbul edilmədi.")
        row = await person(worker, PERSON)
        assert row is not None
        assert (row["status"], row["full_name"], row["chat_id"], row["consent_version"]) == ("inactive", "", None, None)
        assert await worker.rows("SELECT FROM consents") == []
        (line,) = await worker.text("/start")
        assert line.params["text"] == STRANGER_LINE
        assert await decisions(worker) == ["turn_away"]


@pytest.mark.parametrize("first", ["yes", "no"])
async def test_a_second_admins_press_says_that_it_was_decided_and_changes_nothing(company_of: Open, first: str) -> None:
    async with company_of(registration="approval", consent="off") as worker:
        await hire(worker, ADMIN, "admin")
        await hire(worker, OTHER_ADMIN, "admin")
        await worker.text("/start")
        await worker.press(f"admit:{first}:{PERSON}", person=ADMIN)
        before = await person(worker, PERSON)
        for verdict in ("yes", "no"):
            answer, edited = await worker.press(f"admit:{verdict}:{PERSON}", person=OTHER_ADMIN)
            assert answer.params["text"] == texts_in("az").say("request-decided-already")
            assert edited.params["text"].endswith(answer.params["text"])
        assert await person(worker, PERSON) == before
        assert len(await decisions(worker)) == 1


async def test_of_two_admins_who_decide_at_once_one_decides(company_of: Open) -> None:
    async with company_of(registration="approval", consent="off") as worker:
        await hire(worker, ADMIN, "admin")
        await hire(worker, OTHER_ADMIN, "admin")
        await worker.text("/start")
        presses = [
            {
                "update_id": 2000 + admin,
                "callback_query": {
                    "id": "1",
                    "from": {"id": admin, "is_bot": False, "first_name": "Admin"},
                    "chat_instance": "1",
                    "data": f"admit:{verdict}:{PERSON}",
                    "message": {"message_id": 1, "date": 0, "chat": {"id": admin, "type": "private"}},
                },
            }
            for admin, verdict in ((ADMIN, "yes"), (OTHER_ADMIN, "no"))
        ]
        await asyncio.gather(*(worker.handler(delivery(press)) for press in presses))
        assert len(await decisions(worker)) == 1


@pytest.mark.parametrize("role", ["employee", "manager"])
async def test_nobody_but_an_admin_admits(company_of: Open, role: str) -> None:
    async with company_of(registration="approval", consent="off") as worker:
        await hire(worker, MANAGER, role)
        await worker.text("/start")
        (answer,) = await worker.press(f"admit:yes:{PERSON}", person=MANAGER)
        assert answer.params["text"] == texts_in("az").say("button-stale")
        row = await person(worker, PERSON)
        assert row is not None
        assert row["status"] == "pending"


async def test_a_list_of_requests_keeps_the_buttons_of_the_others(company_of: Open) -> None:
    async with company_of(registration="approval", consent="off") as worker:
        await hire(worker, ADMIN, "admin")
        await worker.text("/start")

        def row(user_id: int) -> list[dict[str, str]]:
            return [{"text": verdict, "callback_data": f"admit:{verdict}:{user_id}"} for verdict in ("yes", "no")]

        shown = {
            "message_id": 5,
            "date": int(worker.now.timestamp()),
            "chat": {"id": ADMIN, "type": "private"},
            "text": "Ləman, Leyla",
            "reply_markup": {"inline_keyboard": [row(PERSON), row(LEYLA)]},
        }
        user = {"id": ADMIN, "is_bot": False, "first_name": "Admin", "language_code": "az"}
        query = {"id": "1", "from": user, "message": shown, "chat_instance": "1", "data": f"admit:yes:{PERSON}"}
        *_, edited = await worker.give({"callback_query": query})
        assert edited.params["text"].startswith("Ləman, Leyla\n\n")
        assert edited.params["reply_markup"]["inline_keyboard"] == [row(LEYLA)]


async def test_a_malicious_name_is_one_harmless_line_of_a_request(company_of: Open) -> None:
    async with company_of(registration="approval", consent="off") as worker:
        await hire(worker, ADMIN, "admin")
        to_admin, _ = await worker.text("/start", first_name=NASTY)
        assert len(to_admin.params["text"].splitlines()) == 3
        assert "parse_mode" not in to_admin.params
        name = to_admin.params["text"].splitlines()[1].removeprefix("👤 ")
        assert name.startswith("<b>Əli</b> *_[x](tg")
        assert len(name) <= 64
        assert name.isprintable()


async def test_an_invited_person_who_waits_for_an_admin_needs_to_wait_no_longer(company_of: Open) -> None:
    async with company_of(registration="approval", consent="off") as worker:
        await hire(worker, ADMIN, "admin")
        await hire(worker, MANAGER, "manager")
        await worker.text("/start")
        (greeting,) = await worker.text(f"/start {await link_of(worker, '/invite')}")
        assert has_location_button(greeting)
        answer, _ = await worker.press(f"admit:no:{PERSON}", person=ADMIN)
        assert answer.params["text"] == texts_in("az").say("request-decided-already")


# Admins by id, and the open door.


@pytest.mark.parametrize("registration", ["invite", "approval", "open"])
async def test_an_admin_by_id_is_let_in_by_any_rule_and_known_as_an_admin(company_of: Open, registration: str) -> None:
    async with company_of(registration=registration) as worker:
        (terms,) = await worker.text("/start", person=ADMIN)
        *_, greeting = await worker.press(button(terms), person=ADMIN)
        assert has_location_button(greeting)
        row = await person(worker, ADMIN)
        assert row is not None
        assert (row["role"], row["status"]) == ("admin", "active")
        assert await link_of(worker, "/invite", ADMIN)


async def test_an_employee_who_is_made_an_admin_by_id_becomes_one_in_the_database_too(company_of: Open) -> None:
    async with company_of() as worker:
        await hire(worker, ADMIN, "employee", enrolled_at=LONG_AGO)
        await worker.text("/start", person=ADMIN)
        row = await person(worker, ADMIN)
        assert row is not None
        assert (row["role"], row["enrolled_at"]) == ("admin", LONG_AGO), "they did not come today"


async def test_an_open_company_without_a_consent_takes_anybodys_location(company_of: Open) -> None:
    async with company_of(registration="open", consent="off") as worker:
        (taken,) = await worker.tap()
        assert "Gəlişiniz" in taken.params["text"]


async def test_an_imported_employee_is_taken_as_one_and_their_telegram_is_known_after_the_consent_only(
    company_of: Open,
) -> None:
    async with company_of() as worker:
        await hire(worker, PERSON, "manager", chat_id=None, full_name="", consent_version=None, telegram_language=None)
        await worker.rows("UPDATE employees SET official_name = 'Əliyeva Ləman Rauf qızı'")
        (terms,) = await worker.text("/start")
        row = await person(worker, PERSON)
        assert row is not None
        assert (row["chat_id"], row["full_name"], row["telegram_language"]) == (None, "", None)
        *_, greeting = await worker.press(button(terms))
        assert "Əliyeva Ləman Rauf qızı" in greeting.params["text"]
        row = await person(worker, PERSON)
        assert row is not None
        assert (row["chat_id"], row["full_name"], row["role"]) == (PERSON, "Ləman Əliyeva", "manager")


@pytest.mark.parametrize("language", ["az\0", "ru" * 2000, "en\u202e"])
async def test_a_language_that_is_none_is_not_written_down_and_breaks_nothing(worker: DeskSide, language: str) -> None:
    (greeting,) = await worker.text("/start", language=language)
    assert greeting.params["text"] == texts_in("az").say("start", name="Ləman Əliyeva")
    row = await person(worker, PERSON)
    assert row is not None
    assert row["telegram_language"] is None


# Languages.


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_chosen_language_is_kept_and_counts_more_than_telegrams(worker: DeskSide, language: str) -> None:
    (asked,) = await worker.text("/language", language="ru")
    rows = asked.params["reply_markup"]["inline_keyboard"]
    assert [row[0]["callback_data"] for row in rows] == [f"lang:{each}" for each in LANGUAGES]
    assert [row[0]["text"].split()[-1] for row in rows] == ["Azərbaycanca", "English", "Русский", "Türkçe"]
    answer, chosen = await worker.press(f"lang:{language}", language="ru")
    assert (answer.method, "text" in answer.params) == ("answerCallbackQuery", False)
    assert chosen.params["text"] == texts_in(language).say("language-chosen")
    assert has_location_button(chosen, language)
    (greeting,) = await worker.text("/start", language="ru")
    assert greeting.params["text"] == texts_in(language).say("start", name=" ".join((NAMES["first_name"], "Əliyeva")))


@pytest.mark.parametrize(("telegram", "spoken"), [("ru", "ru"), ("en-GB", "en"), ("tr", "tr"), ("de", "az")])
async def test_until_then_telegrams_language_is_spoken_and_azerbaijani_with_all_others(
    worker: DeskSide, telegram: str, spoken: str
) -> None:
    (greeting,) = await worker.text("/start", language=telegram)
    assert has_location_button(greeting, spoken)


@pytest.mark.parametrize("data", ["lang:de", "lang:", "lang:az:1", "lang:AZ"])
async def test_a_language_that_there_is_not_is_not_chosen(worker: DeskSide, data: str) -> None:
    await worker.text("/start")
    (answer,) = await worker.press(data)
    assert answer.params["text"] == texts_in("az").say("button-stale")
    assert await worker.rows("SELECT FROM employees WHERE language IS NULL")
