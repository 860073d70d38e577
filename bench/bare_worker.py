"""Owns the least that a worker can be: asyncpg, and the statements of a check-in, one after the other.

`python -m bench.bare_worker FIRST COUNT` does it for so many people, and waits for its end. The statements are the
worker's own; no update is consumed, decoded, handled or answered, and what they return is not looked at.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import asyncpg
import uvloop

from bench.checkins import FIRST_PERSON, FIRST_UPDATE
from checkin_worker.book import APPEND, STORE
from checkin_worker.inbox import ANSWER, ANSWERED, BEGIN
from checkin_worker.people import KNOW
from shared.connecting import Connected

if TYPE_CHECKING:
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

AT_ONCE: Final = 16
"""As many as a worker has in hand."""
REPLIES: Final = b"r" * 700
"""As many bytes as the replies to a check-in have, sealed."""


async def main(first: int, count: int) -> None:
    """Let the people number `first` and on check in."""
    size = int(os.environ["DB_POOL_MAX"])
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=size, max_size=size, connection_class=Connected
    ) as pool:
        waiting = iter(range(first, first + count))

        async def work(numbers: Iterator[int]) -> None:
            for number in numbers:
                async with pool.acquire() as connection:
                    await _check_in(connection, number)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work(waiting))
        await asyncio.Event().wait()  # what it has used of a processor is still to be read


async def _check_in(db: "Connection", number: int) -> None:
    user_id, update_id, now = FIRST_PERSON + number, FIRST_UPDATE + number, datetime.now(UTC).replace(microsecond=0)
    first = now.replace(hour=0, minute=0, second=0)
    after, day = first + timedelta(days=1), now.date()
    await db.execute(BEGIN.format(user_id))
    await db.fetchval(ANSWERED, update_id, user_id)
    await db.fetchrow(KNOW, user_id)
    event = (now, update_id, "location", 40.3777, 49.8920, 15.0, now, now, False, None, None, None, None)
    await db.fetch(APPEND, user_id, first, after, day, *event)
    marks = (now, None, "tap", None, update_id, None, None, None, None, None, None, None)
    verdict = (0, False)
    await db.execute(STORE, user_id, day, 0, after, *marks, *verdict)
    await db.execute(ANSWER, update_id, user_id, REPLIES)
    await db.execute("COMMIT")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main(int(sys.argv[1]), int(sys.argv[2])))
