"""The way in and out of a whole company: from Telegram's update to the row and to what each telephone shows."""

from pathlib import Path

import pytest

from local.folders import LOGS
from shared.texts import texts_in
from simulator.chats import SeenMessage
from simulator.people import Employee, hire
from tests.integration.company import Company, Engines, company

pytestmark = pytest.mark.long

PEOPLE = 3
BOSS = hire(PEOPLE, offices=5, seed=1)[0]
"""The crowd's first one, whoever else is in it."""


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


def said(office: Company, person: Employee) -> list[SeenMessage]:
    return [message for message in office.telegram.chat(person.id) if message.from_bot]


async def heard(office: Company, person: Employee, number: int) -> SeenMessage:
    """The bot's message of this number (from 1) to the person, once it is there."""

    def it_is_there() -> bool:
        return len(said(office, person)) >= number

    await office.telegram.until(it_is_there)
    return said(office, person)[number - 1]


async def press(office: Company, person: Employee, message: SeenMessage, row: int = 0, column: int = 0) -> None:
    """Press a button and wait until it stops spinning."""
    assert message.markup is not None
    data = message.markup["inline_keyboard"][row][column]["callback_data"]
    office.crowd.press_inline(person, message, data)

    def it_is_answered() -> bool:
        return office.telegram.presses(person.id)[-1].answer is not None

    await office.telegram.until(it_is_answered)


async def test_by_the_bosss_link_somebody_agrees_works_changes_the_language_and_is_forgotten_but_no_stranger_gets_in(
    rooms: Engines,
) -> None:
    async with company(
        rooms,
        employees=PEOPLE,
        REGISTRATION="invite",
        CONSENT="required",
        ADMIN_IDS=str(BOSS.id),
        TELEGRAM_BOT_USERNAME="davamiyyet_bot",
    ) as office:
        boss, anna, stranger = office.crowd.employees
        assert boss.id == BOSS.id

        office.crowd.press_start(boss)
        await press(office, boss, await heard(office, boss, 1))
        await heard(office, boss, 2)
        office.crowd.say(boss, "/invite 1 7")
        link = (await heard(office, boss, 3)).text.splitlines()[-1]
        code = link.removeprefix("https://t.me/davamiyyet_bot?start=")

        office.crowd.say(anna, f"/start {code}")
        terms = await heard(office, anna, 1)
        assert await office.database.fetchval("SELECT count(*) FROM employees WHERE user_id = $1", anna.id) == 0
        await press(office, anna, terms)
        greeting = await heard(office, anna, 2)
        assert greeting.markup is not None
        assert greeting.markup["keyboard"][0][0]["request_location"] is True
        assert anna.first_name in greeting.text
        office.crowd.send_location(anna)
        await heard(office, anna, 3)
        assert await office.recorded() == (1, 1)

        office.crowd.say(anna, "/language")
        await press(office, anna, await heard(office, anna, 4), row=1)
        assert (await heard(office, anna, 5)).text == texts_in("en").say("language-chosen")

        office.crowd.say(stranger, f"/start {code}")
        line = await heard(office, stranger, 1)
        assert line.text == texts_in(stranger.language or "az").say("stranger")
        office.crowd.send_location(stranger)

        office.crowd.say(anna, "/forget")
        warning = await heard(office, anna, 6)
        await press(office, anna, warning)

        def she_is_warned_again() -> bool:
            return warning.text == texts_in("en").say("forget-second-warning")

        await office.telegram.until(she_is_warned_again)
        await press(office, anna, warning, row=1)
        assert "📍 Entries and locations deleted: 1" in (await heard(office, anna, 7)).text
        assert warning.text == texts_in("en").say("forgotten")
        assert warning.markup is None
        assert await office.recorded() == (0, 1)
        people = await office.database.fetch("SELECT user_id, full_name, status FROM employees ORDER BY user_id")
        assert [tuple(row) for row in people][:1] == [(-1, "", "forgotten")]
        assert [row["user_id"] for row in people] == [-1, boss.id]
        assert len(said(office, stranger)) == 1
        assert office.figures.refused_calls == 0


async def test_whoever_asks_is_let_in_by_the_first_admin_and_the_second_is_told_so(rooms: Engines) -> None:
    async with company(
        rooms, employees=PEOPLE, REGISTRATION="approval", CONSENT="off", ADMIN_IDS=str(BOSS.id)
    ) as office:
        boss, second, asker = office.crowd.employees
        office.crowd.press_start(boss)
        await heard(office, boss, 1)
        office.crowd.press_start(second)
        await press(office, boss, await heard(office, boss, 2))
        assert (await heard(office, second, 2)).text == texts_in(second.language or "az").say("admitted")
        await office.database.execute("UPDATE employees SET role = 'admin' WHERE user_id = $1", second.id)

        office.crowd.press_start(asker)
        to_boss, to_second = await heard(office, boss, 3), await heard(office, second, 3)
        assert asker.first_name in to_boss.text
        await press(office, second, to_second, column=0)
        await press(office, boss, to_boss, column=1)
        told = texts_in(boss.language or "az").say("request-decided-already")
        assert office.telegram.presses(boss.id)[-1].shown == told

        def the_buttons_are_gone() -> bool:
            return to_boss.markup is None and to_second.markup is None

        await office.telegram.until(the_buttons_are_gone)
        assert (await heard(office, asker, 2)).text == texts_in(asker.language or "az").say("admitted")
        office.crowd.send_location(asker)
        await heard(office, asker, 3)
        assert await office.recorded() == (1, 1)
        audit = await office.database.fetch("SELECT actor_id, action, subjects FROM audit ORDER BY audit_id")
        asked = "admission asked"
        assert [tuple(row) for row in audit] == [
            (boss.id, asked, [second.id]),
            (boss.id, "admit", [second.id]),
            *((admin.id, asked, [asker.id]) for admin in sorted((boss, second), key=lambda one: one.id)),
            (second.id, "admit", [asker.id]),
        ]
        assert office.figures.refused_calls == 0
