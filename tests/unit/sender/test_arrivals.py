"""Where a change of a call and the call itself can miss each other, step by step; Redis is a dictionary here."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import pytest

from sender.arrivals import Arrivals
from sender.endings import Ending
from sender.items import Item, Priority
from sender.places import Places
from sender.schedule import Schedule
from shared.contracts import OutboundCall, encode
from shared.delivery import Delivery, Done, Drop, Return, Verdict
from shared.errors import CacheUnavailable
from shared.remembered import place_of
from tests.unit.sender.departures_room import Told

KEY = "7:0"


class Store:
    """What `Cache` promises, without the network; `slow` makes every question wait until it is released."""

    def __init__(self, values: dict[str, str] | None = None) -> None:
        self.values: dict[str, str] = {} if values is None else values
        self.slow: asyncio.Event | None = None
        self.away = False
        self.away_for = 0
        """How many of the next questions get no answer."""
        self.kept = asyncio.Event()

    async def get(self, key: str) -> str | None:
        self.away_for -= 1
        if self.away or self.away_for >= 0:
            raise CacheUnavailable("away")
        if self.slow is not None:
            await self.slow.wait()
        return self.values.get(key)

    async def put(self, key: str, value: str, seconds: int) -> None:
        del seconds
        if self.away:
            raise CacheUnavailable("away")
        self.values[key] = value
        self.kept.set()


class Room:
    """Arrivals with everything that they touch."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.store = Store()
        self.held_for = 0.0
        self.schedule = Schedule(30)
        self.patient = Store(self.store.values)
        self.places = Places(self.store, lambda: self.held_for, self.patient)
        self.changed = asyncio.Event()
        self.told = Told()
        self.arrivals = Arrivals(
            self.schedule, self.places, self.told, changed=self.changed.set, clock=lambda: self.now
        )
        self.tasks: list[asyncio.Task[Verdict]] = []

    def arrive(self, call: OutboundCall, **headers: str) -> asyncio.Task[Verdict]:
        """A message of the broker with this call."""
        delivery = Delivery(queue="q", key=call.key, body=encode(call), headers=headers, tries=0, redelivered=False)
        priority = Priority.ENRICHMENT if call.target else Priority.INTERACTIVE

        async def handled() -> Verdict:
            return await self.arrivals.handler(priority)(delivery)

        task = asyncio.create_task(handled())
        self.tasks.append(task)
        return task

    async def next(self) -> Item:
        """The next call that may go, once there is one."""
        self.now += 10
        while (item := self.schedule.next(self.now)) is None:
            self.changed.clear()
            await self.changed.wait()
        return item

    async def go(self, item: Item, message_id: int = 5, outcome: Literal["sent", "refused"] = "sent") -> None:
        """Telegram has done it, or will not."""
        reason = "no" if outcome == "refused" else ""
        ending = Ending(outcome, 1.0, reason, message_id, amended_at=item.amended_at)
        await self.places.ended(item.call.key, ending)
        self.schedule.done(item, self.now)
        self.arrivals.end(item, ending)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


def reply(key: str = KEY, **traits: Any) -> OutboundCall:  # noqa: ANN401 - fields of the call
    params = {"chat_id": 7, "text": "40.4, 49.8"}
    fields = {"created_at": time.time(), "awaits_enrichment": True} | traits
    return OutboundCall(key=key, chat_id=7, method="sendMessage", params=params, **fields)


def address(text: str = "Bakı", made: float | None = None) -> OutboundCall:
    params = {"chat_id": 7, "text": text}
    at = time.time() if made is None else made
    return OutboundCall(
        key=f"{KEY}:{text}", chat_id=7, method="editMessageText", params=params, created_at=at, target=KEY
    )


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_change_that_asks_redis_while_its_call_arrives_is_merged(room: Room) -> None:
    room.store.slow = asyncio.Event()
    change = room.arrive(address())
    await settle()  # it has seen no call, and asks Redis
    call = room.arrive(reply())
    await settle()
    room.store.slow.set()
    await settle()
    item = await room.next()
    assert item.call.params["text"] == "Bakı"
    await room.go(item)
    assert [await call, await change] == [Done(), Done()]


