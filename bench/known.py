"""Owns that people are known before they come: written down as employees, as the service itself would have."""

from collections.abc import Iterable
from typing import Final

import asyncpg

from simulator.people import Employee

Known = tuple[int, str, str | None]
"""Somebody's number, full name, and language as Telegram tells it: told otherwise, a service would write that down."""

# All that a worker reads of somebody who is in; they have no schedule of their own and no office.
KNOW: Final = """
INSERT INTO employees (user_id, chat_id, full_name, telegram_language)
SELECT id, id, name, language FROM unnest($1::bigint[], $2::text[], $3::text[]) known (id, name, language)
"""


async def know(database_url: str, people: Iterable[Known], statement: str = KNOW) -> None:
    """Write people down, by a statement that takes numbers, names and languages; the fleet's, if no other is given."""
    database = await asyncpg.connect(database_url)
    try:
        await database.execute(statement, *zip(*people, strict=True))
    finally:
        await database.close()


def known(person: Employee) -> Known:
    """One of the simulator's people."""
    return person.id, f"{person.first_name} {person.last_name}", person.language
