"""The people of a load: what they do, one thing at a time, and under which numbers."""

import csv
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from checkin_worker.incoming import said_at
from checkin_worker.replies import UNDO
from simulator.people import hire
from simulator.updates.queue import Update
from tests.load.exchange import crowd_of
from tests.load.hours import share_at
from tests.load.locusts import Wanted, write_people
from tests.load.morning import SHARES, Morning, kind_of

PEOPLE = 400


def morning(share: int = 0, shares: int = 1) -> Morning:
    exchange, crowd = crowd_of(PEOPLE, share, shares)
    return Morning(exchange, crowd, random.Random(7))  # noqa: S311 - no secret: repeatable people


def acts(played: Morning, count: int) -> list[Update]:
    """So many acts, each taken before the next."""
    done = []
    for _ in range(count):
        done.append(played.act())
        played.taken(done[-1])
    return done


def test_the_shares_are_those_of_a_morning() -> None:
    counted = Counter(kind_of(update) for update in acts(morning(), 3000))
    for kind, share in SHARES.items():
        assert counted[kind] / 3000 == pytest.approx(share / 100, abs=0.02)


def test_updates_are_whole_as_the_worker_reads_them() -> None:
    from aiogram.types import Update as Read  # noqa: PLC0415 - takes a second

    for update in acts(morning(), 100):
        read = Read.model_validate_json(update.body())
        assert read.update_id == update.update_id
        assert (read.callback_query or read.message) is not None
        assert kind_of(update) == "callback" or said_at(read) is not None


def test_ids_are_strictly_increasing_and_no_two_processes_share_one() -> None:
    first = [update.update_id for update in acts(morning(0, 2), 200)]
    second = [update.update_id for update in acts(morning(1, 2), 200)]
    assert first == sorted(set(first))
    assert second == sorted(set(second))
    assert first[-1] + 10**8 < second[0]


def test_no_two_processes_play_the_same_person() -> None:
    ones, others = ({update.chat_id for update in acts(morning(share, 2), 300)} for share in (0, 1))
    assert len(ones | others) == len(ones) + len(others) <= PEOPLE


def test_everybody_comes_before_anybody_comes_again() -> None:
    played = morning()
    came = []
    for _ in range(PEOPLE):
        update = played.check_in()
        came.append(update.chat_id)
        played.taken(update)
    assert len(set(came)) == PEOPLE
    assert played.check_in().chat_id == came[0]


def test_nobody_does_a_second_thing_while_the_first_is_not_taken() -> None:
    played = morning()
    waiting = [played.act() for _ in range(PEOPLE)]
    messages = [update.chat_id for update in waiting if update.kind == "message"]
    assert len(messages) == len(set(messages))


def test_the_button_is_the_one_below_an_answer_to_a_location_that_was_sent() -> None:
    done = acts(morning(), 500)
    sent = {(update.payload["message"]["date"], update.update_id) for update in done if kind_of(update) == "location"}
    pressed = [update.payload["callback_query"]["data"] for update in done if kind_of(update) == "callback"]
    assert pressed
    for data in pressed:
        found = re.fullmatch(rf"{UNDO}:(\d{{1,10}}):(\d{{1,18}})", data)
        assert found is not None
        assert (int(found[1]), int(found[2])) in sent


def test_the_file_of_people_names_those_who_come(tmp_path: Path) -> None:
    wanted = Wanted(users=10, seconds=60, shape="steady", processes=2)
    write_people(wanted.people, tmp_path / "people.csv")
    with (tmp_path / "people.csv").open(newline="", encoding="utf-8") as file:
        named = [int(row["user_id"]) for row in csv.DictReader(file)]
    assert named == [person.id for person in hire(300, 5, 1)]
    assert {update.chat_id for update in acts(morning(), 50)} <= {person.id for person in hire(PEOPLE, 5, 1)}


def test_a_day_has_its_rush_before_eleven_a_quiet_night_and_an_evening() -> None:
    shares = {hour / 4: share_at(hour / 4) for hour in range(97)}
    assert max(shares, key=shares.__getitem__) == 10.75
    assert shares[10.75] == 1.0
    assert all(0 < share <= 0.02 for hour, share in shares.items() if hour <= 6)
    assert max(share for hour, share in shares.items() if hour >= 12) == shares[18] == 0.7
    assert share_at(9.5) == pytest.approx(0.45)
