"""Everybody gets an address, the geocoder is asked seldom and slowly, whatever dies meanwhile. 5 offices, nobody's own.

`make test-addresses` runs all of it with ADDRESS_PEOPLE=1000, as many as the promise speaks of.
"""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from local.command import operate
from local.folders import LOGS
from local.redis import Redis
from tests.integration.company import Engines
from tests.integration.geo_side import broken, nominatim, town

PEOPLE = int(os.environ.get("ADDRESS_PEOPLE", "200"))
MOST_REQUESTS = 60
LIMIT = 240.0
"""Seconds after which a test gives up; how long it takes is told, and measured by `make bench-geo`."""

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


@pytest.mark.story
async def test_nominatim_is_asked_once_a_second_and_fewer_than_60_times_for_everybody(rooms: Engines) -> None:
    async with town(rooms, PEOPLE) as here:
        await here.office.crowd.everyone_checks_in()
        await here.asked(1)
        here.tell("the first request")
        await here.everybody_has_an_address(LIMIT)
        here.tell(f"{PEOPLE} sessions have their address")
        await here.office.everybody_answered()
        assert here.office.figures.replies_per_person == {1: PEOPLE}
    assert len(here.geocoder.asked) < MOST_REQUESTS
    assert here.least_gap >= 1.0
    assert here.geocoder.most_inside == 1


@pytest.mark.story
async def test_with_an_own_photon_the_address_is_inside_the_reply(rooms: Engines) -> None:
    async with town(rooms, PEOPLE, "photon") as here:
        await here.office.crowd.everyone_checks_in()
        await here.office.everybody_answered(LIMIT)
        calls = here.office.figures.calls
        here.tell(f"{PEOPLE} replies with address, {calls / PEOPLE:.3f} calls a check-in")
        await here.everybody_has_an_address(LIMIT)
    assert len(here.geocoder.asked) < MOST_REQUESTS
    assert calls <= PEOPLE * 1.2, "edits are for the first ones, whom nothing holds up"


@pytest.mark.long
async def test_one_geo_worker_is_killed_the_other_frozen_and_thawed_and_the_first_one_told_to_stop(
    rooms: Engines,
) -> None:
    async with town(rooms, PEOPLE) as here:
        await here.office.crowd.everyone_checks_in()
        await here.asked(3)
        killed = await here.active_geo_worker()
        await here.office.fleet.kill(killed)
        here.tell(f"{killed} is killed")
        await here.asked(6)
        await here.office.fleet.start(killed)
        frozen = await here.active_geo_worker()
        here.office.fleet.send(frozen, signal.SIGSTOP)
        here.tell(f"{frozen} is frozen")
        await here.takes_over(killed)
        here.tell(f"{killed} has taken over")
        await here.asked(len(here.geocoder.asked) + 2)
        here.office.fleet.send(frozen, signal.SIGCONT)
        here.tell(f"{frozen} thaws")
        await here.asked(len(here.geocoder.asked) + 2)
        assert await here.office.fleet.stop(killed) == 0
        here.tell(f"{killed} is told to stop")
        await here.everybody_has_an_address(LIMIT)
        here.tell(f"{PEOPLE} sessions have their address")
        await here.office.everybody_answered()
        assert here.office.figures.replies_per_person == {1: PEOPLE}
    assert len(here.geocoder.asked) < MOST_REQUESTS
    assert here.least_gap >= 1.0
    assert here.geocoder.most_inside == 1


@pytest.mark.story
async def test_redis_is_killed_midway(database_url: str, rabbitmq_url: str, run: Path, tmp_path: Path) -> None:
    (tmp_path / LOGS).mkdir()
    own = Redis(tmp_path, "secret")
    await own.start()
    async with town(Engines(database_url, rabbitmq_url, own.url, run / LOGS), PEOPLE) as here:
        await here.office.crowd.everyone_checks_in()
        await here.asked(5)
        await own.kill()
        await here.everybody_has_an_address(LIMIT)
        here.tell(f"{PEOPLE} sessions have their address")
    assert len(here.geocoder.asked) < MOST_REQUESTS
    assert here.least_gap >= 1.0


@pytest.mark.story
async def test_the_geocoder_answers_500_for_twenty_seconds(rooms: Engines) -> None:
    async with town(rooms, PEOPLE) as here:
        await here.office.crowd.everyone_checks_in()
        await here.asked(3)
        here.geocoder.answer = broken
        await asyncio.sleep(20.0)  # as long as it is broken
        worker = await here.active_geo_worker()
        assert await here.office.metric(worker, 'geo_circuit_open{geocoder="nominatim"}') == 1.0
        here.geocoder.answer = nominatim
        await here.everybody_has_an_address(LIMIT)
        here.tell(f"{PEOPLE} sessions have their address")
        await here.office.everybody_answered()
        assert here.office.figures.replies_per_person == {1: PEOPLE}, "nobody waited for it, and nobody was told twice"
        assert await here.office.metric(worker, 'geo_circuit_open{geocoder="nominatim"}') == 0.0
    assert len(here.geocoder.asked) < MOST_REQUESTS
    assert here.least_gap >= 1.0


@pytest.mark.long
async def test_the_geocoder_is_switched_while_all_runs_and_the_choice_outlives_who_obeyed_it(rooms: Engines) -> None:
    environment = {"RABBITMQ_URL": rooms.rabbitmq_url, "REDIS_URL": rooms.redis_url, "PATH": os.environ["PATH"]}

    async def told(*words: str) -> None:
        await operate("geo", "use", *words, environment=environment, logs=rooms.logs)

    async with town(rooms, 4) as here:
        first, second, third, fourth = here.office.crowd.employees
        here.office.crowd.send_location(first)
        await here.asked(1)
        await told("offline")  # with status 0: the geo worker has said that it obeys
        here.office.crowd.send_location(second)
        await here.is_addressed(second.id)
        await here.office.fleet.kill(await here.active_geo_worker())
        here.office.crowd.send_location(third)
        await here.is_addressed(third.id)
        assert len(here.geocoder.asked) == 1
        await told("default")
        here.office.crowd.send_location(fourth)
        await here.asked(2)
        await here.is_addressed(fourth.id)
        rows = await here.office.database.fetch("SELECT user_id, start_address FROM sessions")
        addresses = {row["user_id"]: row["start_address"] for row in rows}
        assert [addresses[one.id].startswith("Küçə") for one in (first, second, third, fourth)] == [
            True,
            False,
            False,
            True,
        ]
