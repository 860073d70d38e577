"""Honest locations and one tap, from Telegram's update to what the telephone shows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from local.folders import LOGS
from shared.texts import texts_in
from simulator.people import Employee
from tests.integration.company import Company, Engines, company

pytestmark = pytest.mark.long

AZ = texts_in("az")
BAKU = ZoneInfo("Asia/Baku")


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


async def answer(office: Company, person: Employee, deed: Callable[[Employee], int]) -> str:
    """What the bot says to what the person does."""
    before = len(said(office, person))
    deed(person)

    def it_is_answered() -> bool:
        return len(said(office, person)) > before

    await office.telegram.until(it_is_answered)
    return said(office, person)[-1]


def said(office: Company, person: Employee) -> list[str]:
    return [message.text for message in office.telegram.chat(person.id) if message.from_bot]


async def test_locations_that_prove_nothing_are_refused_and_an_honest_one_checks_in_and_out_and_back(
    rooms: Engines,
) -> None:
    async with company(rooms, employees=4) as office:
        crowd = office.crowd
        crowd.employees[:] = [employee.speaking("az") for employee in crowd.employees]
        anna, boris, carla, dina = crowd.employees
        assert await answer(office, anna, crowd.forward_location) == AZ.say("refused-forwarded")
        assert await answer(office, boris, crowd.send_venue) == AZ.say("refused-venue")
        assert await answer(office, carla, crowd.send_via_bot) == AZ.say("refused-via-bot")
        assert await answer(office, dina, crowd.send_scheduled) == AZ.say("refused-scheduled")
        assert await office.recorded() == (0, 0)
        label = await answer(office, boris, lambda person: crowd.say(person, AZ.say("button-location")))
        assert label == AZ.say("use-your-phone")
        assert await answer(office, carla, crowd.send_sticker) == AZ.say("hint")
        # until 04:00 the last working day that is over is the one before yesterday
        yesterday = (datetime.now(BAKU) - timedelta(hours=4)).replace(hour=10) - timedelta(days=1)
        came, went = yesterday, yesterday.replace(hour=19)
        opened = await answer(office, anna, lambda person: crowd.send_location(person, at=came))
        assert opened.startswith(AZ.say("opened"))
        closed = await answer(office, anna, lambda person: crowd.send_location(person, at=went))
        assert closed.startswith(AZ.say("closed"))
        checked_out = [message for message in office.telegram.chat(anna.id) if message.from_bot][-1]
        crowd.press_inline(anna, checked_out, AZ.say("button-undo"))
        await office.telegram.until(lambda: said(office, anna)[-1].startswith("↩️"))
        ((closed_by, end_update_id),) = await office.database.fetch("SELECT closed_by, end_update_id FROM sessions")
        assert (closed_by, end_update_id) == ("boundary", None), "open again, and its day is over"
        assert office.figures.refused_calls == 0
