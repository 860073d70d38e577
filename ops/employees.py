"""Owns `fleet employees`, but for the import: who they are, what they may do, and that they have left."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from ops.database import rows_of
from ops.offices import office_ids
from ops.terminal import Refused

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection

# $1: a status, $2: an office, $3: today; a null stands for all, but for the forgotten, who are nobody any more.
LIST: Final = """
SELECT e.user_id, coalesce(e.official_name, e.full_name) AS full_name, e.role,
    (SELECT string_agg(o.name, ';' ORDER BY w.position, o.office_id)
     FROM employee_offices w JOIN offices o USING (office_id) WHERE w.user_id = e.user_id) AS offices,
    (SELECT s.name FROM schedule_assignments a JOIN schedules s USING (schedule_id)
     WHERE a.user_id = e.user_id AND a.since <= $3 ORDER BY a.since DESC LIMIT 1) AS schedule,
    e.language, e.status,
    CASE WHEN e.chat_id IS NULL THEN 'not yet' WHEN e.unreachable_since IS NOT NULL THEN 'cannot be reached'
         ELSE 'yes' END AS writes
FROM employees e
WHERE (e.status = $1 OR ($1::text IS NULL AND e.status <> 'forgotten'))
  AND ($2::bigint IS NULL OR EXISTS (SELECT FROM employee_offices w WHERE w.user_id = e.user_id AND w.office_id = $2))
ORDER BY coalesce(e.official_name, e.full_name) COLLATE "az-x-icu", e.user_id
"""
KNOWN: Final = """
SELECT user_id FROM employees WHERE user_id = ANY($1::bigint[]) AND status <> 'forgotten' ORDER BY user_id FOR UPDATE
"""
# Links that are about count as used by whoever leaves, so that a colleague's old one does not let them in again.
DEACTIVATE: Final = """
WITH used AS (
    INSERT INTO invite_uses (invite_id, user_id)
    SELECT invite_id, user_id FROM invites CROSS JOIN unnest($1::bigint[]) AS gone (user_id)
    WHERE uses_left > 0 AND expires_at > now() ON CONFLICT DO NOTHING
)
UPDATE employees SET status = 'inactive' WHERE user_id = ANY($1::bigint[]) AND status <> 'inactive'
"""
# Who comes back is not missed on the days before.
ACTIVATE: Final = """
UPDATE employees SET status = 'active', enrolled_at = now() WHERE user_id = ANY($1::bigint[]) AND status <> 'active'
"""
ROLE: Final = "UPDATE employees SET role = $2 WHERE user_id = $1 AND role <> $2"
MANAGES_NOTHING_ELSE: Final = "DELETE FROM office_managers WHERE user_id = $1 AND office_id <> ALL($2::bigint[])"
MANAGE: Final = """
INSERT INTO office_managers (user_id, office_id) SELECT $1, * FROM unnest($2::bigint[]) ON CONFLICT DO NOTHING
"""
CURRENT_ROLE: Final = "SELECT role FROM employees WHERE user_id = $1"


async def listed(db: "Connection", status: str | None, office: str | None, today: object) -> "list[Record]":
    """The people, by name; all who are not forgotten where neither a status nor an office is asked for."""
    office_id = None if office is None else (await office_ids(db, [office]))[0]
    return await db.fetch(LIST, status, office_id, today)


async def deactivate(db: "Connection", people: Collection[int]) -> int:
    """Let the people be strangers to the bot; returns of how many this was not so. What they have open ends by itself.

    Raises:
        Refused: somebody is unknown; nothing was changed.
    """
    return await _each(db, DEACTIVATE, people)


async def activate(db: "Connection", people: Collection[int]) -> int:
    """Let the people in (again); returns of how many this was not so.

    Raises:
        Refused: somebody is unknown; nothing was changed.
    """
    return await _each(db, ACTIVATE, people)


async def give_role(db: "Connection", person: int, role: str) -> bool:
    """Give the person a role; returns whether they had another.

    Raises:
        Refused: they are unknown.
    """
    async with db.transaction():
        await require(db, [person])
        return bool(rows_of(await db.execute(ROLE, person, role)))


async def manage(db: "Connection", person: int, offices: Sequence[str]) -> bool:
    """Let the person manage these offices and no others; returns whether that was not so.

    Raises:
        Refused: the person or an office is unknown, or the person is no manager.
    """
    async with db.transaction():
        await require(db, [person])
        managed = await office_ids(db, offices)
        if managed and await db.fetchval(CURRENT_ROLE, person) == "employee":
            raise Refused(f"{person} is an employee: run `fleet employees role {person} manager` first")
        less = rows_of(await db.execute(MANAGES_NOTHING_ELSE, person, managed))
        return bool(less + rows_of(await db.execute(MANAGE, person, managed)))


async def require(db: "Connection", people: Collection[int]) -> None:
    """Make sure that all of them are known.

    Raises:
        Refused: those who are not.
    """
    known = {row["user_id"] for row in await db.fetch(KNOWN, list(people))}
    if unknown := sorted({*people} - known):
        raise Refused(*(f"nobody has the id {person}: see `fleet employees list`" for person in unknown))


async def _each(db: "Connection", query: str, people: Collection[int]) -> int:
    async with db.transaction():
        await require(db, people)
        return rows_of(await db.execute(query, list(people)))
