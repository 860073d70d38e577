"""Owns the check of the schema: at this release's, behind or ahead of it, and every index whole."""

from collections.abc import Sequence
from typing import Final

import asyncpg
from alembic.script import ScriptDirectory

from ops.doctor.findings import Finding, ok, warning, wrong
from ops.doctor.postgresql import primary
from ops.doctor.surroundings import Surroundings
from ops.migrate import alembic_config

REVISION: Final = "SELECT version_num FROM alembic_version"
# An index is invalid while it is built concurrently, and for ever when that failed.
INVALID: Final = """
SELECT i.indexrelid::regclass::text AS name, p.pid IS NOT NULL AS in_work
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
LEFT JOIN pg_stat_progress_create_index AS p ON p.index_relid = i.indexrelid
WHERE NOT i.indisvalid AND c.relnamespace = 'public'::regnamespace
ORDER BY 1
"""


async def schema(around: Surroundings) -> Sequence[Finding]:
    """Compare what the database has with the migrations of this release."""
    async with primary(around) as db:
        try:
            current = await db.fetchval(REVISION)
        except asyncpg.UndefinedTableError:
            current = None
        indexes = await db.fetch(INVALID)
    scripts = ScriptDirectory.from_config(alembic_config())
    steps = [script.revision for script in scripts.walk_revisions()]
    return [judge_revision(current, steps), *(judge_index(row["name"], in_work=row["in_work"]) for row in indexes)]


def judge_revision(current: str | None, steps: Sequence[str]) -> Finding:
    """Where the schema stands.

    Args:
        current: its revision; None: there is no schema.
        steps: this release's revisions, the newest first.
    """
    if current is None:
        return wrong("the database has no schema", "fleet migrate")
    if current not in steps:
        said = f"the schema is at {current}, which this release does not know: a newer one made it"
        return warning(said, "deploy the release that made it; this one works with it for as long as it is the last")
    if behind := steps.index(current):
        return wrong(f"the schema is at {current}, {behind} behind this release's {steps[0]}", "fleet migrate")
    return ok(f"the schema is at {current}, this release's")


def judge_index(name: str, *, in_work: bool) -> Finding:
    """An index that is not valid."""
    if in_work:
        return warning(f"the index {name} is being built", "wait: pg_stat_progress_create_index says how far it is")
    said = f"the index {name} is invalid: its building failed, and nobody uses it"
    return wrong(said, f'psql "$DATABASE_URL" -c "REINDEX INDEX CONCURRENTLY {name}"')
