"""What a call takes of the cap from its first byte to its answer; a stepped clock, and a door that tests open."""

import time

import pytest
from prometheus_client import REGISTRY

from sender.departures import RETRIES
from sender.telegram import Failed, Flood, Moved, Sent, Unknown, Unreachable
from shared.delivery import Done, Drop
from tests.unit.sender.departures_room import FILE, GUARD, NOW, Room


async def test_a_call_takes_its_slot_from_the_moment_of_its_write_however_late_the_answer(room: Room) -> None:
    room.arrive(None)
    await room.until_written()
    assert room.pacer.delay(NOW) == pytest.approx(1.0 + GUARD)
    assert room.pacer.delay(NOW + 1.0 + GUARD) == 0


async def test_an_upload_keeps_its_slot_until_its_answer_however_long_that_takes(room: Room) -> None:
    verdict = room.arrive(FILE)
    await room.until_written()
    assert room.pacer.delay(NOW + 1000) is None
    room.door.answer.set()
    assert await verdict == Done()
    assert room.pacer.delay(NOW) == pytest.approx(1.0 + GUARD)


async def test_an_upload_stopped_on_its_way_since_the_turn_was_lost_goes_whole_when_it_is_ours_again(
    room: Room,
) -> None:
    room.door.between = room.turn.ours.clear
    verdict = room.arrive(FILE)
    await room.until_written()
    assert room.door.made == []
    assert room.pacer.delay(NOW + 0.5) == 0  # nothing was done of it, and its slot is free
    room.door.between = lambda: None
    room.now += 10
    room.turn.ours.set()
    room.door.answer.set()
    await room.until_written()
    assert await verdict == Done()
    assert [call.file for call in room.door.made] == [FILE]


async def test_a_reply_whose_answer_never_came_is_repeated_and_a_reminder_is_left(room: Room) -> None:
    room.door.outcomes = [Unknown("no answer"), Sent(9)]
    room.door.answer.set()
    reply = room.arrive()
    await room.until_written()
    await room.later(RETRIES[0] * 2)
    assert await reply == Done()
    assert len(room.door.made) == 2
    assert (room.told.endings["7:0"].outcome, room.told.endings["7:0"].doubtful) == ("sent", 1)
    room.door.outcomes = [Unknown("no answer")]
    reminder = room.arrive(key="remind:8", chat_id=8, if_unknown="leave")
    await room.later(5)
    assert await reminder == Done()
    assert len(room.door.made) == 3
    assert room.told.endings["remind:8"].outcome == "unknown"


async def test_a_reminder_that_telegram_certainly_did_not_take_is_tried_again(room: Room) -> None:
    room.door.outcomes = [Failed("Bad Gateway"), Sent(9)]
    room.door.answer.set()
    reminder = room.arrive(if_unknown="leave")
    await room.until_written()
    await room.later(RETRIES[0] * 2)
    assert await reminder == Done()
    assert room.told.endings["7:0"].outcome == "sent"


async def test_a_call_that_keeps_failing_is_tried_so_often_and_then_dead(room: Room) -> None:
    room.door.outcomes = [Failed("Bad Gateway")] * (len(RETRIES) + 1)
    room.door.answer.set()
    reply = room.arrive()
    for _ in range(len(RETRIES) + 1):
        await room.later(RETRIES[-1] * 2)
    assert await reply == Drop("Bad Gateway")
    assert len(room.door.made) == len(RETRIES) + 1
    assert room.told.endings["7:0"].outcome == "failed"


async def test_a_call_that_never_left_the_machine_is_tried_for_ever(room: Room) -> None:
    room.door.outcomes = [Failed("not reached", counted=False)] * 20
    room.door.answer.set()
    reply = room.arrive()
    for _ in range(20):
        await room.later(RETRIES[-1] * 2)
    await room.later(RETRIES[-1] * 2)
    assert await reply == Done()
    assert len(room.door.made) == 21


async def test_a_reminder_does_not_go_out_unless_redis_holds_that_it_is_under_way(room: Room) -> None:
    room.door.answer.set()
    room.pacer.hold(room.now + 1)
    reminder = room.arrive(if_unknown="leave")
    await room.later(0)
    room.store.away = True
    await room.later(5)
    assert room.door.made == []
    assert room.pacer.delay(room.now + 0.5) == 0, "it has taken nothing of the cap"
    room.store.away = False
    await room.later(5)
    await room.later(5)
    assert await reminder == Done()
    assert room.store.values["call:7:0"].startswith("5 ")


