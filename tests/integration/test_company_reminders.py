"""A day of an operator: people from a file, reminders that reach telephones, the absent, an amnesty, and old places."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from local.folders import LOGS
from simulator.people import Employee
from tests.integration.company import ONE_OF_EACH, Company, Engines, company
from tests.integration.ops_side import operator

pytestmark = pytest.mark.long


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


def hours(deadline: datetime) -> dict[str, str]:
    """A company that is due at this minute and works for eight hours."""
    end = deadline + timedelta(hours=8)
    return {"TIMEZONE": "UTC", "CHECKIN_DEADLINE": f"{deadline:%H:%M}", "WORKDAY_END": f"{end:%H:%M}"}


async def working_days(database: asyncpg.Connection, now: datetime) -> None:
    """Whatever day it is, people work."""
    days = [(now + timedelta(days=number)).date() for number in (-1, 0, 1)]
    await database.executemany("INSERT INTO holidays VALUES ($1, false, 'İş günü')", [(day,) for day in days])


def told(office: Company, person: Employee, start: str) -> list[str]:
    """What the bot has said to the person that begins so."""
    texts = [message.text for message in office.telegram.chat(person.id) if message.from_bot]
    return [text for text in texts if text.startswith(start)]


async def test_people_from_a_file_are_reminded_once_on_their_telephones_and_missed_when_they_do_not_come(
    rooms: Engines, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    engines = {"DATABASE_URL": rooms.database_url, "RABBITMQ_URL": rooms.rabbitmq_url, "CONSENT": "off"}
    settings = {**engines, **hours(now + timedelta(minutes=10))}
    invited = {"REGISTRATION": "invite", "TELEGRAM_BOT_USERNAME": "checkin_bot"}
    async with company(rooms, 4, ONE_OF_EACH, **hours(now + timedelta(minutes=10)), **invited) as office:
        arrives, forgets, left, stranger = office.crowd.employees
        file = tmp_path / "people.csv"
        people = [f"{person.id},{person.first_name} {person.last_name}" for person in (arrives, forgets, left)]
        file.write_text("\n".join(["user_id,full_name", *people, "77,Heç yazmayan"]), encoding="utf-8")
        assert await operator(settings, "employees", "import", file) == "4 new, 0 changed, 0 unchanged\n"
        await working_days(office.database, now)
        for person in (arrives, forgets, left, stranger):
            office.crowd.press_start(person)
        office.crowd.send_location(arrives)
        await office.telegram.until(lambda: len(told(office, arrives, "✅")) == 1)
        await office.telegram.until(lambda: all(office.telegram.chat(each.id)[-1].from_bot for each in (forgets, left)))
        await operator(settings, "employees", "deactivate", left.id)

        said = await operator(settings, "remind", "checkin")
        assert said == "1 person reminded; left out: 1 checked in, 1 never wrote to the bot\n"
        assert (await operator(settings, "remind", "checkin")).startswith("0 people reminded")
        await office.telegram.until(lambda: len(told(office, forgets, "⏰")) == 1)
        assert await office.recorded() == (1, 1)

        await office.database.execute("UPDATE employees SET enrolled_at = now() - interval '3 days'")
        over = {**settings, **hours(datetime.now(UTC) - timedelta(minutes=1))}
        assert "2 people absent on" in await operator(over, "close-day")
        absent = await office.database.fetch("SELECT user_id FROM absences ORDER BY user_id")
        assert [row["user_id"] for row in absent] == [77, forgets.id]
        assert (await operator(over, "close-day")).endswith("newly marked: nobody\n")

        await office.fleet.stop_all()  # what waits in the queues is sent first
        assert [len(told(office, person, "⏰")) for person in (arrives, forgets, left, stranger)] == [0, 1, 0, 0]
        assert office.figures.refused_calls == 0


async def test_a_late_that_waited_is_forgiven_and_where_somebody_was_is_forgotten_in_time(rooms: Engines) -> None:
    now = datetime.now(UTC)
    late = hours(now - timedelta(minutes=30))
    settings = {"DATABASE_URL": rooms.database_url, **late}
    async with company(rooms, 1, ONE_OF_EACH, **late) as office:
        await working_days(office.database, now)
        [person] = office.crowd.employees
        office.crowd.send_location(person, at=now - timedelta(minutes=5))
        await office.everybody_answered()
        database = office.database
        assert await database.fetchval("SELECT late_seconds > 0 AND NOT excused FROM sessions")
        days = ("--since", (now - timedelta(days=1)).date(), "--until", (now + timedelta(days=1)).date())
        assert "1 lates waited longer than 60 s" in await operator(settings, "amnesty", *days)
        assert "1 lates forgiven" in await operator(settings, "amnesty", *days, "--confirm")
        assert await database.fetchval("SELECT excused FROM sessions")

        office.crowd.send_location(person)
        await office.telegram.until(lambda: len(told(office, person, "✅")) == 2)
        assert await database.fetchval("SELECT excused AND end_time IS NOT NULL FROM sessions"), "the fold knows of it"

        assert (await operator(settings, "retain")).startswith("0 locations made coarse")
        await database.execute("UPDATE attendance_events SET sent_at = sent_at - interval '91 days'")
        assert (await operator(settings, "retain")).startswith("3 locations made coarse")
        assert await database.fetchval("SELECT count(*) FROM attendance_events WHERE address IS NOT NULL") == 0
