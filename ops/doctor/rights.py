"""Owns the check of the database's roles: each may do what its service needs, and nothing else."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from ops import roles
from ops.doctor.findings import Finding, Unknown, ok, warning, wrong
from ops.doctor.postgresql import primary
from ops.doctor.surroundings import Surroundings

WRITE: Final = "fleet roles --write"
# Whoever owns the tables, or is a member of who does, may drop them.
POWER: Final = """
SELECT current_user AS login, r.rolsuper OR pg_has_role(c.relowner, 'MEMBER') AS may_drop
FROM pg_roles r, pg_class c WHERE r.rolname = current_user AND c.oid = 'employees'::regclass
"""


async def rights(around: Surroundings) -> Sequence[Finding]:
    """Compare the roles with what they should be, and look at the login that this is."""
    async with primary(around) as db:
        try:
            plan = await roles.plan(db)
            power = await db.fetchrow(POWER)
        except asyncpg.UndefinedTableError as problem:
            raise Unknown("the database has no schema") from problem
    assert power is not None  # noqa: S101 - this login is a role
    return [judge_roles(plan), judge_login(power["login"], may_drop=power["may_drop"])]


def judge_roles(plan: roles.Plan) -> Finding:
    """Whether the roles are as they should be."""
    if plan.missing:
        return warning(f"there is no role {', '.join(plan.missing)}: services can do more than they need", WRITE)
    if plan.rights:
        return wrong(f"{len(plan.rights)} rights are not as they should be, such as: {plan.rights[0]}", WRITE)
    return ok("each role has the rights that it needs, and no others")


def judge_login(login: str, *, may_drop: bool) -> Finding:
    """Whether the login of DATABASE_URL is one for services."""
    if may_drop:
        said = f"DATABASE_URL's login {login} may drop every table: it is for fleet migrate and fleet roles only"
        return warning(said, "CREATE ROLE name LOGIN PASSWORD '...' IN ROLE fleet_worker   (docs/operations.md)")
    return ok(f"DATABASE_URL's login {login} can drop no table")
