"""Who sees whom, who is asked about whom, and that each look is written down."""

import asyncio
from collections.abc import Collection
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from checkin_worker import oversight
from checkin_worker.access import Standing
from checkin_worker.forgetting import forget
from checkin_worker.outbox import Outbox
from tests.integration.desk_side import DeskSide
from tests.integration.staff import LONG_AGO, office, person

if TYPE_CHECKING:
    from checkin_worker.desk import Desk
    from shared.database import Connection

ANAR, BASAT, CEYRAN, DADAS = 11, 12, 13, 14
MANAGER, OTHER_MANAGER, ADMIN = 21, 22, 31


def desk(db: "Connection", user_id: int, standing: Standing, update_id: int = 1) -> "Desk":
    """What oversight needs of a desk."""
    who = SimpleNamespace(user_id=user_id)
    return cast("Desk", SimpleNamespace(db=db, standing=standing, person=who, outbox=Outbox(update_id, user_id)))


@pytest.fixture
async def offices(worker: DeskSide) -> tuple[int, int]:
    """Two offices: Anar in the first, Basat in the second, Ceyran in both, Dadas in none; and who manages them."""
    first, second = await office(worker, "Baş ofis"), await office(worker, "Port Baku", (40.3756, 49.8634))
    await person(worker, ANAR, "Anar", works=[first])
    await person(worker, BASAT, "Basat", works=[second])
    await person(worker, CEYRAN, "Ceyran", works=[first, second])
    await person(worker, DADAS, "Dadaş")
    await person(worker, MANAGER, "Müdirə", role="manager", works=[first], manages=[first])
    await person(worker, OTHER_MANAGER, "Müdir", role="manager", manages=[second])
    await person(worker, ADMIN, "Admin", role="admin")
    return first, second


async def seen_by(worker: DeskSide, user_id: int, standing: Standing) -> set[int]:
    async with worker.pool.connection() as db:
        everybody = (ANAR, BASAT, CEYRAN, DADAS, MANAGER, OTHER_MANAGER, ADMIN)
        return {each for each in everybody if await oversight.sees(desk(db, user_id, standing), each)}


async def asked_about(worker: DeskSide, user_id: int, admin_ids: Collection[int] = ()) -> list[int]:
    async with worker.pool.connection() as db:
        return [each.user_id for each in await oversight.overseers(db, user_id, admin_ids)]


@pytest.mark.usefixtures("offices")
async def test_a_manager_sees_the_people_of_their_offices_and_nobody_else(worker: DeskSide) -> None:
    assert await seen_by(worker, MANAGER, Standing.MANAGER) == {ANAR, CEYRAN}
    assert await seen_by(worker, OTHER_MANAGER, Standing.MANAGER) == {BASAT, CEYRAN}


async def test_a_manager_of_several_offices_sees_the_people_of_all(worker: DeskSide, offices: tuple[int, int]) -> None:
    await person(worker, 23, "Hər ikisi", role="manager", manages=offices)
    assert await seen_by(worker, 23, Standing.MANAGER) == {ANAR, BASAT, CEYRAN, MANAGER}


@pytest.mark.usefixtures("offices")
async def test_an_admin_sees_everybody_also_who_has_no_office_and_themselves(worker: DeskSide) -> None:
    everybody = {ANAR, BASAT, CEYRAN, DADAS, MANAGER, OTHER_MANAGER, ADMIN}
    assert await seen_by(worker, ADMIN, Standing.ADMIN) == everybody


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("standing", [Standing.STRANGER, Standing.GUEST, Standing.EMPLOYEE])
async def test_who_has_no_say_sees_nobody_whatever_they_once_managed(worker: DeskSide, standing: Standing) -> None:
    assert await seen_by(worker, MANAGER, standing) == set()


@pytest.mark.usefixtures("offices")
async def test_a_manager_of_no_office_sees_nobody(worker: DeskSide) -> None:
    await person(worker, 24, "Ofissiz", role="manager")
    assert await seen_by(worker, 24, Standing.MANAGER) == set()


