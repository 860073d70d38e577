"""Updates of several people in one transaction: what comes of each is what would have come of it alone."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from aiogram.types import Update

from checkin_worker.desk import Desk
from checkin_worker.inbox import LOCK
from checkin_worker.updates import SEVERAL
from shared import together
from shared.contracts import RECEIVED_AT
from shared.delivery import Delivery, Done
from shared.errors import DatabaseUnavailable
from tests.integration.desk_side import NAMES, PERSON, SENT, DeskSide, delivery
from tests.integration.replica_side import ask

CROWD = 40
TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM inbox"
EVENTS = "SELECT * FROM attendance_events ORDER BY user_id, sent_at, update_id, kind"
SESSIONS = "SELECT * FROM sessions ORDER BY user_id, workday, ordinal"
PEOPLE = "SELECT user_id, chat_id, full_name, telegram_language, status FROM employees ORDER BY user_id"


def tap(update_id: int, person: int, seconds: int = 0, latitude: float = 40.37) -> Delivery:
    """A location of this person."""
    user = {"id": person, "is_bot": False, **NAMES, "language_code": ("az", "en", "ru")[person % 3]}
    message = {
        "message_id": update_id,
        "from": user,
        "chat": {"id": person, **NAMES, "type": "private"},
        "date": int(SENT.timestamp()) + seconds,
        "location": {"latitude": latitude, "longitude": 49.85, "horizontal_accuracy": 10.0},
    }
    received = (int(SENT.timestamp()) + seconds + 1) * 1000
    return delivery({"update_id": update_id, "message": message}, **{RECEIVED_AT: received})


def crowd(people: int = CROWD) -> list[Delivery]:
    """One of each; a few are elsewhere."""
    return [tap(1 + one, PERSON + one, latitude=40.37 + one % 3) for one in range(people)]


async def stored(worker: DeskSide) -> list[list[asyncpg.Record]]:
    """All that check-ins leave, but for moments of the database's own clock."""
    return [await worker.rows(query) for query in (EVENTS, SESSIONS, PEOPLE)]


async def forget(worker: DeskSide) -> None:
    """As before the first update."""
    async with worker.owner.connection() as owner:
        await owner.execute("TRUNCATE attendance_events, sessions, inbox, employees CASCADE")


async def outcomes(worker: DeskSide, deliveries: list[Delivery]) -> list[Any]:
    """What each came to, all handled at the same time."""
    return await asyncio.gather(*(worker.handler(one) for one in deliveries), return_exceptions=True)


async def recorded(worker: DeskSide) -> set[int]:
    """Who has an event."""
    return {row["user_id"] for row in await worker.rows("SELECT DISTINCT user_id FROM attendance_events")}


async def refuse(worker: DeskSide, person: int) -> None:
    """Let PostgreSQL refuse this person's event, for a reason that is nobody's absence."""
    async with worker.owner.connection() as owner:
        await owner.execute(f"ALTER TABLE attendance_events ADD CHECK (user_id <> {person:d})")


async def test_what_comes_of_a_crowd_is_what_comes_of_each_alone(worker: DeskSide) -> None:
    deliveries = crowd()
    later = [tap(100 + one, PERSON + one, seconds=3600 * 9) for one in range(0, CROWD, 2)]
    assert await outcomes(worker, deliveries) == [Done()] * CROWD
    assert (await worker.rows(TRANSACTIONS))[0][0] <= CROWD // 4
    assert await outcomes(worker, later) == [Done()] * len(later)
    together = await stored(worker)
    assert [len(rows) for rows in together] == [CROWD + len(later), CROWD, CROWD]
    await forget(worker)
    for one in (*deliveries, *later):
        assert await worker.handler(replace(one, redelivered=True)) == Done()  # so it goes alone
    assert (await worker.rows(TRANSACTIONS))[0][0] == CROWD + len(later)
    assert await stored(worker) == together


async def test_what_comes_twice_at_once_has_its_effect_once(worker: DeskSide) -> None:
    deliveries = [one for one in crowd() for _ in range(3)]
    random.Random(1).shuffle(deliveries)  # noqa: S311 - no secret
    assert await outcomes(worker, deliveries) == [Done()] * len(deliveries)
    assert await outcomes(worker, deliveries) == [Done()] * len(deliveries)
    assert [len(rows) for rows in await stored(worker)] == [CROWD, CROWD, CROWD]


