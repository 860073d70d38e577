"""Owns that an update has its effect once: the person's lock, and the replies that were stored with the effect."""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from shared.database import roll_back
from shared.several import several

if TYPE_CHECKING:
    from shared.database import Connection

# Its own statement: one that waited for the lock would go on with the snapshot from before it.
LOCK: Final = "SELECT pg_advisory_xact_lock($1)"

# Both in one round trip, as the simple protocol takes several statements: without parameters, so the number is written
# in. They are two statements all the same, and what follows sees what was committed while the lock was waited for.
BEGIN: Final = "BEGIN; SELECT pg_advisory_xact_lock('{:d}'::bigint)"

# Telegram's ids restart at random after a quiet week: an old row, or another person's, belongs to another update.
ANSWERED: Final = """
SELECT replies FROM inbox WHERE update_id = $1 AND user_id = $2 AND handled_at > now() - interval '3 days'
"""
ANSWERED_SEVERAL: Final = several(ANSWERED, ("bigint", "bigint"))
ANSWER: Final = """
INSERT INTO inbox (update_id, user_id, replies) VALUES ($1, $2, $3)
ON CONFLICT (update_id) DO UPDATE
SET user_id = excluded.user_id, replies = excluded.replies, handled_at = excluded.handled_at
"""


class Inbox:
    """One person's inbox within one transaction."""

    def __init__(self, connection: "Connection", user_id: int) -> None:
        self._db = connection
        self._user = user_id

    async def lock(self) -> None:
        """Wait until no other transaction has this person's page open."""
        await self._db.execute(LOCK, self._user)

    async def answered(self, update_id: int) -> bytes | None:
        """The replies that were stored with the update's effect, if it has had it."""
        replies = await self._db.fetchval(ANSWERED, update_id, self._user)
        return None if replies is None else bytes(replies)

    async def answer(self, update_id: int, replies: bytes) -> None:
        """Store the replies: the update has had its effect."""
        await self._db.execute(ANSWER, update_id, self._user, replies)


@contextlib.asynccontextmanager
async def opened(connection: "Connection", user_id: int) -> AsyncIterator[None]:
    """A transaction under the person's lock, once no other one has it.

    What the block did is committed after it, and rolled back when it raises. The block begins no transaction.
    """
    try:
        await connection.execute(BEGIN.format(user_id))
        yield
    except BaseException:
        await roll_back(connection)
        raise
    await connection.execute("COMMIT")