async def test_after_two_chats_were_told_to_be_silent_nothing_goes_until_both_may_speak(room: Room) -> None:
    room.door.outcomes = [Flood(3), Flood(7)]
    room.door.answer.set()
    for chat in (1, 2, 3):
        room.arrive(key=f"{chat}:0", chat_id=chat, created_at=float(chat))
    await room.later(2)
    await room.later(2)
    assert [call.chat_id for call in room.door.made] == [1, 2]
    await room.later(6.9)
    assert len(room.door.made) == 2
    for _ in range(3):
        await room.later(2)
    assert sorted(call.chat_id for call in room.door.made[2:]) == [1, 2, 3]


async def test_one_chat_that_was_told_to_be_silent_silences_nobody_else(room: Room) -> None:
    room.door.outcomes = [Flood(60)]
    room.door.answer.set()
    for chat in (1, 2):
        room.arrive(key=f"{chat}:0", chat_id=chat, created_at=float(chat))
    await room.later(2)
    await room.later(2)
    assert [call.chat_id for call in room.door.made] == [1, 2]
    await room.later(55)
    assert len(room.door.made) == 2
    await room.later(4)
    assert [call.chat_id for call in room.door.made] == [1, 2, 1]


async def test_bulk_for_somebody_whom_telegram_does_not_reach_is_not_tried_until_a_reply_reached_them(
    room: Room,
) -> None:
    room.door.outcomes = [Unreachable("Forbidden: bot was blocked by the user")]
    room.door.answer.set()
    assert await room.arrive() == Done()
    assert room.told.endings["7:0"].outcome == "unreachable"
    reminder = room.arrive(key="b", bulk=True)
    await room.later(3)
    assert await reminder == Done()
    assert len(room.door.made) == 1
    assert room.told.endings["b"].outcome == "unreachable"
    reply = room.arrive(key="8:0")
    await room.later(3)
    assert await reply == Done()
    reminder = room.arrive(key="c", bulk=True)
    await room.later(3)
    assert await reminder == Done()
    assert room.told.endings["c"].outcome == "sent"


async def test_a_late_reply_says_so_and_a_late_reminder_is_dropped(room: Room) -> None:
    room.door.answer.set()
    made = time.time() - 100
    await room.arrive(created_at=made, late_after=60.0, late_note="late")
    assert room.door.made[0].params["text"] == "x\nlate"
    await room.later(3)
    assert await room.arrive(key="r", created_at=made, late_after=60.0) == Done()
    assert room.told.endings["r"].outcome == "expired"
    assert len(room.door.made) == 1


async def test_what_waits_of_a_cancelled_campaign_is_withdrawn(room: Room) -> None:
    room.wishes.stopped.add(3)
    assert await room.arrive(campaign_id=3, bulk=True) == Done()
    assert room.told.endings["7:0"].outcome == "withdrawn"
    assert room.door.made == []


async def test_a_call_for_a_group_that_moved_follows_it(room: Room) -> None:
    room.door.outcomes = [Moved(-1007)]
    room.door.answer.set()
    call = room.arrive(chat_id=-5)
    await room.until_written()
    await room.later(3)
    assert await call == Done()
    assert [made.chat_id for made in room.door.made] == [-5, -1007]


async def test_who_takes_over_keeps_the_silences_that_telegram_asked_of_the_one_before(room: Room) -> None:
    room.store.values["silences"] = '{"1":[160.0,60.0],"0":[110.0,60.0],"9":[50.0,60.0]}'
    room.door.answer.set()
    room.turn.epoch += 1  # the right comes anew
    await room.later(2)
    for chat in (1, 2):
        room.arrive(key=f"{chat}:0", chat_id=chat)
    await room.later(7.9)
    assert room.door.made == []
    await room.later(2)
    assert [call.chat_id for call in room.door.made] == [2]
    await room.later(47)
    assert len(room.door.made) == 1
    await room.later(3)
    assert [call.chat_id for call in room.door.made] == [2, 1]


async def test_a_silence_is_kept_where_the_next_sender_finds_it(room: Room) -> None:
    room.door.outcomes = [Flood(30)]
    room.door.answer.set()
    room.arrive()
    await room.until_written()
    assert room.store.values["silences"] == '{"7":[130.0,30]}'


def late_replies() -> float:
    return REGISTRY.get_sample_value("sender_late_replies_total") or 0.0


async def test_a_reply_that_its_place_does_not_explain_is_counted_and_a_file_is_not(room: Room) -> None:
    room.door.answer.set()
    room.departures._promptness.restart(0.0)  # noqa: SLF001 - as if it had been sending for long
    before = late_replies()
    for number, (file, late_by) in enumerate([(None, 0.1), (FILE, 60.0), (None, 60.0)]):
        verdict = room.arrive(file, key=f"{number}:0", chat_id=number + 1, asked_at=time.time() - late_by)
        await room.later(5)
        assert await verdict == Done()
    assert late_replies() == before + 1