async def test_one_persons_updates_are_handled_one_after_the_other(worker: DeskSide) -> None:
    """Arrivals and departures of one person at once: each sees what the ones before it stored."""
    deliveries = [tap(1 + number, PERSON, seconds=600 * number) for number in range(10)]
    assert await outcomes(worker, deliveries) == [Done()] * 10
    rows = await worker.rows("SELECT start_time, end_time FROM sessions ORDER BY ordinal")
    assert len(rows) == 5
    assert all(row["end_time"] is not None for row in rows)


async def test_one_whose_event_is_refused_takes_nobody_along(worker: DeskSide) -> None:
    await refuse(worker, PERSON + 7)
    found = await outcomes(worker, crowd())
    assert isinstance(found.pop(7), asyncpg.CheckViolationError)
    assert found == [Done()] * (CROWD - 1)
    assert await recorded(worker) == {PERSON + one for one in range(CROWD)} - {PERSON + 7}


async def test_a_handler_that_fails_takes_nobody_along(worker: DeskSide, monkeypatch: pytest.MonkeyPatch) -> None:
    right = worker.handler._first_time  # noqa: SLF001 - a mistake in a handler, whichever

    async def fails(update: Update, desk: Desk) -> None:
        await right(update, desk)
        if desk.person.user_id == PERSON + 7:
            raise RuntimeError("a mistake")

    monkeypatch.setattr(worker.handler, "_first_time", fails)
    found = await outcomes(worker, crowd())
    assert isinstance(found.pop(7), RuntimeError)
    assert found == [Done()] * (CROWD - 1)
    assert await recorded(worker) == {PERSON + one for one in range(CROWD)} - {PERSON + 7}


async def test_one_who_is_cancelled_takes_nobody_along(worker: DeskSide, monkeypatch: pytest.MonkeyPatch) -> None:
    right, inside = worker.handler._first_time, asyncio.Event()  # noqa: SLF001 - where it stands still

    async def stands_still(update: Update, desk: Desk) -> None:
        if desk.person.user_id == PERSON + 7:
            inside.set()
            await asyncio.Event().wait()
        await right(update, desk)

    monkeypatch.setattr(worker.handler, "_first_time", stands_still)
    tasks = [asyncio.create_task(worker.handler(one)) for one in crowd()]
    await inside.wait()
    tasks[7].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(found.pop(7), asyncio.CancelledError)
    assert found == [Done()] * (CROWD - 1)
    assert PERSON + 7 not in await recorded(worker)


async def test_somebody_whose_page_is_open_elsewhere_holds_nobody_up(worker: DeskSide) -> None:
    async with worker.owner.connection() as owner, owner.transaction():
        await owner.execute(LOCK, PERSON + 7)
        tasks = [asyncio.create_task(worker.handler(one)) for one in crowd()]
        waits = tasks.pop(7)
        assert await asyncio.gather(*tasks) == [Done()] * (CROWD - 1)
        assert not waits.done()
    assert await waits == Done()
    assert len(await recorded(worker)) == CROWD


async def test_a_crowd_whose_server_is_lost_is_told_so_and_can_come_again(worker: DeskSide) -> None:
    url = worker.owner._servers._urls[0]  # noqa: SLF001 - to end the worker's sessions

    async def ends(update: Update, desk: Desk) -> None:
        del update, desk
        await ask(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE '%checkin_worker%'")

    assert await outcomes(worker, crowd(2)) == [Done()] * 2
    right, worker.handler._first_time = worker.handler._first_time, ends  # type: ignore[method-assign]  # noqa: SLF001 - in the middle of it
    found = await outcomes(worker, crowd()[2:])
    assert {type(one) for one in found} == {DatabaseUnavailable}
    worker.handler._first_time = right  # type: ignore[method-assign]  # noqa: SLF001 - as before
    assert await outcomes(worker, crowd()) == [Done()] * CROWD
    assert len(await recorded(worker)) == CROWD


async def test_a_group_is_bounded(worker: DeskSide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "MOST", 4)
    assert await outcomes(worker, crowd()) == [Done()] * CROWD
    sizes = await worker.rows("SELECT count(*) AS size FROM inbox GROUP BY xmin::text")
    assert max(row["size"] for row in sizes) == 4


@pytest.mark.parametrize("query", SEVERAL, ids=["answered", "know", "append"])
async def test_several_is_what_postgresql_understands(worker: DeskSide, query: str) -> None:
    """With the types that the query for one has."""
    async with worker.owner.connection() as owner:
        one = await owner.prepare(query)
        several = await owner.prepare(SEVERAL[query])
        assert [f"{each.name}[]" for each in one.get_parameters()] == [each.name for each in several.get_parameters()]
        own = [(each.name, each.type.name) for each in one.get_attributes()]
        assert [(each.name, each.type.name) for each in several.get_attributes()] == [("nth", "int8"), *own]
