"""Owns `fleet office`: where people work."""

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final, Self
from zoneinfo import available_timezones

from ops.database import rows_of
from ops.terminal import Refused
from shared.office import NAME_LENGTH, RADIUS
from shared.texts import plain_name

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection

_POLE: Final = 90
_DATE_LINE: Final = 180

IDS: Final = "SELECT name, office_id FROM offices WHERE name = ANY($1::text[]) AND removed_at IS NULL"
# An office that was removed is opened again.
WRITE: Final = """
INSERT INTO offices AS o (name, latitude, longitude, radius_m, timezone, address) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO UPDATE SET latitude = excluded.latitude, longitude = excluded.longitude,
    radius_m = excluded.radius_m, timezone = excluded.timezone, address = excluded.address, removed_at = NULL
WHERE (o.latitude, o.longitude, o.radius_m, o.timezone, o.address, o.removed_at) IS DISTINCT FROM
    (excluded.latitude, excluded.longitude, excluded.radius_m, excluded.timezone, excluded.address, NULL)
"""
EXISTS: Final = "SELECT EXISTS (SELECT FROM offices WHERE name = $1 AND removed_at IS NULL)"
LIST: Final = """
SELECT o.name, o.latitude, o.longitude, o.radius_m, o.timezone, o.address,
    (SELECT count(*) FROM employee_offices w JOIN employees e USING (user_id)
     WHERE w.office_id = o.office_id AND e.status = 'active') AS people,
    (SELECT string_agg(coalesce(e.official_name, e.full_name), ', ' ORDER BY e.user_id)
     FROM office_managers m JOIN employees e USING (user_id) WHERE m.office_id = o.office_id) AS managers
FROM offices o WHERE o.removed_at IS NULL ORDER BY o.name COLLATE "az-x-icu"
"""
# Among a person's offices the lowest position is home.
ENTER: Final = """
INSERT INTO employee_offices (user_id, office_id, position)
SELECT user_id, $1, (SELECT coalesce(max(position) + 1, 0) FROM employee_offices w WHERE w.user_id = given.user_id)
FROM unnest($2::bigint[]) AS given (user_id) ON CONFLICT DO NOTHING RETURNING user_id
"""
MAKE_HOME: Final = """
UPDATE employee_offices w SET position = first.position - 1
FROM (SELECT user_id, min(position) AS position FROM employee_offices
      WHERE user_id = ANY($2::bigint[]) AND office_id <> $1 GROUP BY user_id) first
WHERE w.user_id = first.user_id AND w.office_id = $1 AND w.position >= first.position RETURNING w.user_id
"""
LEAVE: Final = "DELETE FROM employee_offices WHERE office_id = $1 AND user_id = ANY($2::bigint[])"


@dataclass(frozen=True, slots=True)
class Office:
    """An office to be; degrees of WGS 84, metres, a zone of the tz database."""

    name: str
    latitude: float
    longitude: float
    radius_m: int
    timezone: str
    address: str | None

    @classmethod
    def read(cls, name: str, at: str, radius_m: int, timezone: str, address: str | None) -> Self:
        """Make one of what somebody wrote.

        Raises:
            Refused: all that is wrong with it.
        """
        place = re.fullmatch(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*", at, re.ASCII)
        latitude, longitude = map(float, place.groups()) if place else (0.0, 0.0)
        problems = [*bad_name(name, "office"), *bad_zone(timezone)]
        if not place or abs(latitude) > _POLE or abs(longitude) > _DATE_LINE:
            problems.append(f"--at {at!r}: must be latitude,longitude in degrees, such as 40.3717,49.8505")
        if radius_m not in RADIUS:
            problems.append(f"--radius {radius_m}: must be {RADIUS.start} to {RADIUS.stop - 1} metres")
        if problems:
            raise Refused(*problems)
        return cls(plain_name(name), latitude, longitude, radius_m, timezone, address and plain_name(address))


def bad_name(name: str, kind: str) -> list[str]:
    """What is wrong with a name that people give to something of this kind."""
    if not any(char.isalnum() for char in name):
        return [f"the {kind} needs a name"]
    if ";" in name:
        return [f"the {kind}'s name has a semicolon, which parts names in files: leave it out"]
    long = len(" ".join(name.split())) > NAME_LENGTH
    return [f"the {kind}'s name is long: {NAME_LENGTH} characters at most"] if long else []


def bad_zone(zone: str) -> list[str]:
    """What is wrong with a zone."""
    known = zone in available_timezones()
    return [] if known else [f"--timezone {zone!r}: no zone of the tz database, such as Asia/Baku"]


async def add(db: "Connection", office: Office) -> str:
    """Open the office, or change it; returns which: added, changed, or unchanged."""
    async with db.transaction():
        known = await db.fetchval(EXISTS, office.name)
        wrote = rows_of(await db.execute(WRITE, *astuple(office)))
    return "unchanged" if not wrote else "changed" if known else "added"


async def listed(db: "Connection") -> "list[Record]":
    """The offices, by name."""
    return await db.fetch(LIST)


async def office_ids(db: "Connection", names: Sequence[str]) -> list[int]:
    """The numbers of these offices, in their order.

    Raises:
        Refused: those that do not exist.
    """
    known = {row["name"]: row["office_id"] for row in await db.fetch(IDS, list(names))}
    if unknown := [name for name in names if name not in known]:
        raise Refused(*(f"there is no office {name!r}: see `fleet office list`" for name in unknown))
    return [known[name] for name in names]


async def enter(db: "Connection", office_id: int, people: Sequence[int], *, home: bool) -> int:
    """Let the people, who are known, work in the office too, or first of all; returns for how many that is new."""
    changed = {row["user_id"] for row in await db.fetch(ENTER, office_id, people)}
    if home:
        changed |= {row["user_id"] for row in await db.fetch(MAKE_HOME, office_id, people)}
    return len(changed)


async def leave(db: "Connection", office_id: int, people: Sequence[int]) -> int:
    """Let the people no longer work in the office; returns how many did."""
    return rows_of(await db.execute(LEAVE, office_id, people))
