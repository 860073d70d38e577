"""A company with a replica: commands read from it, and what becomes of it is nobody's trouble."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from local.engines import Engines as SessionEngines
from local.folders import LOGS
from local.probes import answers_ok
from local.replica import Replica
from shared.database import COMMAND_TIMEOUT
from shared.texts import texts_in
from simulator.chats import SeenMessage
from simulator.people import Employee
from tests.integration.company import Company, Engines, company
from tests.integration.replica_side import follower, frozen, twin

pytestmark = pytest.mark.long

PEOPLE = 3


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


@pytest.fixture
async def replica(engines: SessionEngines, run: Path) -> AsyncIterator[Replica]:
    """A replica of the session's PostgreSQL."""
    async with follower(engines.postgres, run) as started:
        yield started


def said(office: Company, who: Employee) -> list[SeenMessage]:
    return [message for message in office.telegram.chat(who.id) if message.from_bot]


async def heard(office: Company, who: Employee, number: int) -> SeenMessage:
    """The bot's message of this number (from 1) to the person, once it is there."""
    await office.telegram.until(lambda: len(said(office, who)) >= number)
    return said(office, who)[number - 1]


async def agree_and_ask(office: Company, who: Employee) -> str:
    """Agree, ask at once what is kept, and return the answer."""
    office.crowd.press_start(who)
    terms = await heard(office, who, 1)
    assert terms.markup is not None
    office.crowd.press_inline(who, terms, terms.markup["inline_keyboard"][0][0]["callback_data"])
    await heard(office, who, 2)
    office.crowd.say(who, "/privacy")
    return (await heard(office, who, 3)).text


async def consent_of(office: Company, who: Employee) -> str:
    """What the consent that the primary holds is called in the person's language."""
    accepted = await office.database.fetchval("SELECT accepted_at FROM consents WHERE user_id = $1", who.id)
    zone = await office.database.fetchval("SELECT $1::timestamptz AT TIME ZONE 'Asia/Baku'", accepted)
    return texts_in(who.language or "az").say("consent-given", date=zone.date(), time=f"{zone:%H:%M}")


async def reads(office: Company, source: str) -> float:
    """How many reads this source served, in all workers."""
    served = 0.0
    async with aiohttp.ClientSession() as session:
        for service in office.fleet.services.values():
            async with session.get(service.metrics_url) as response:
                lines = (await response.text()).splitlines()
            wanted = f'fleet_reads_total{{source="{source}"}} '
            served += sum(float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted))
    return served


async def workers_are_ready(office: Company) -> bool:
    return all(
        [await answers_ok(each.ready_url) for each in office.fleet.services.values() if each.module == "checkin_worker"]
    )


async def test_a_command_shows_what_was_just_written_from_the_replica_and_also_while_it_is_frozen_and_after_its_death(
    rooms: Engines, replica: Replica
) -> None:
    url = await twin(replica, rooms.database_url)
    async with company(rooms, employees=PEOPLE, CONSENT="required", DATABASE_REPLICA_URLS=url) as office:
        served, hindered, bereft = office.crowd.employees
        assert (await agree_and_ask(office, served)).endswith(await consent_of(office, served))
        assert await reads(office, "replica") + await reads(office, "primary") == 1
        while not await reads(office, "replica"):  # on a busy machine it may have come too late for the first one
            office.crowd.say(served, "/privacy")
            await heard(office, served, len(said(office, served)) + 1)

        with frozen(replica.child.pid):
            async with asyncio.timeout(2 * COMMAND_TIMEOUT):
                assert (await agree_and_ask(office, hindered)).endswith(await consent_of(office, hindered))
            assert await workers_are_ready(office)
        before = await reads(office, "primary")
        assert before >= 1

        await replica.kill()
        assert (await agree_and_ask(office, bereft)).endswith(await consent_of(office, bereft))
        assert await reads(office, "primary") == before + 1
        assert await workers_are_ready(office)
        assert office.figures.refused_calls == 0
