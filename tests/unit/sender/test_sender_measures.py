"""What is measured of a call, and from when; a stepped clock, and a door that tests open."""

import time

import pytest
from prometheus_client import REGISTRY

from sender.telegram import Failed, Unknown
from tests.unit.sender.departures_room import FILE, Room


class Seen:
    """What a histogram has got since now."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels
        self._count, self._sum = self._read()

    def _read(self) -> tuple[float, float]:
        values = (REGISTRY.get_sample_value(f"{self._name}_{part}", self._labels) for part in ("count", "sum"))
        count, total = (value or 0.0 for value in values)
        return count, total

    @property
    def count(self) -> float:
        return self._read()[0] - self._count

    @property
    def sum(self) -> float:
        return self._read()[1] - self._sum


async def answered(room: Room, seconds: float) -> None:
    """Let Telegram answer after so long."""
    await room.until_written()
    room.now += seconds
    room.door.answer.set()


@pytest.mark.parametrize("failure", [None, Failed("Bad Gateway"), Unknown("no answer")], ids=str)
async def test_a_call_is_measured_from_its_write_to_the_answer_or_the_failure(
    room: Room, failure: Failed | Unknown | None
) -> None:
    calls = Seen("sender_call_seconds", method="sendMessage")
    room.door.outcomes = [] if failure is None else [failure]
    room.arrive(method="sendMessage")
    await answered(room, 2.5)
    await room.later(0)
    assert calls.count == 1
    assert calls.sum == pytest.approx(2.5)


async def test_an_upload_is_measured_from_its_first_part(room: Room) -> None:
    calls = Seen("sender_call_seconds", method="sendDocument")
    room.door.between = lambda: setattr(room, "now", room.now + 3)
    upload = room.arrive(FILE, method="sendDocument")
    await answered(room, 1.0)
    await upload
    assert calls.count == 1
    assert calls.sum == pytest.approx(4.0)


async def test_a_call_that_was_not_written_is_not_measured(room: Room) -> None:
    calls = Seen("sender_call_seconds", method="sendMessage")
    room.door.between = room.turn.ours.clear
    room.arrive(method="sendMessage")
    await room.until_written()
    assert calls.count == 0


async def test_a_reply_is_measured_from_its_updates_arrival_and_from_its_messages_own_date(room: Room) -> None:
    replied, told = Seen("sender_reply_seconds"), Seen("sender_told_seconds")
    room.door.answer.set()
    now = time.time()
    await room.arrive(asked_at=now - 100.0, said_at=int(now) - 200)
    assert (replied.count, told.count) == (1, 1)
    assert 100.0 <= replied.sum < 200.0 <= told.sum


async def test_what_nobody_asked_for_and_what_older_releases_queued_is_not_measured(room: Room) -> None:
    replied, told = Seen("sender_reply_seconds"), Seen("sender_told_seconds")
    room.door.answer.set()
    await room.arrive(asked_at=time.time())
    assert (replied.count, told.count) == (1, 0)
    await room.later(3)
    await room.arrive(key="8:0", said_at=int(time.time()), bulk=True)
    assert (replied.count, told.count) == (1, 0)


async def test_a_clock_of_ours_that_is_behind_telegrams_measures_nothing_below_0(room: Room) -> None:
    told = Seen("sender_told_seconds")
    room.door.answer.set()
    await room.arrive(said_at=int(time.time()) + 100)
    assert (told.count, told.sum) == (1, 0.0)
