"""Owns `fleet employees import`: what a file says of people becomes so, all of it or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from ops.people_file import Entry, Known, entries

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection

NAMES: Final = """
SELECT (SELECT coalesce(array_agg(name), '{}') FROM offices WHERE removed_at IS NULL) AS offices,
       (SELECT coalesce(array_agg(office_id), '{}') FROM offices WHERE removed_at IS NULL) AS office_ids,
       (SELECT coalesce(array_agg(name), '{}') FROM schedules) AS schedules,
       (SELECT coalesce(array_agg(schedule_id), '{}') FROM schedules) AS schedule_ids
"""
# $2: today.
BEFORE: Final = """
SELECT e.user_id, e.official_name, e.role, e.status, e.language,
    ARRAY(SELECT office_id FROM employee_offices w WHERE w.user_id = e.user_id ORDER BY position, office_id)
        AS office_ids,
    (SELECT schedule_id FROM schedule_assignments a WHERE a.user_id = e.user_id AND since <= $2
     ORDER BY since DESC LIMIT 1) AS schedule_id
FROM employees e WHERE e.user_id = ANY($1::bigint[])
"""
# Who comes back is not missed on the days before.
WRITE: Final = """
INSERT INTO employees AS e (user_id, full_name, official_name, role, language)
SELECT user_id, name, name, role, language
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS given (user_id, name, role, language)
ON CONFLICT (user_id) DO UPDATE SET official_name = excluded.official_name, role = excluded.role,
    language = excluded.language, status = 'active',
    enrolled_at = CASE WHEN e.status = 'active' THEN e.enrolled_at ELSE excluded.enrolled_at END
"""
LEAVE_OFFICES: Final = "DELETE FROM employee_offices WHERE user_id = ANY($1::bigint[])"
ENTER_OFFICES: Final = """
INSERT INTO employee_offices (user_id, office_id, position)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
"""
ASSIGN: Final = """
INSERT INTO schedule_assignments (user_id, since, schedule_id)
SELECT user_id, $2, schedule_id FROM unnest($1::bigint[], $3::bigint[]) AS given (user_id, schedule_id)
ON CONFLICT (user_id, since) DO UPDATE SET schedule_id = excluded.schedule_id
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """How many people were new, were changed, and were as the file says already."""

    new: int
    changed: int
    unchanged: int


async def import_people(db: "Connection", data: bytes, today: date, *, dry_run: bool) -> Imported:
    """Bring the people to what the file says; what it does not say stays as it is. A dry run writes nothing.

    Raises:
        Refused: the file is wrong; nothing was written.
    """
    # So that nothing changes between reading and writing: who is changed by another meanwhile ends this with an error.
    async with db.transaction(isolation="repeatable_read", readonly=dry_run):
        wanted = entries(data, await _known(db))
        before = {row["user_id"]: row for row in await db.fetch(BEFORE, [entry.user_id for entry in wanted], today)}
        after = [_after(entry, before.get(entry.user_id)) for entry in wanted]
        writing = [entry for entry in after if not _holds(entry, before.get(entry.user_id))]
        if not dry_run:
            await _write(db, writing, before, today)
    new = len(wanted) - len(before)
    return Imported(new, len(writing) - new, len(wanted) - len(writing))


async def _known(db: "Connection") -> Known:
    row = await db.fetchrow(NAMES)
    if row is None:
        raise AssertionError("the query always answers")
    offices = dict(zip(row["offices"], row["office_ids"], strict=True))
    return Known(offices, dict(zip(row["schedules"], row["schedule_ids"], strict=True)))


def _after(entry: Entry, row: "Record | None") -> Entry:
    """The entry with what it leaves unsaid, as it is now."""
    if row is None:
        return replace(entry, role=entry.role or "employee")
    return replace(
        entry,
        role=entry.role or row["role"],
        language=entry.language or row["language"],
        office_ids=entry.office_ids or tuple(row["office_ids"]),
        schedule_id=entry.schedule_id or row["schedule_id"],
    )


def _holds(entry: Entry, row: "Record | None") -> bool:
    """Whether the database says the same."""
    if row is None or row["status"] != "active":
        return False
    facts = (row["official_name"], row["role"], tuple(row["office_ids"]), row["schedule_id"], row["language"])
    return facts == (entry.name, entry.role, entry.office_ids, entry.schedule_id, entry.language)


async def _write(db: "Connection", people: Sequence[Entry], before: "Mapping[int, Record]", today: date) -> None:
    people = sorted(people, key=lambda entry: entry.user_id)
    await db.execute(
        WRITE,
        [entry.user_id for entry in people],
        [entry.name for entry in people],
        [entry.role for entry in people],
        [entry.language for entry in people],
    )
    moving = [entry for entry in people if entry.office_ids != _was(before, entry, "office_ids")]
    places = [(entry, place, office) for entry in moving for place, office in enumerate(entry.office_ids)]
    await db.execute(LEAVE_OFFICES, [entry.user_id for entry in moving])
    await db.execute(
        ENTER_OFFICES,
        [entry.user_id for entry, _, _ in places],
        [office for _, _, office in places],
        [place for _, place, _ in places],
    )
    changing = [entry for entry in people if entry.schedule_id != _was(before, entry, "schedule_id")]
    await db.execute(ASSIGN, [entry.user_id for entry in changing], today, [entry.schedule_id for entry in changing])


def _was(before: "Mapping[int, Record]", entry: Entry, column: str) -> object:
    value = before[entry.user_id][column] if entry.user_id in before else None
    return tuple(value) if isinstance(value, list) else value
