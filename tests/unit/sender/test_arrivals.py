"""Where a change of a call and the call itself can miss each other, step by step; Redis is a dictionary here."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sender.arrivals import Arrivals
from sender.places import Places
from sender.schedule import Item, Priority, Schedule
from shared.consume import Delivery, Done, Verdict
from shared.contracts import OutboundCall, encode

KEY = "7:0"


class Store:
    """What `Cache` promises, without the network; `slow` makes every question wait until it is released."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.slow: asyncio.Event | None = None

    async def get(self, key: str) -> str | None:
        if self.slow is not None:
            await self.slow.wait()
        return self.values.get(key)

    async def put(self, key: str, value: str, seconds: int) -> None:
        del seconds
        self.values[key] = value


class Room:
    """Arrivals with everything that they touch."""

    def __init__(self) -> None:
        self.store = Store()
        self.held_for = 0.0
        self.schedule = Schedule(30)
        self.places = Places(self.store, lambda: self.held_for)
        self.changed = asyncio.Event()
        self.arrivals = Arrivals(self.schedule, self.places, lambda: 0.0, self.changed.set)
        self.tasks: list[asyncio.Task[Verdict]] = []

    def arrive(self, call: OutboundCall) -> asyncio.Task[Verdict]:
        """A message of the broker with this call."""
        delivery = Delivery(queue="q", key=call.key, body=encode(call), headers={}, tries=0, redelivered=False)
        priority = Priority.ENRICHMENT if call.target else Priority.INTERACTIVE

        async def handled() -> Verdict:
            return await self.arrivals.handler(priority)(delivery)

        task = asyncio.create_task(handled())
        self.tasks.append(task)
        return task

    async def next(self) -> Item:
        """The next call that may go, once there is one."""
        while (item := self.schedule.next(1000.0)) is None:
            self.changed.clear()
            await self.changed.wait()
        return item

    async def go(self, item: Item, message_id: int = 5) -> None:
        """Telegram has done it."""
        await self.places.went_out(item.call.key, message_id)
        self.schedule.done(item, 1000.0)
        self.arrivals.decide(item, Done())


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


def reply(**traits: Any) -> OutboundCall:  # noqa: ANN401 - fields of the call
    params = {"chat_id": 7, "text": "40.4, 49.8"}
    fields = {"created_at": time.time(), "awaits_enrichment": True} | traits
    return OutboundCall(key=KEY, chat_id=7, method="sendMessage", params=params, **fields)


def address() -> OutboundCall:
    params = {"chat_id": 7, "text": "Bakı"}
    return OutboundCall(
        key=f"{KEY}:address", chat_id=7, method="editMessageText", params=params, created_at=time.time(), target=KEY
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
    room.store.values[f"sent:{KEY}"] = "4711"
    room.held_for = 1000.0  # we send for long, and the change is younger than that
    monkeypatch.setattr("sender.arrivals.HELD", 0.0)
    room.arrive(address())
    item = await room.next()
    assert item.call.method == "editMessageText"
    assert item.call.params["message_id"] == 4711


async def test_a_change_merged_into_a_call_that_turns_out_to_be_sent_already_becomes_an_edit(room: Room) -> None:
    room.store.values[f"sent:{KEY}"] = "4711"
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


async def test_a_call_is_asked_about_while_this_process_does_not_hold_the_right(room: Room) -> None:
    room.store.values[f"sent:{KEY}"] = "4711"
    assert await room.arrive(reply()) == Done()
    assert len(room.schedule) == 0
