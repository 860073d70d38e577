"""What managers do, the whole way: webhook in, rows in PostgreSQL, messages in Telegram's chats."""

from collections.abc import Callable
from pathlib import Path

import pytest

from local.folders import LOGS
from simulator.chats import SeenMessage
from simulator.people import Employee, hire
from tests.integration.company import Company, Engines, company

pytestmark = pytest.mark.long


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


def boss(employees: int) -> int:
    """The id of the first person of a crowd of so many, who is to be the admin."""
    return hire(employees, offices=5, seed=1)[0].id


def said(office: Company, who: Employee) -> list[SeenMessage]:
    """What the bot said to this person, oldest first."""
    return [message for message in office.telegram.chat(who.id) if message.from_bot]


def data(message: SeenMessage) -> list[str]:
    """The data of the message's buttons."""
    rows = (message.markup or {}).get("inline_keyboard", [])
    return [button["callback_data"] for row in rows for button in row]


async def answer(office: Company, who: Employee, act: Callable[[], int]) -> SeenMessage:
    """Do something, and wait for the bot's next message to this person."""
    before = len(said(office, who))
    act()
    await office.telegram.until(lambda: len(said(office, who)) > before)
    return said(office, who)[before]


async def test_a_manager_looks_who_is_in_turns_to_the_late_and_the_looks_are_written_down(rooms: Engines) -> None:
    async with company(rooms, employees=5) as office:
        crowd, telegram, database = office.crowd, office.telegram, office.database
        manager, *others = crowd.employees
        await answer(office, manager, lambda: crowd.press_start(manager))
        for employee in others[:3]:
            crowd.send_location(employee)
        await telegram.until(lambda: office.answered() == 3)
        assert "📍" in (await answer(office, manager, lambda: crowd.say(manager, "/now"))).text, "the ordinary hint"

        number = await database.fetchval(
            "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) "
            "VALUES ('Baş ofis', 40.37, 49.85, 150, 'Asia/Baku') RETURNING office_id"
        )
        await database.execute("UPDATE employees SET role = 'manager' WHERE user_id = $1", manager.id)
        await database.execute("INSERT INTO office_managers VALUES ($1, $2)", manager.id, number)
        seen = [employee.id for employee in others[:2]]
        await database.executemany("INSERT INTO employee_offices VALUES ($1, $2)", [(each, number) for each in seen])

        roll = await answer(office, manager, lambda: crowd.say(manager, "/now"))
        names = [f"{employee.first_name} {employee.last_name}: " in roll.text for employee in others]
        assert names == [True, True, False, False], "those of their office"
        before = roll.text
        crowd.press_inline(manager, roll, "now:in:0")
        await telegram.until(lambda: said(office, manager)[-1].edits == 1)
        edited = said(office, manager)[-1]
        assert edited.message_id == roll.message_id
        assert edited.text != before
        assert "now:in:0" in data(edited)
        await telegram.until(lambda: all(press.answer is not None for press in telegram.chats.presses.values()))
        looks = await database.fetch("SELECT actor_id, action, subjects FROM audit ORDER BY audit_id")
        assert [tuple(look) for look in looks] == [(manager.id, "now", sorted(seen))] * 2
        assert office.figures.refused_calls == 0


async def test_an_admin_adds_an_office_by_its_place_and_people_are_inside_of_it(rooms: Engines) -> None:
    async with company(rooms, employees=2, ADMIN_IDS=str(boss(2))) as office:
        crowd, database = office.crowd, office.database
        admin, worker = crowd.employees
        asked = await answer(office, admin, lambda: crowd.say(admin, "/office add Baş ofis radius 300"))
        assert data(asked) == ["office:cancel"]
        place = (40.3717, 49.8505)
        opened = await answer(office, admin, lambda: crowd.send_location(admin, point=place))
        assert "Baş ofis" in opened.text
        assert await office.recorded() == (0, 0), "the office's place is no check-in"
        checked_in = await answer(office, worker, lambda: crowd.send_location(worker, point=place))
        assert "Baş ofis" in checked_in.text, "an office needs no geocoder"
        assert await database.fetchval("SELECT start_fence FROM sessions") == "inside"

        listed = await answer(office, admin, lambda: crowd.say(admin, "/office"))
        assert "Baş ofis" in listed.text
        await answer(office, admin, lambda: crowd.say(admin, f"/office Baş ofis people {worker.id}"))
        assert await database.fetchval("SELECT user_id FROM employee_offices") == worker.id
        refused = await answer(office, admin, lambda: crowd.say(admin, "/office Baş ofis remove"))
        assert "remove" not in "".join(data(refused)), "somebody works there"
        assert office.figures.refused_calls == 0


async def test_an_admin_sees_what_waits_and_everybody_has_help(rooms: Engines) -> None:
    async with company(rooms, employees=2, ADMIN_IDS=str(boss(2)), REGISTRATION="approval") as office:
        crowd = office.crowd
        admin, asker = crowd.employees
        assert "/office add" in (await answer(office, admin, lambda: crowd.say(admin, "/help"))).text
        await office.database.execute(
            "INSERT INTO employees (user_id, chat_id, full_name, status) VALUES ($1, $1, 'Yeni İşçi', 'pending')",
            asker.id,
        )
        crowd.say(admin, "/approve")
        await office.telegram.until(lambda: len(said(office, admin)) == 3)
        request = said(office, admin)[-1]
        assert "Yeni İşçi" in request.text
        assert data(request) == [f"admit:yes:{asker.id}", f"admit:no:{asker.id}"]
        crowd.press_inline(admin, request, f"admit:yes:{asker.id}")
        await office.telegram.until(lambda: len(said(office, asker)) == 1)
        assert await office.database.fetchval("SELECT status FROM employees WHERE user_id = $1", asker.id) == "active"
        helped = (await answer(office, asker, lambda: crowd.say(asker, "/help"))).text
        assert "/today" in helped
        assert "/now" not in helped
        assert office.figures.refused_calls == 0
