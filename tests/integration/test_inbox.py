"""The inbox on a real PostgreSQL: an effect happens once, and one person's page is open to one at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from checkin_worker.inbox import Inbox, opened
from checkin_worker.people import People, Person
from shared.database import PrimaryPool
from shared.settings import DatabaseSettings

PERSON = 5_100_000_007


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[PrimaryPool]:
    settings = DatabaseSettings(database_url=SecretStr(database_url), db_pool_min=0, db_pool_max=8)
    async with contextlib.aclosing(PrimaryPool(settings)) as opened:
        yield opened


@contextlib.asynccontextmanager
async def inbox_of(pool: PrimaryPool, person: int = PERSON) -> AsyncIterator[Inbox]:
    """The person's inbox, locked."""
    async with pool.connection() as connection, opened(connection, person) as inbox:
        yield inbox


async def test_replies_are_remembered_by_their_update(pool: PrimaryPool) -> None:
    async with inbox_of(pool) as inbox:
        assert await inbox.answered(1) is None
        await inbox.answer(1, b"[1]")
        assert await inbox.answered(1) == b"[1]"
        assert await inbox.answered(2) is None
    async with inbox_of(pool) as inbox:
        assert await inbox.answered(1) == b"[1]"


async def test_an_id_that_comes_again_is_another_update_for_another_person_and_after_three_days(
    pool: PrimaryPool,
) -> None:
    """Telegram's ids restart at random after a quiet week."""
    async with inbox_of(pool) as inbox:
        await inbox.answer(1, b"[1]")
    async with inbox_of(pool, PERSON + 1) as inbox:
        assert await inbox.answered(1) is None
    async with pool.connection() as connection:
        await connection.execute("UPDATE inbox SET handled_at = now() - interval '73 hours'")
    async with inbox_of(pool) as inbox:
        assert await inbox.answered(1) is None
        await inbox.answer(1, b"[2]")
        assert await inbox.answered(1) == b"[2]"


async def test_an_effect_that_fails_leaves_nothing(pool: PrimaryPool) -> None:
    with contextlib.suppress(RuntimeError):
        async with pool.connection() as connection, opened(connection, PERSON) as inbox:
            await People(connection).enrol(Person(PERSON, "Ləman Əliyeva", "az"), datetime.now(UTC))
            await inbox.answer(1, b"[]")
            raise RuntimeError
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM employees") == 0
        assert await connection.fetchval("SELECT count(*) FROM inbox") == 0


async def test_who_ends_while_waiting_for_a_page_leaves_nothing_open(pool: PrimaryPool) -> None:
    async def second() -> None:
        async with inbox_of(pool):
            raise AssertionError("the page is not ours")

    async with inbox_of(pool) as inbox, pool.connection() as watching:
        waiting = asyncio.create_task(second())
        while not await watching.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):  # noqa: ASYNC110 - PostgreSQL's own state
            await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        await inbox.answer(1, b"[]")
    async with inbox_of(pool) as inbox:
        assert await inbox.answered(1) == b"[]"
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


async def test_a_page_is_open_to_one_at_a_time(pool: PrimaryPool) -> None:
    entered: list[str] = []
    waiting = asyncio.Event()

    async def second() -> None:
        waiting.set()
        async with inbox_of(pool) as inbox:
            entered.append("second")
            assert await inbox.answered(1) == b"[]"  # sees what the first has committed meanwhile

    async with inbox_of(pool) as inbox, asyncio.timeout(10):
        other = asyncio.create_task(second())
        await waiting.wait()
        async with inbox_of(pool, PERSON + 7):
            entered.append("colleague")
        entered.append("first")
        await inbox.answer(1, b"[]")
    await other
    assert entered == ["colleague", "first", "second"]
