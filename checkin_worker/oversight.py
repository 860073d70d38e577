"""Owns who sees whom: managers see the people of their offices, admins see all; and each look is written down."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from checkin_worker.access import Standing
from shared.texts import language_of

if TYPE_CHECKING:
    from checkin_worker.desk import Desk
    from shared.database import Connection

VISIBLE: Final = """
(CASE WHEN $1::bigint IS NULL THEN true ELSE EXISTS (
    SELECT FROM employee_offices w JOIN office_managers m USING (office_id)
    WHERE w.user_id = e.user_id AND m.user_id = $1) END)
"""
"""A condition on `employees e`: $1 is the manager's id, or NULL for an admin, who sees everybody."""

DECIDABLE: Final = f"({VISIBLE} AND e.user_id IS DISTINCT FROM $1::bigint)"
"""The same, of those about whose requests they decide: nobody but an admin decides about themselves."""
MANAGED: Final = """
($1::bigint IS NULL OR EXISTS (
    SELECT FROM office_managers m WHERE m.office_id = o.office_id AND m.user_id = $1))
"""
"""A condition on `offices o`, $1 as above."""

SEES: Final = f"SELECT EXISTS (SELECT FROM employees e WHERE e.user_id = $2 AND {DECIDABLE})"  # noqa: S608 - a constant
OVERSEERS: Final = """
SELECT e.user_id, e.language, e.telegram_language FROM employees e
WHERE e.status = 'active' AND e.chat_id IS NOT NULL AND e.user_id <> $1
  AND (e.role = 'admin' OR e.user_id = ANY($2::bigint[]) OR (e.role = 'manager' AND EXISTS (
      SELECT FROM office_managers m JOIN employee_offices w USING (office_id)
      WHERE m.user_id = e.user_id AND w.user_id = $1)))
ORDER BY e.user_id
"""
# Of people who are there: who is being forgotten meanwhile is waited for, and leaves no number here.
NOTE: Final = """
INSERT INTO audit (actor_id, action, subjects, update_id)
SELECT $1, $2, coalesce(array_agg(user_id ORDER BY user_id), '{}'), $4
FROM (SELECT user_id FROM employees WHERE user_id = ANY($3::bigint[]) FOR KEY SHARE) e ON CONFLICT DO NOTHING
"""
TOLD: Final = """
INSERT INTO audit (actor_id, action, subjects, update_id)
SELECT overseer, $2, ARRAY[$3::bigint], $4 FROM unnest($1::bigint[]) AS overseer ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Overseer:
    """Somebody who decides about another's requests."""

    user_id: int
    language: str


def scope(desk: "Desk") -> int | None:
    """The first argument of VISIBLE for whoever is at the desk."""
    return None if desk.standing >= Standing.ADMIN else desk.person.user_id


async def sees(desk: "Desk", user_id: int) -> bool:
    """Whether whoever is at the desk may see this person's data and decide about it; only admins about themselves."""
    return desk.standing >= Standing.MANAGER and bool(await desk.db.fetchval(SEES, scope(desk), user_id))


async def overseers(db: "Connection", user_id: int, admin_ids: Collection[int]) -> list[Overseer]:
    """Who is to be asked about this person: the managers of their offices, and the admins; not the person."""
    rows = await db.fetch(OVERSEERS, user_id, list(admin_ids))
    return [Overseer(row["user_id"], language_of(row["language"], row["telegram_language"])) for row in rows]


async def note(desk: "Desk", action: str, subjects: Collection[int]) -> None:
    """Write down that whoever is at the desk looked at, or decided about, these people's data."""
    await desk.db.execute(NOTE, desk.person.user_id, action, sorted(subjects), desk.outbox.update_id)


async def told(desk: "Desk", action: str, overseers: Collection[Overseer]) -> None:
    """Write down that they are shown data of whoever is at the desk, who asks something of them."""
    people = [overseer.user_id for overseer in overseers]
    await desk.db.execute(TOLD, people, action, desk.person.user_id, desk.outbox.update_id)
