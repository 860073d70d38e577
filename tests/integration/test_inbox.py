"""The inbox on a real PostgreSQL: an effect happens once, and one person's page is open to one at a time."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from checkin_worker.inbox import Inbox, opened
from checkin_worker.people import People, Person
from local.engines import Engines
from shared import database
from shared.database import PrimaryPool
from shared.settings import DatabaseSettings
from tests.integration.database_side import left_behind
from tests.integration.proxy import Proxy

if TYPE_CHECKING:
    from shared.database import Connection

PERSON = 5_100_000_007


def pool_of(url: str) -> PrimaryPool:
    return PrimaryPool(DatabaseSettings(database_url=SecretStr(url), db_pool_min=0, db_pool_max=8))


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[PrimaryPool]:
    async with contextlib.aclosing(pool_of(database_url)) as opened:
        yield opened


@contextlib.asynccontextmanager
async def inbox_of(pool: PrimaryPool, person: int = PERSON) -> AsyncIterator[Inbox]:
    """The person's inbox, locked."""
    async with pool.connection() as connection, opened(connection, person):
        yield Inbox(connection, person)


async def entered(pool: PrimaryPool) -> None:
    """Open the person's page, and close it."""
    async with inbox_of(pool):
        pass


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
        async with pool.connection() as connection, opened(connection, PERSON):
            await People(connection).enrol(Person(PERSON, "Ləman Əliyeva", "az"), datetime.now(UTC))
            await Inbox(connection, PERSON).answer(1, b"[]")
            raise RuntimeError
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM employees") == 0
        assert await connection.fetchval("SELECT count(*) FROM inbox") == 0


async def test_who_ends_while_waiting_for_a_page_leaves_nothing_open(pool: PrimaryPool) -> None:
    async with inbox_of(pool) as inbox, pool.connection() as watching:
        waiting = asyncio.create_task(entered(pool))
        await until_somebody_waits(watching)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        await inbox.answer(1, b"[]")
    async with inbox_of(pool) as inbox:
        assert await inbox.answered(1) == b"[]"
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


async def until_somebody_waits(watching: "Connection") -> None:
    """Return when a transaction waits for a person's lock."""
    while not await watching.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):  # noqa: ASYNC110 - PostgreSQL's own state
        await asyncio.sleep(0.02)


async def test_who_ends_at_a_frozen_server_is_told_so_and_not_kept_until_it_answers(
    engines: Engines, database_url: str, pool: PrimaryPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement may take longer than five minutes: the end of the transaction does not take them."""
    monkeypatch.setattr(database, "COMMAND_TIMEOUT", 300.0)
    async with Proxy(engines.postgres.port) as proxy, contextlib.aclosing(pool_of(proxy.before(database_url))) as away:
        async with inbox_of(pool), pool.connection() as watching:
            waiting = asyncio.create_task(entered(away))
            await until_somebody_waits(watching)
            proxy.freeze()
            waiting.cancel()
            async with asyncio.timeout(60):
                await asyncio.wait([waiting])
            assert waiting.cancelled()
        await proxy.heal()
        async with asyncio.timeout(60):
            await entered(away)
        assert await left_behind(away) == []


async def test_a_storm_of_cancellations_at_any_point_leaves_no_transaction_and_no_lock(pool: PrimaryPool) -> None:
    chance = random.Random(8)  # noqa: S311 - nothing secret

    async def works(number: int) -> None:
        async with inbox_of(pool, PERSON + number % 3) as inbox:
            assert await inbox.answered(number) is None
            await inbox.answer(number, b"[]")

    running = [asyncio.create_task(works(number)) for number in range(120)]
    for task in chance.sample(running, 100):
        await asyncio.sleep(chance.random() / 500)
        task.cancel()
    ends = await asyncio.gather(*running, return_exceptions=True)
    assert {type(end) for end in ends} <= {type(None), asyncio.CancelledError}
    assert await left_behind(pool) == []
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
        answered = {row["update_id"] for row in await connection.fetch("SELECT update_id FROM inbox")}
    assert answered >= {number for number, end in enumerate(ends) if end is None}


async def test_why_an_effect_failed_is_told_even_if_the_connection_was_lost_with_it(pool: PrimaryPool) -> None:
    async def fails() -> None:
        async with pool.connection() as connection, opened(connection, PERSON):
            await other.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
            raise RuntimeError

    async with pool.connection() as other:
        with pytest.raises(RuntimeError):
            await fails()
    await entered(pool)


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
