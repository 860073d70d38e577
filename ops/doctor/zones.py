"""Owns the check of time zones: whether every zone that the company names is known here."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import available_timezones

import asyncpg

from ops.doctor.findings import Finding, Unknown, ok, wrong
from ops.doctor.postgresql import primary
from ops.doctor.surroundings import Surroundings

ZONES: Final = "SELECT timezone FROM offices UNION SELECT timezone FROM schedules WHERE timezone IS NOT NULL ORDER BY 1"


async def zones(around: Surroundings) -> Sequence[Finding]:
    """Compare the zones of offices and schedules with the time zone data."""
    async with primary(around) as db:
        try:
            named = [row["timezone"] for row in await db.fetch(ZONES)]
        except asyncpg.UndefinedTableError as problem:
            raise Unknown("the database has no schema") from problem
    return [judge(named, available_timezones())]


def judge(named: Sequence[str], known: set[str]) -> Finding:
    """Whether all that are named are known."""
    if not known:
        return wrong("there is no time zone data here", "pip install tzdata")
    if strange := [zone for zone in named if zone not in known]:
        said = f"offices or schedules have zones that nobody knows: {', '.join(strange)}"
        return wrong(said, "fleet office add, fleet schedule add   (again, with a zone of the tz database)")
    return ok(f"{len(known)} zones are known, and all {len(named)} that are in use" if named else "no zone is in use")