@pytest.mark.usefixtures("offices")
async def test_the_managers_of_a_persons_offices_and_all_admins_are_asked(worker: DeskSide) -> None:
    assert await asked_about(worker, ANAR) == [MANAGER, ADMIN]
    assert await asked_about(worker, CEYRAN) == [MANAGER, OTHER_MANAGER, ADMIN]
    assert await asked_about(worker, DADAS) == [ADMIN]


@pytest.mark.usefixtures("offices")
async def test_nobody_is_asked_about_themselves(worker: DeskSide) -> None:
    assert await asked_about(worker, MANAGER) == [ADMIN]
    assert await asked_about(worker, ADMIN) == []


@pytest.mark.usefixtures("offices")
async def test_an_admin_by_the_settings_is_asked_once_they_have_a_chat(worker: DeskSide) -> None:
    assert await asked_about(worker, ANAR, [BASAT, 404]) == [BASAT, MANAGER, ADMIN]
    await worker.rows("UPDATE employees SET chat_id = NULL WHERE user_id = $1", BASAT)
    assert await asked_about(worker, ANAR, [BASAT, 404]) == [MANAGER, ADMIN]


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("status", ["inactive", "pending", "forgotten"])
async def test_who_is_not_active_is_not_asked(worker: DeskSide, status: str) -> None:
    await worker.rows("UPDATE employees SET status = $1 WHERE user_id IN ($2, $3)", status, MANAGER, ADMIN)
    assert await asked_about(worker, ANAR) == []


@pytest.mark.usefixtures("offices")
async def test_who_is_a_manager_no_more_is_not_asked_though_the_office_has_them_still(worker: DeskSide) -> None:
    await worker.rows("UPDATE employees SET role = 'employee' WHERE user_id = $1", MANAGER)
    assert await asked_about(worker, ANAR) == [ADMIN]


@pytest.mark.usefixtures("offices")
async def test_each_is_asked_in_their_own_language(worker: DeskSide) -> None:
    await worker.rows("UPDATE employees SET language = 'ru' WHERE user_id = $1", MANAGER)
    await worker.rows("UPDATE employees SET telegram_language = 'en-GB' WHERE user_id = $1", ADMIN)
    async with worker.pool.connection() as db:
        asked = await oversight.overseers(db, ANAR, [])
    assert [each.language for each in asked] == ["ru", "en"]


@pytest.mark.usefixtures("offices")
async def test_a_look_is_written_down_once_with_whom_it_showed(worker: DeskSide) -> None:
    async with worker.pool.connection() as db:
        for _ in range(2):
            await oversight.note(desk(db, MANAGER, Standing.MANAGER, 9), "now", [CEYRAN, ANAR])
    (row,) = await worker.rows("SELECT * FROM audit")
    assert (row["actor_id"], row["action"], row["subjects"], row["update_id"]) == (MANAGER, "now", [ANAR, CEYRAN], 9)
    assert row["at"] > LONG_AGO


@pytest.mark.usefixtures("offices")
async def test_of_who_is_forgotten_while_somebody_looks_no_number_is_written_down(worker: DeskSide) -> None:
    async with worker.pool.connection() as db, worker.pool.connection() as other:
        async with db.transaction():
            await forget(db, ANAR, 8)
            look = asyncio.create_task(oversight.note(desk(other, MANAGER, Standing.MANAGER, 9), "now", [ANAR, CEYRAN]))
            await anyone_waits(worker)
        await look
    (row,) = await worker.rows("SELECT subjects FROM audit WHERE action = 'now'")
    assert row["subjects"] == [CEYRAN]


async def anyone_waits(worker: DeskSide) -> None:
    """Until a statement of this database waits for a lock."""
    async with asyncio.timeout(10):
        while not await worker.rows("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            pass


@pytest.mark.usefixtures("offices")
async def test_each_who_is_asked_about_somebody_has_seen_them(worker: DeskSide) -> None:
    async with worker.pool.connection() as db:
        asked = await oversight.overseers(db, ANAR, [])
        for _ in range(2):
            await oversight.told(desk(db, ANAR, Standing.EMPLOYEE, 9), "correction asked", asked)
    rows = await worker.rows("SELECT actor_id, action, subjects FROM audit ORDER BY actor_id")
    assert [tuple(row) for row in rows] == [(each, "correction asked", [ANAR]) for each in (MANAGER, ADMIN)]
