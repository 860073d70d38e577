"""Owns the offices as managers keep them: the SQL.

An office that is removed keeps its row: what happened there still says where. Its name may be given to a new one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from checkin_worker.oversight import MANAGED

if TYPE_CHECKING:
    from asyncpg import Record

    from shared.database import Connection

# Every office that is in use and that one sees, with how many work there and who manages it.
LIST: Final = f"""
SELECT o.office_id, o.name, o.latitude, o.longitude, o.radius_m, o.timezone,
    (SELECT count(*) FROM employee_offices w JOIN employees e USING (user_id)
     WHERE w.office_id = o.office_id AND e.status = 'active') AS people,
    manager_ids, manager_names
FROM offices o CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(e.user_id ORDER BY e.user_id), '{{}}') AS manager_ids,
        coalesce(array_agg(coalesce(e.official_name, e.full_name) ORDER BY e.user_id), '{{}}') AS manager_names
    FROM office_managers m JOIN employees e USING (user_id)
    WHERE m.office_id = o.office_id AND e.status = 'active' AND e.role IN ('manager', 'admin')) managers
WHERE o.removed_at IS NULL AND {MANAGED} ORDER BY o.name COLLATE "az-x-icu", o.office_id LIMIT 1000
"""  # noqa: S608 - a constant
AWAIT: Final = """
INSERT INTO pending_offices (user_id, name, radius_m, timezone, asked_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, radius_m = excluded.radius_m,
    timezone = excluded.timezone, asked_at = excluded.asked_at
"""
# A location that was sent before the question, and comes after it, is no answer.
AWAITED: Final = """
SELECT name, radius_m, timezone FROM pending_offices
WHERE user_id = $1 AND asked_at <= $2::timestamptz AND asked_at >= $2::timestamptz - $3::interval
"""
SETTLE: Final = "DELETE FROM pending_offices WHERE user_id = $1 RETURNING name"
# The name of an office that was removed is free: its row is used again.
OPEN: Final = """
INSERT INTO offices AS o (name, latitude, longitude, radius_m, timezone) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET latitude = excluded.latitude, longitude = excluded.longitude,
    radius_m = excluded.radius_m, timezone = excluded.timezone, removed_at = NULL
WHERE o.removed_at IS NOT NULL RETURNING office_id
"""
RESIZE: Final = "UPDATE offices SET radius_m = $2 WHERE office_id = $1"
# Nobody may be left in an office that is gone: who has no office has them all.
WORKS: Final = """
SELECT EXISTS (SELECT FROM employee_offices JOIN employees USING (user_id)
               WHERE office_id = $1 AND status IN ('active', 'pending'))
"""
# Whoever comes in by an invitation to it right now is waited for.
INVITED: Final = "SELECT FROM invites WHERE office_id = $1 FOR UPDATE"
REMOVE: Final = """
UPDATE offices SET removed_at = $2 WHERE office_id = $1 AND removed_at IS NULL AND NOT EXISTS (
    SELECT FROM employee_offices JOIN employees USING (user_id)
    WHERE office_id = $1 AND status IN ('active', 'pending')) RETURNING name
"""
# What an office that is removed takes with it: the places of those who left, its managers, invitations to it.
CLEAR: Final = (
    "DELETE FROM employee_offices WHERE office_id = $1",
    "DELETE FROM office_managers WHERE office_id = $1",
    "UPDATE invites SET uses_left = 0 WHERE office_id = $1",
)
KNOWN: Final = "SELECT user_id FROM employees WHERE user_id = ANY($1::bigint[]) AND status = 'active' FOR KEY SHARE"

# $1 is the office, $2 the people. The first office of a person stays the first.
ASSIGN: Final = """
INSERT INTO employee_offices (user_id, office_id, position)
SELECT user_id, $1, (SELECT coalesce(max(position) + 1, 0) FROM employee_offices w WHERE w.user_id = given.user_id)
FROM unnest($2::bigint[]) AS given (user_id) ON CONFLICT DO NOTHING
"""
UNASSIGN: Final = "DELETE FROM employee_offices WHERE office_id = $1 AND user_id = ANY($2::bigint[]) RETURNING user_id"
APPOINT: Final = """
INSERT INTO office_managers (user_id, office_id) SELECT user_id, $1 FROM unnest($2::bigint[]) AS given (user_id)
ON CONFLICT DO NOTHING
"""
DISMISS: Final = "DELETE FROM office_managers WHERE office_id = $1 AND user_id = ANY($2::bigint[]) RETURNING user_id"
PROMOTE: Final = "UPDATE employees SET role = 'manager' WHERE user_id = ANY($1::bigint[]) AND role = 'employee'"

ANSWER_WITHIN: Final = timedelta(minutes=5)
"""From the question for an office's place to the location that answers it, both by Telegram's clock."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An office whose place is not known yet."""

    name: str
    radius_m: int
    timezone: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An office in use; `managers` are their ids and names."""

    office_id: int
    name: str
    latitude: float
    longitude: float
    radius_m: int
    timezone: str
    people: int
    managers: dict[int, str]


async def kept(db: "Connection", scope: int | None) -> list[Kept]:
    """The offices in use that one sees (`oversight.scope`), by name."""
    return [_kept(row) for row in await db.fetch(LIST, scope)]


async def awaited(db: "Connection", user_id: int, sent_at: datetime) -> Draft | None:
    """The office for which a location that this person sent then is the place."""
    row = await db.fetchrow(AWAITED, user_id, sent_at, ANSWER_WITHIN)
    return None if row is None else Draft(row["name"], row["radius_m"], row["timezone"])


async def remove(db: "Connection", office_id: int, now: datetime) -> str | None:
    """Remove the office, if it is there and nobody works in it; return its name if so."""
    await db.execute(INVITED, office_id)
    name: str | None = await db.fetchval(REMOVE, office_id, now)
    if name is not None:
        for statement in CLEAR:
            await db.execute(statement, office_id)
    return name


def _kept(row: "Record") -> Kept:
    return Kept(
        row["office_id"],
        row["name"],
        row["latitude"],
        row["longitude"],
        row["radius_m"],
        row["timezone"],
        row["people"],
        dict(zip(row["manager_ids"], row["manager_names"], strict=True)),
    )
