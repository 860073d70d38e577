"""Owns the word `fleet migrate`: the database's schema, brought to this release's or waited for."""

from typing import Annotated

import typer

from ops.database import connected
from ops.gate import until_migrated
from ops.migrate import migrate_within, revisions
from ops.roles import refresh
from ops.terminal import done, say
from shared.settings import DatabaseSettings, read


def migrate(
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help="Change nothing: wait until another has done it, or a newer release has.")
    ] = False,
    within: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="Wait so long for a database that is away.")
    ] = 0,
) -> None:
    """Bring the database's schema to this release (safe to run twice, or many at once).

    A newer release's schema is left as it is: it works with the release before it.
    """
    settings = read(DatabaseSettings)
    if wait:
        say(f"schema {done(until_migrated(settings, say), 'Looking at the schema')}: go on")
        return
    work = _migrate(settings, within)
    before, after, rights = done(work, "Migrating (is DATABASE_URL right and the server up?)")
    if before != after:
        say(f"schema {before or 'empty'} -> {after}")
    else:
        say(f"schema {after}: nothing to do" if after in revisions() else f"schema {after}: a newer release's, left so")
    if rights:
        say(f"{rights} rights of the services' roles brought up to date")


async def _migrate(settings: DatabaseSettings, within: int) -> tuple[str | None, str | None, int]:
    before, after = await migrate_within(within, settings.database_url.get_secret_value(), say)
    if after not in revisions():
        return before, after, 0  # nor are rights taken that only the newer release knows
    async with connected(settings) as db:
        return before, after, await refresh(db)
