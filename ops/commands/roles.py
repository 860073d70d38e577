"""Owns the word `fleet roles`: what each service may do in the database."""

from typing import Annotated

import asyncpg
import typer

from ops.commands.types import ASKING
from ops.database import connected
from ops.gate import revision
from ops.migrate import revisions
from ops.roles import Plan, plan
from ops.roles import write as write_roles
from ops.terminal import Refused, done, say
from shared.settings import DatabaseSettings, read


def roles(
    *, write: Annotated[bool, typer.Option("--write", help="Do it; without it the statements are only shown.")] = False
) -> None:
    """Show or make the roles that services' logins should be members of, and their rights; safe to run twice.

    fleet_worker: the check-in worker. fleet_geo: the geo worker. fleet_ops: these commands, but for migrate and roles.
    fleet_reader: replicas, and people who look. Run it as the login that migrates; `fleet migrate` then keeps the
    rights up to date. A newer release's schema keeps the rights that the newer release gave.
    """
    settings = read(DatabaseSettings)
    if write and done(_is_newer(settings), ASKING):
        say("the schema is a newer release's: rights are left as that one gave them")
        return
    todo = done(_write(settings) if write else _plan(settings), ASKING)
    statements = [*todo.creations, *todo.rights]
    if write:
        say(f"{len(todo.missing)} roles made, {len(todo.rights)} rights given or taken")
    elif statements:
        for statement in statements:
            say(f"{statement};")
    else:
        say("-- nothing to do")


async def _is_newer(settings: DatabaseSettings) -> bool:
    """Whether the schema is one that this release does not know."""
    found = await revision(settings)
    return found is not None and found not in revisions()


async def _plan(settings: DatabaseSettings) -> Plan:
    async with connected(settings) as db:
        return await plan(db)


async def _write(settings: DatabaseSettings) -> Plan:
    async with connected(settings) as db:
        try:
            return await write_roles(db)
        except asyncpg.InsufficientPrivilegeError as refusal:
            todo = await plan(db)
            if todo.missing:
                first = "; ".join(todo.creations)
                why = f"this login may make no roles ({refusal}); have an administrator run: {first}; then this again"
            else:
                why = f"this login may not give these rights ({refusal}): run it as the one that owns the tables"
            raise Refused(why) from refusal
