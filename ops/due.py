"""Owns who is due on a day: whom a schedule expects, on the clock of their place of work."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self
from zoneinfo import ZoneInfo

import msgspec

from shared.settings import WorkdaySettings
from shared.workday import Calendar, Schedule, Shift, schedule_of

if TYPE_CHECKING:
    from ops.database import Connection

DEFAULT: Final = 0
"""Stands for the schedule of those who have none of their own; identities begin at 1."""

COMPANY: Final = """
SELECT (SELECT coalesce(json_object_agg(schedule_id, json_build_array(name, starts, ends, grace_minutes, weekdays,
                                                                      country, timezone)), '{}') FROM schedules)
           AS schedules,
       (SELECT coalesce(json_object_agg(day, off), '{}') FROM holidays) AS exceptions,
       ARRAY(SELECT DISTINCT timezone FROM offices) AS zones
"""

# Everybody who works here, on each of the days $2: under which schedule, and in whose zone, the company's being $1.
PEOPLE: Final = f"""
SELECT e.user_id, e.chat_id, e.full_name, e.language, e.telegram_language, e.consent_version, e.enrolled_at,
       e.unreachable_since, day.workday, coalesce(held.schedule_id, {DEFAULT}) AS schedule_id,
       coalesce(home.timezone, $1) AS zone
FROM employees e CROSS JOIN unnest($2::date[]) AS day (workday)
LEFT JOIN LATERAL (SELECT schedule_id FROM schedule_assignments a
                   WHERE a.user_id = e.user_id AND a.since <= day.workday ORDER BY since DESC LIMIT 1) held ON true
LEFT JOIN LATERAL (SELECT timezone FROM employee_offices w JOIN offices USING (office_id)
                   WHERE w.user_id = e.user_id ORDER BY position, office_id LIMIT 1) home ON true
WHERE e.status = 'active'
"""  # noqa: S608 - a constant
DUE: Final = f"""
({PEOPLE}) p JOIN unnest($3::date[], $4::bigint[], $5::text[], $6::timestamptz[])
                  WITH ORDINALITY AS crew (workday, schedule_id, zone, moment, number)
                  USING (workday, schedule_id, zone)
"""
"""A source of rows: everybody who is in one of some crews, beside a moment of the crew's and its number, from 1."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Those who have the same schedule on a day and the same clock, and are due.

    Attributes:
        workday: the day.
        schedule_id: the schedule, DEFAULT for the company's.
        zone: that of their first office, or the company's.
        begins: the first moment at which a tap counts for the day.
        shift: when they are due.
    """

    workday: date
    schedule_id: int
    zone: str
    begins: datetime
    shift: Shift

    def clock(self, moment: datetime) -> str:
        """What their clock shows then, such as 09:00."""
        return f"{moment.astimezone(ZoneInfo(self.zone)):%H:%M}"


@dataclass(frozen=True, slots=True)
class Company:
    """The company's schedules, by number, its exceptions, and the zones in which somebody may be at home."""

    settings: WorkdaySettings
    schedules: Mapping[int, Schedule]
    exceptions: Mapping[date, bool]
    zones: tuple[str, ...]

    @classmethod
    async def read(cls, db: "Connection", settings: WorkdaySettings) -> Self:
        """Read them."""
        row = await db.fetchrow(COMPANY)
        if row is None:
            raise AssertionError("the query always answers")
        schedules = msgspec.json.decode(row["schedules"])
        exceptions = msgspec.json.decode(row["exceptions"], type=dict[date, bool])
        return cls(
            settings=settings,
            schedules={
                DEFAULT: settings.schedule,
                **{int(number): schedule_of(*columns) for number, columns in schedules.items()},
            },
            exceptions=exceptions,
            zones=tuple(sorted({settings.timezone, *row["zones"]})),
        )

    def crews(self, days: Iterable[date]) -> Iterator[Crew]:
        """All crews that are due on these days; nobody need be in them."""
        for day in days:
            for schedule_id, schedule in self.schedules.items():
                for zone in self.zones:
                    boundary = self.settings.workday_boundary
                    calendar = Calendar(ZoneInfo(zone), boundary, schedule, exceptions=self.exceptions)
                    if (shift := calendar.shift(day)) is not None:
                        yield Crew(day, schedule_id, zone, calendar.begins(day), shift)


def days_around(now: datetime, back: int = 1) -> list[date]:
    """The days on which a shift may have begun at most `back` days ago, or may begin soon, wherever on Earth."""
    today = now.astimezone(UTC).date()
    return [today + timedelta(days=number) for number in range(-back - 2, 2)]


def given(company: Company, crews: Sequence[Crew], moments: Sequence[datetime]) -> tuple[object, ...]:
    """The arguments $1 to $6 of a query that uses DUE, with a moment for each crew."""
    return (
        company.settings.timezone,
        sorted({crew.workday for crew in crews}),
        [crew.workday for crew in crews],
        [crew.schedule_id for crew in crews],
        [crew.zone for crew in crews],
        list(moments),
    )
