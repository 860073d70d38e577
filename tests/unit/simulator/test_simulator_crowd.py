import math
from datetime import UTC, datetime
from statistics import pstdev
from typing import Any

import pytest
from aiogram.types import Update

from simulator.crowd import Crowd
from simulator.gps import METRES_PER_DEGREE
from simulator.people import hire
from simulator.server import Simulator

NINE = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


def waiting(telegram: Simulator) -> list[dict[str, Any]]:
    return telegram.updates.batch(10_000)


def test_the_same_seed_is_the_same_crowd_and_another_seed_another() -> None:
    assert hire(50, 5, seed=1) == hire(50, 5, seed=1)
    assert not {person.id for person in hire(50, 5, seed=1)} & {person.id for person in hire(50, 5, seed=2)}


def test_everybody_has_an_id_of_their_own_and_names_in_azerbaijani_letters() -> None:
    people = hire(1000, 5, seed=1)
    assert len({person.id for person in people}) == 1000
    letters = set("".join(person.first_name + person.last_name for person in people))
    assert set("əıİğşçöü") <= letters
    assert all(person.username is None or person.username.isascii() for person in people)


def test_more_offices_than_there_are_places_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 10"):
        hire(5, 11, seed=1)


async def test_every_update_is_one_that_aiogram_reads() -> None:
    telegram = Simulator()
    crowd = Crowd(telegram, employees=40)
    crowd.have_started()
    crowd.press_start(crowd.employees[0])
    await crowd.everyone_checks_in(double_taps=0.5, late=0.5)
    for update in waiting(telegram):
        Update.model_validate(update)


def test_start_carries_the_entity_of_a_command() -> None:
    telegram = Simulator()
    crowd = Crowd(telegram, employees=1)
    crowd.press_start(crowd.employees[0])
    message = waiting(telegram)[0]["message"]
    assert message["text"] == "/start"
    assert message["entities"] == [{"offset": 0, "length": 6, "type": "bot_command"}]


def test_android_quotes_the_button_and_tells_no_accuracy_and_others_the_reverse() -> None:
    telegram = Simulator()
    crowd = Crowd(telegram, employees=40)
    crowd.have_started()
    for employee in crowd.employees:
        crowd.send_location(employee)
        message = telegram.chat(employee.id)[-1].raw
        assert ("reply_to_message" in message) is employee.android
        assert ("horizontal_accuracy" in message["location"]) is not employee.android


def test_gps_jitters_by_as_many_metres_as_asked() -> None:
    telegram = Simulator()
    crowd = Crowd(telegram, employees=1, jitter_metres=15)
    employee = crowd.employees[0]
    for _ in range(800):
        crowd.send_location(employee)
    places = [message.raw["location"] for message in telegram.chat(employee.id)]
    east = math.cos(math.radians(employee.office.latitude)) * METRES_PER_DEGREE
    assert 13 < pstdev(place["latitude"] * METRES_PER_DEGREE for place in places) < 17
    assert 13 < pstdev(place["longitude"] * east for place in places) < 17


async def test_everybody_checks_in_once_and_double_taps_come_seconds_later() -> None:
    telegram = Simulator()
    crowd = Crowd(telegram, employees=30)
    ids = await crowd.everyone_checks_in(double_taps=1.0, at=NINE)
    assert len(ids) == len(set(ids)) == 60
    for employee in crowd.employees:
        first, second = (message.raw["date"] for message in telegram.chat(employee.id))
        assert first == NINE.timestamp()
        assert 1 <= second - first <= 8


async def test_the_late_are_late_by_their_date() -> None:
    telegram = Simulator()
    crowd = Crowd(telegram, employees=400)
    await crowd.everyone_checks_in(late=0.25, at=NINE)
    late = [update for update in waiting(telegram) if update["message"]["date"] >= NINE.timestamp() + 300]
    assert 70 < len(late) < 130


async def test_the_same_seed_is_the_same_morning() -> None:
    mornings = []
    for _ in range(2):
        telegram = Simulator()
        await Crowd(telegram, employees=50, seed=3).everyone_checks_in(double_taps=0.3, late=0.3, at=NINE)
        mornings.append(waiting(telegram))
    assert mornings[0] == mornings[1]
