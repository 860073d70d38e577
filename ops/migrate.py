"""Owns `fleet migrate`: brings the schema to this release's, once, however many run it at the same moment."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ops.terminal import Refused
from shared.connecting import Servers
from shared.database import AWAY

_LOCK: Final = 0x666C656574  # "fleet"; an advisory lock's number
_PAUSE: Final = 0.2
"""Seconds between two tries to be the one that migrates."""
_AWAY_PAUSE: Final = 1.0
"""Seconds between two tries to reach a database that is away."""
_POOLED: Final = (
    "DATABASE_URL leads through PgBouncer (statement_cache_size=0), which cannot carry a migration: "
    "run `fleet migrate` with the address of PostgreSQL itself"
)
_FOLDER: Final = Path(__file__).parent / "migrations"


def alembic_config() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def revisions() -> list[str]:
    """Those that this release knows, the newest first. Another one is a newer release's."""
    return [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()]


async def migrate_within(
    seconds: float, database_url: str, tell: Callable[[str], None]
) -> tuple[str | None, str | None]:
    """`migrate`, once the database is there; one that is away for longer than so many seconds is a failure.

    Args:
        seconds: 0 for one try.
        database_url: where the database is.
        tell: hears what is waited for, once.
    """
    limit, told = time.monotonic() + seconds, False
    while True:
        try:
            return await migrate(database_url)
        except AWAY as problem:
            if time.monotonic() >= limit:
                raise
            if not told:
                tell(f"waiting: the database is away: {problem!r}")
                told = True
        await asyncio.sleep(_AWAY_PAUSE)


async def migrate(database_url: str) -> tuple[str | None, str | None]:
    """Bring the schema up to date.

    A newer release's is left as it is: each works with the release before it, so that a release can be taken back.

    Returns:
        The revisions before and after; equal when there was nothing to do.

    Raises:
        OSError, asyncpg.PostgresError: the database cannot be reached, or refuses.
        Refused: the address leads through a pooler, where a session, and with it the lock, may be anybody's.
    """
    if (servers := Servers(database_url)).pooled:
        raise Refused(_POOLED)
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: servers.connect(timeout=10.0), poolclass=NullPool
    )
    try:
        # One connection holds the lock while another migrates: a migration may leave its transaction (CONCURRENTLY).
        async with engine.connect() as lock, engine.connect() as connection:
            # Asked for again and again, since a wait within PostgreSQL holds a snapshot, for which CONCURRENTLY waits.
            await lock.execution_options(isolation_level="AUTOCOMMIT")
            while not await lock.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": _LOCK}):  # noqa: ASYNC110 - another process holds it
                await asyncio.sleep(_PAUSE)
            return await connection.run_sync(_upgrade)
    except DBAPIError as problem:
        raise problem.driver_exception from problem  # SQLAlchemy wraps what PostgreSQL refused
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> tuple[str | None, str | None]:
    config = alembic_config()
    config.attributes["connection"] = connection
    before = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # reading the revision began a transaction that the migrations must not run in
    if before is not None and before not in revisions():
        return before, before
    command.upgrade(config, "head")
    after = MigrationContext.configure(connection).get_current_revision()
    return before, after
