"""Somebody's own time, the whole way: webhook in, rows in PostgreSQL, what each telephone shows."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from local.folders import LOGS
from shared.texts import texts_in
from simulator.chats import SeenMessage
from simulator.people import Employee
from tests.integration.company import Company, Engines, company

pytestmark = pytest.mark.long

PLACE = (40.3717, 49.8505)


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


def said(office: Company, who: Employee) -> list[SeenMessage]:
    return [message for message in office.telegram.chat(who.id) if message.from_bot]


async def answer(office: Company, who: Employee, act: Callable[[], int]) -> SeenMessage:
    """Do something, and wait for the bot's next message to this person."""
    before = len(said(office, who))
    act()
    await office.telegram.until(lambda: len(said(office, who)) > before)
    return said(office, who)[before]


async def test_somebody_checks_in_and_looks_at_today_the_month_the_history_and_the_reasons(rooms: Engines) -> None:
    async with company(rooms, employees=2) as office:
        crowd, database = office.crowd, office.database
        anna, other = crowd.employees
        texts = texts_in(anna.language or "az")
        await database.execute(
            "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) VALUES ('Baş ofis', $1, $2, 150, $3)",
            *PLACE,
            "Asia/Baku",
        )
        await answer(office, anna, lambda: crowd.send_location(anna, point=PLACE))
        month_ago = datetime.now(UTC) - timedelta(days=30)
        await database.execute(
            "INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, end_time, closed_by,"
            " start_update_id) VALUES ($1, $2, 0, $3, $4, $3, 'tap', 1)",
            anna.id,
            month_ago.date(),
            month_ago,
            month_ago - timedelta(hours=8),
        )

        today = await answer(office, anna, lambda: crowd.say(anna, "/today"))
        assert "🚪" in today.text, "what was written a moment ago is there"

        month = await answer(office, anna, lambda: crowd.say(anna, "/me"))
        assert month.file is not None
        with Image.open(io.BytesIO(month.file)) as picture:
            assert picture.format == "PNG"
        assert texts.say("me-legend") in month.raw["caption"]

        pages = await answer(office, anna, lambda: crowd.say(anna, "/history"))
        newest = pages.text
        crowd.press_inline(anna, pages, "hist:14")
        await office.telegram.until(lambda: said(office, anna)[-1].edits == 1)
        older = said(office, anna)[-1]
        assert older.message_id == pages.message_id
        assert older.text != newest
        assert "hist:0" in str(older.markup)
        await office.telegram.until(lambda: office.telegram.presses(anna.id)[-1].answer is not None)

        why = await answer(office, anna, lambda: crowd.say(anna, "/why"))
        assert texts.say("why-inside", office="Baş ofis") in why.text
        assert "150" in why.text

        nothing = await answer(office, other, lambda: crowd.say(other, "/why"))
        assert nothing.text == texts_in(other.language or "az").say("why-nothing")
        assert office.figures.refused_calls == 0
        assert set((await office.fleet.stop_all()).values()) == {0}