async def test_a_change_whose_call_is_given_back_to_the_broker_is_merged_when_both_return(room: Room) -> None:
    call, change = room.arrive(reply()), room.arrive(address())
    await settle()
    for task in (call, change):  # the connection is lost
        task.cancel()
    await settle()
    assert len(room.schedule) == 0
    room.arrive(reply())
    room.arrive(address())
    await settle()
    assert (await room.next()).call.params["text"] == "Bakı"


async def test_a_change_of_a_call_that_went_out_in_another_senders_time_becomes_an_edit(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.store.values[f"call:{KEY}"] = "4711 1795471200.250 0.0"
    room.held_for = 1000.0  # we send for long, and the change is younger than that
    monkeypatch.setattr("sender.arrivals.HELD", 0.0)
    room.arrive(address())
    item = await room.next()
    assert item.call.method == "editMessageText"
    assert item.call.params["message_id"] == 4711


async def test_a_change_made_after_a_takeover_of_a_call_made_before_it_becomes_an_edit_at_once(room: Room) -> None:
    room.held_for = 30.0
    room.store.values[place_of(KEY)] = f"5 {time.time() - 40:.3f} 0.0"
    change = room.arrive(address())
    item = await room.next()
    assert item.call.params["message_id"] == 5
    await room.go(item)
    assert await change == Done()


async def test_a_change_that_went_out_within_its_call_in_another_senders_time_is_not_made_again(room: Room) -> None:
    change = address()
    room.arrive(reply())
    room.arrive(change)
    await settle()
    await room.go(await room.next())
    successor = Room()
    successor.store.values = room.store.values
    assert await successor.arrive(change) == Done()
    assert len(successor.schedule) == 0
    newer = successor.arrive(address("Bakı, Sahil", change.created_at + 1))
    edit = await successor.next()
    assert edit.call.params["text"] == "Bakı, Sahil"
    await successor.go(edit)
    assert await newer == Done()


async def test_a_change_merged_into_a_call_that_turns_out_to_be_sent_already_becomes_an_edit(room: Room) -> None:
    room.store.values[f"call:{KEY}"] = "4711 1795471200.250 0.0"
    room.store.slow = asyncio.Event()
    call = room.arrive(reply())
    await settle()  # it waits for Redis' word
    room.arrive(address())
    await settle()
    room.store.slow.set()
    item = await room.next()
    assert item.call.params["message_id"] == 4711
    assert await call == Done()


async def test_a_call_of_our_own_time_is_not_asked_about(room: Room) -> None:
    room.held_for = 100.0
    room.store.slow = asyncio.Event()  # an answer would never come
    room.arrive(reply(awaits_enrichment=False))
    await settle()
    assert (await room.next()).call.key == KEY


async def test_a_call_that_a_wrong_clock_dates_into_the_future_is_asked_about(room: Room) -> None:
    room.held_for = 1000.0
    room.store.values[place_of(KEY)] = f"5 {time.time():.3f} 0.0"
    assert await room.arrive(reply(created_at=time.time() + 600)) == Done()
    assert room.schedule.get(KEY) is None, "it went out in another sender's time"


async def test_a_call_is_asked_about_while_this_process_does_not_hold_the_right(room: Room) -> None:
    room.store.values[f"call:{KEY}"] = "4711 1795471200.250 0.0"
    assert await room.arrive(reply()) == Done()
    assert len(room.schedule) == 0


async def test_a_call_that_went_out_in_another_senders_time_is_told_again_as_it_was(room: Room) -> None:
    room.store.values[f"call:{KEY}"] = "4711 1795471200.250 0.0"
    assert await room.arrive(reply()) == Done()
    assert room.told.endings[KEY] == Ending("sent", 1795471200.25, message_id=4711, before=True)


async def test_a_change_of_a_call_that_failed_vanishes(room: Room) -> None:
    call = room.arrive(reply(awaits_enrichment=False))
    await room.go(await room.next(), outcome="refused")
    assert await call == Drop("no")
    assert await room.arrive(address()) == Done()
    assert len(room.schedule) == 0


async def test_a_call_that_failed_may_be_made_again(room: Room) -> None:
    first = room.arrive(reply(awaits_enrichment=False))
    await room.go(await room.next(), outcome="refused")
    await first
    again = room.arrive(reply(awaits_enrichment=False))
    await room.go(await room.next())
    assert await again == Done()


async def test_of_several_changes_of_a_message_that_is_out_the_last_wins_and_costs_one_edit(room: Room) -> None:
    call = room.arrive(reply(awaits_enrichment=False))
    await room.go(await room.next())
    await call
    now = time.time()
    changes = [room.arrive(address(text, now + at)) for text, at in (("one", 1), ("three", 3), ("two", 2))]
    await settle()
    edit = await room.next()
    assert edit.call.params["text"] == "three"
    assert room.schedule.next(room.now) is None
    await room.go(edit)
    assert [await change for change in changes] == [Done()] * 3
    assert await room.arrive(address("before", now)) == Done()
    assert len(room.schedule) == 0


async def test_of_the_answers_to_three_double_taps_one_goes_out_and_all_are_settled(room: Room) -> None:
    now = time.time()
    taps = [room.arrive(reply(f"{n}:0", created_at=now + n, topic="tap", awaits_enrichment=False)) for n in range(3)]
    await settle()
    item = await room.next()
    assert item.call.key == "2:0"
    assert room.schedule.next(room.now) is None
    await room.go(item)
    assert [await tap for tap in taps] == [Done()] * 3
    assert {key: ending.outcome for key, ending in room.told.endings.items()} == {
        "0:0": "superseded",
        "1:0": "superseded",
        "2:0": "sent",
    }


async def test_an_address_for_an_answer_that_was_superseded_vanishes(room: Room) -> None:
    now = time.time()
    taps = [room.arrive(reply(key, created_at=now + n, topic="tap")) for n, key in enumerate((KEY, "8:0"))]
    await settle()
    assert await room.arrive(address()) == Done()
    await room.go(await room.next())
    assert [await tap for tap in taps] == [Done()] * 2


async def test_what_waits_is_given_back_to_the_broker_and_what_is_under_way_is_not(room: Room) -> None:
    under_way = room.arrive(reply("1:0", awaits_enrichment=False, created_at=1.0))
    waiting = room.arrive(reply("2:0", awaits_enrichment=False, created_at=2.0))
    await settle()
    item = await room.next()
    room.arrivals.give_back()
    assert await waiting == Return()
    await room.go(item)
    assert await under_way == Done()
    assert "2:0" not in room.told.endings


async def test_what_must_never_come_twice_is_not_made_while_redis_cannot_say_whether_it_was(room: Room) -> None:
    room.store.away = True
    with pytest.raises(CacheUnavailable):
        await room.arrive(reply(if_unknown="leave", awaits_enrichment=False))
    assert len(room.schedule) == 0
    replied = room.arrive(reply("8:0", awaits_enrichment=False))
    await room.go(await room.next())
    assert await replied == Done()


async def test_of_a_reply_that_another_may_have_sent_redis_is_asked_again_with_more_patience(room: Room) -> None:
    room.store.values[place_of(KEY)] = f"5 {time.time():.3f} 0.0"
    room.store.away = True  # it is late for whoever waits 50 ms
    room.patient.away_for = 1
    assert await room.arrive(reply()) == Done()
    assert room.schedule.get(KEY) is None, "it went out in another sender's time"
    room.patient.away_for = 2
    came_back = room.arrive(reply("8:0", awaits_enrichment=False))
    await room.go(await room.next())  # nobody is left without an answer
    assert await came_back == Done()


async def test_of_a_call_that_was_under_way_redis_is_asked_again_for_its_sender_may_have_the_answer(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.store.values[place_of(KEY)] = "?"
    monkeypatch.setattr(room.store, "get", _tells(room.store, f"5 {time.time():.3f} 0.0"))
    assert await room.arrive(reply()) == Done()
    assert room.told.endings[KEY].message_id == 5, "it went out once, and the answer was only late"


def _tells(store: Store, later: str) -> Callable[[str], Awaitable[str | None]]:
    """Redis' `get`, where the sender before tells this of the call right after the first question."""
    before = store.get

    async def get(key: str) -> str | None:
        value = await before(key)
        store.values[place_of(KEY)] = later
        return value

    return get


async def test_what_is_given_back_while_redis_is_to_be_asked_again_goes_back_at_once(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sender.arrivals.ASK_AGAIN", (3600.0,))
    room.store.values[place_of(KEY)] = "?"
    waiting = room.arrive(reply())
    await settle()
    room.arrivals.give_back()
    assert await waiting == Return()


async def test_what_redis_did_not_take_of_a_call_that_was_sent_it_is_told_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sender.places.AGAIN", 0.0)
    room.tasks.append(asyncio.create_task(room.places.run()))  # type: ignore[arg-type]  # it is only to be cancelled
    room.arrive(reply(awaits_enrichment=False))
    room.store.away = room.patient.away = True
    await room.go(await room.next(), message_id=4711)
    await settle()
    assert room.store.values == {}
    room.patient.away = False  # it is late all the same for whoever waits 50 ms
    await room.patient.kept.wait()
    successor = Room()
    successor.store.values = room.store.values
    monkeypatch.setattr("sender.arrivals.HELD", 0.0)
    successor.arrive(address())
    assert (await successor.next()).call.params["message_id"] == 4711


async def test_a_sender_that_ends_tells_redis_what_was_sent_though_it_was_late_a_moment_ago(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sender.places.LAST_WORDS_PAUSE", 0.0)
    room.arrive(reply(awaits_enrichment=False))
    room.store.away = room.patient.away = True
    await room.go(await room.next(), message_id=4711)
    ending = asyncio.create_task(room.places.all_told(60))
    await settle()
    assert not ending.done()
    room.patient.away = False
    await ending
    assert room.store.values[place_of(KEY)].startswith("4711 ")
    room.patient.away = True
    await room.places.ended("9:0", Ending("sent", 1.0, message_id=5))
    await room.places.all_told(0.01)  # it ends all the same


async def test_a_call_that_was_under_way_when_its_sender_died_is_repeated_or_left_by_its_kind(room: Room) -> None:
    room.store.values |= {"call:1:0": "?", "call:2:0": "?"}
    assert await room.arrive(reply("1:0", if_unknown="leave", awaits_enrichment=False)) == Done()
    assert room.told.endings["1:0"].outcome == "unknown"
    room.arrive(reply("2:0", awaits_enrichment=False))
    item = await room.next()
    assert item.call.key == "2:0"
    assert item.doubtful == 1


async def test_a_call_serves_the_traces_of_what_went_into_it_and_of_what_it_goes_instead_of(room: Room) -> None:
    room.arrive(reply("6:0", topic="t", awaits_enrichment=False), traceparent="older")
    room.arrive(reply(topic="t"), traceparent="its own")
    await turns()
    room.arrive(address(), traceparent="address")
    await turns()
    item = await room.next()
    assert (item.call.key, item.trail["traceparent"]) == (KEY, "its own")
    assert item.serves == ["address", "older"]


async def turns() -> None:
    """Let what has begun go as far as it can: nothing here waits for anything but the loop."""
    for _ in range(50):
        await asyncio.sleep(0)
