"""What a sender leaves behind for whoever sends next, and what it forgets itself when another has sent meanwhile."""

import asyncio
from typing import Any

import pytest

from sender.departures import NO_CACHE_PAUSE, RETRIES
from sender.items import Priority
from sender.telegram import Failed, Flood, Moved, Outcome, Unknown, Unreachable
from shared.delivery import Done, Return
from tests.unit.sender.departures_room import Room

REMINDER: dict[str, Any] = {"key": "remind:1", "if_unknown": "leave", "bulk": True}


async def settle() -> None:
    for _ in range(40):
        await asyncio.sleep(0)


async def successor_of(room: Room) -> Room:
    """The next sender, with the same Redis."""
    for task in room.tasks:
        task.cancel()
    await asyncio.gather(*room.tasks, return_exceptions=True)
    other = Room(room.store)
    room.tasks = other.tasks  # which end with the test
    other.door.answer.set()
    return other


async def test_a_reminder_of_which_nobody_knows_whether_it_went_out_is_not_made_by_the_next_sender(room: Room) -> None:
    room.door.outcomes = [Unknown("no answer")]
    room.door.answer.set()
    room.arrive(**REMINDER)
    await room.until_written()
    other = await successor_of(room)
    assert await other.arrive(**REMINDER) == Done()
    assert other.told.endings["remind:1"].outcome == "unknown"
    assert other.door.made == []


@pytest.mark.parametrize("outcome", [Flood(300.0), Failed("Bad Gateway"), Failed("not reached", counted=False)])
async def test_a_reminder_that_was_certainly_not_done_is_made_by_the_next_sender(room: Room, outcome: Outcome) -> None:
    room.door.outcomes = [outcome]
    room.door.answer.set()
    first = room.arrive(**REMINDER)
    await room.until_written()
    room.arrivals.give_back([Priority.BULK])
    assert await first == Return()
    other = await successor_of(room)
    again = other.arrive(**REMINDER)
    await other.later(400)
    assert await again == Done()
    assert [call.key for call in other.door.made] == ["remind:1"]


async def test_a_chat_is_silent_after_a_429_although_the_call_that_met_it_is_not_made_again(room: Room) -> None:
    room.door.outcomes = [Flood(60.0)]
    superseded = room.arrive(key="1:0", topic="tap", created_at=1.0)
    await settle()
    newer = room.arrive(key="2:0", topic="tap", created_at=2.0)
    await settle()
    room.door.answer.set()
    assert await superseded == Done()
    await room.later(59)
    assert [call.key for call in room.door.made] == ["1:0"]
    await room.later(1.1)
    assert await newer == Done()


async def test_a_chat_is_silent_after_a_429_for_a_call_that_the_broker_took_back(room: Room) -> None:
    room.door.outcomes = [Flood(60.0)]
    room.arrive(key="1:0").cancel()
    lost = room.arrive(key="1:0")
    await settle()
    lost.cancel()
    await settle()
    room.door.answer.set()
    await settle()
    room.arrive(key="1:0")
    await room.later(59)
    assert len(room.door.made) == 1
    await room.later(1.1)
    assert len(room.door.made) == 2


async def test_a_call_for_a_group_that_moved_is_not_made_if_the_broker_took_it_back(room: Room) -> None:
    room.door.outcomes = [Moved(-1007)]
    lost = room.arrive(chat_id=-7)
    await settle()
    lost.cancel()
    await settle()
    room.door.answer.set()
    await settle()
    await room.later(100)
    assert len(room.schedule) == 0
    assert len(room.door.made) == 1


async def test_what_telegram_said_before_another_sent_counts_no_more(room: Room) -> None:
    room.door.outcomes = [Unreachable("blocked")]
    room.door.answer.set()
    assert await room.arrive() == Done()
    room.turn.epoch += 1
    reminded = room.arrive(**REMINDER)
    await settle()
    await room.later(100)
    assert await reminded == Done()
    assert room.told.endings["remind:1"].outcome == "sent"


async def test_a_reminder_that_rests_after_a_failure_does_not_keep_a_reply_waiting(room: Room) -> None:
    room.door.outcomes = [Failed("Bad Gateway")] * len(RETRIES)
    room.door.answer.set()
    room.arrive(**REMINDER)
    while len(room.door.made) < len(RETRIES):
        await room.later(100)
    made = len(room.door.made)
    room.arrive(key="reply")
    await room.later(3)
    assert room.door.made[made].key == "reply"


async def test_a_reminder_that_waits_for_redis_does_not_keep_a_reply_waiting(room: Room) -> None:
    room.door.answer.set()
    room.store.reads_only = True
    room.arrive(**REMINDER)
    await room.later(2)
    room.arrive(key="reply")
    await room.later(NO_CACHE_PAUSE * 0.6)
    assert [call.key for call in room.door.made] == ["reply"]


async def test_what_is_given_back_while_redis_is_asked_about_it_leaves_nothing_behind(room: Room) -> None:
    room.store.slow = asyncio.Event()
    taps = [room.arrive(key=f"{number}:0", topic="tap", created_at=float(number)) for number in (1, 2)]
    await settle()
    room.arrivals.give_back()
    room.store.slow.set()
    assert [await tap for tap in taps] == [Return()] * 2
    room.arrivals.give_back()
    assert len(room.schedule) == 0
    room.door.answer.set()
    again = room.arrive(key="3:0", topic="tap", created_at=3.0)
    await room.later(2)
    assert await again == Done()


async def test_a_repetition_of_a_call_about_which_redis_cannot_be_asked_is_given_back(room: Room) -> None:
    room.store.slow = asyncio.Event()
    room.store.away = True
    first, repetition = room.arrive(**REMINDER), room.arrive(**REMINDER)
    await settle()
    room.store.slow.set()
    await settle()
    assert first.exception() is not None
    assert await repetition == Return()
