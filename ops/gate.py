"""Owns `fleet migrate --wait`: what uses the database does not start before the migrations of its release are done."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import asyncpg

from ops.database import connected
from ops.migrate import revisions
from shared.database import AWAY
from shared.settings import DatabaseSettings

PAUSE: Final = 1.0
"""Seconds between two looks."""
REVISION: Final = "SELECT version_num FROM alembic_version"


async def until_migrated(settings: DatabaseSettings, tell: Callable[[str], None]) -> str | None:
    """Wait, as long as it takes, until the schema is this release's or a newer one's, and return its revision.

    A database that is away is waited for too. A newer schema will do: each works with the release before it, so that
    a release can be taken back without its migrations.

    Args:
        settings: where the database is.
        tell: hears what is waited for, each time that it changes.

    Raises:
        asyncpg.PostgresError: the database refuses for a reason that does not pass, such as a wrong password.
    """
    steps, told = revisions(), None
    while True:
        try:
            found = await revision(settings)
            waits_for = what_is_missing(found, steps)
        except asyncpg.InsufficientPrivilegeError:
            waits_for = "this login may not see the schema's revision yet; `fleet roles --write` gives it the right"
        except AWAY as problem:
            waits_for = f"the database is away: {problem!r}"
        if waits_for is None:
            return found
        if waits_for != told:
            tell(f"waiting: {waits_for}")
            told = waits_for
        await asyncio.sleep(PAUSE)


def what_is_missing(revision: str | None, steps: Sequence[str]) -> str | None:
    """What keeps a release with these revisions, the newest first, from working with that schema; None if nothing."""
    if revision is None:
        return "the database has no schema yet; `fleet migrate` makes it"
    if revision in steps[1:]:
        return f"the schema is at {revision}; `fleet migrate` brings it to {steps[0]}"
    return None


async def revision(settings: DatabaseSettings) -> str | None:
    """The schema's; None if there is no schema."""
    async with connected(settings) as db:
        try:
            found: str | None = await db.fetchval(REVISION)
        except asyncpg.UndefinedTableError:
            return None
        return found
