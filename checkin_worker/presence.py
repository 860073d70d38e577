"""Owns who is due now: the working day of each person, worked out once for all whose days are alike.

And the SQL that makes the roll of it: who is in, who is late, who is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from checkin_worker.oversight import VISIBLE
from shared.workday import Calendar, Schedule, Shift, schedule_of

if TYPE_CHECKING:
    from shared.database import Connection
    from shared.settings import WorkdaySettings

_BEFORE: Final = timedelta(days=3)
"""A working day is named at most two days before or after the date anywhere on Earth; a third for the rest between
shifts."""
WEEK: Final = 2 * _BEFORE
"""From the first day that matters at a moment to the last."""


def pattern(until: str) -> str:
    """SQL of what makes the working days of `employees e` from $2 to `until`, a date: text, the same for those alike.

    It has the zone of their first office, and their schedules. An assignment before $2 holds from there, so that people
    who got the same schedule at different times are alike.
    """
    return f"""json_build_array(
    (SELECT o.timezone FROM employee_offices w JOIN offices o USING (office_id) WHERE w.user_id = e.user_id
     ORDER BY w.position, w.office_id LIMIT 1),
    (SELECT json_agg(json_build_array(greatest(a.since, $2::date), a.schedule_id) ORDER BY a.since)
     FROM schedule_assignments a
     WHERE a.user_id = e.user_id AND a.since <= {until} AND NOT EXISTS (
         SELECT FROM schedule_assignments b
         WHERE b.user_id = e.user_id AND b.since > a.since AND b.since <= $2::date)))::text"""  # noqa: S608 - our own words


# People by what makes their days in the week around $2 + 3.
ALIKE: Final = f"""
SELECT pattern, array_agg(user_id ORDER BY user_id) AS people
FROM (SELECT e.user_id, {pattern("$2::date + 6")} AS pattern
      FROM employees e WHERE e.status = 'active' AND {VISIBLE}) visible
GROUP BY pattern ORDER BY pattern
"""  # noqa: S608 - a constant
RULES: Final = """
SELECT (SELECT coalesce(json_agg(json_build_array(schedule_id, name, starts, ends, grace_minutes, weekdays, country,
                                                  timezone)), '[]') FROM schedules) AS schedules,
       (SELECT coalesce(json_object_agg(day, off), '{}') FROM holidays WHERE day BETWEEN $1 AND $2) AS exceptions
"""

# $1, $2: everybody visible, and the number of the crew of each; $3 to $5: each crew's workday, its beginning, and the
# deadline (null on a day off); who came to the company after the beginning is new, and not missed. $6 is now, $7 whom
# to show, $8 the page, from 0 (the last one, if there are fewer), $9 its size. One row for each person on the page,
# and one without a person if there is none.
ROLL: Final = """
WITH today AS MATERIALIZED (
    SELECT who.user_id, coalesce(e.official_name, e.full_name) AS name, who.crew, day.workday, first.excused,
        first.start_time AS arrived, first.start_fence AS came, coalesce(first.late_seconds, 0) AS late_seconds,
        coalesce(first.late_seconds > 0 AND NOT first.excused, false) AS late,
        CASE WHEN inside.user_id IS NOT NULL THEN 'in' WHEN first.user_id IS NOT NULL THEN 'left'
             WHEN day.deadline IS NULL THEN 'off' WHEN e.enrolled_at >= day.begins THEN 'new'
             WHEN day.deadline < $6::timestamptz THEN 'missing' ELSE 'expected' END AS state
    FROM unnest($1::bigint[], $2::bigint[]) AS who (user_id, crew)
    JOIN unnest($3::date[], $4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY
        AS day (workday, begins, deadline, crew) USING (crew)
    JOIN employees e USING (user_id)
    LEFT JOIN sessions first ON (first.user_id, first.workday, first.ordinal) = (who.user_id, day.workday, 0)
    LEFT JOIN sessions inside ON (inside.user_id, inside.workday) = (who.user_id, day.workday)
        AND inside.end_time IS NULL
), matching AS MATERIALIZED (
    SELECT * FROM today WHERE CASE $7::text WHEN 'all' THEN true WHEN 'late' THEN late ELSE state = $7 END
), totals AS (
    SELECT (SELECT count(*) FROM matching) AS matching, count(*) FILTER (WHERE state = 'in') AS n_in,
        count(*) FILTER (WHERE late) AS n_late, count(*) FILTER (WHERE state = 'missing') AS n_missing,
        count(*) FILTER (WHERE state = 'expected') AS n_expected, count(*) FILTER (WHERE state = 'left') AS n_left,
        count(*) FILTER (WHERE state IN ('off', 'new')) AS n_off
    FROM today
), page AS (
    SELECT *, row_number() OVER (ORDER BY array_position('{missing,in,left,expected,new,off}', state),
                                          NOT late, name COLLATE "az-x-icu", user_id) AS place
    FROM matching ORDER BY place
    LIMIT $9 OFFSET $9 * least($8, greatest((SELECT count(*) FROM matching) - 1, 0) / $9)
)
SELECT totals.*, page.*, last.start_fence AS came_again, last.end_time AS left_at, last.end_fence AS gone,
       forgotten.workday AS forgotten
FROM totals LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT start_fence, end_time, end_fence FROM sessions
    WHERE user_id = page.user_id AND workday = page.workday ORDER BY ordinal DESC LIMIT 1) last ON true
LEFT JOIN LATERAL (
    SELECT workday, end_time, closed_by FROM sessions
    WHERE user_id = page.user_id AND workday < page.workday AND workday >= page.workday - 31
    ORDER BY workday DESC, ordinal DESC LIMIT 1) forgotten
    ON forgotten.end_time IS NULL OR forgotten.closed_by = 'boundary'
ORDER BY page.place
"""

# Today's locations of a page of people ($1), each between the bounds of their day ($2, $3): where, whether the same
# person was at the very same point on another day, and how many others ever were. A point at which everybody seems to
# be is counted up to a thousand locations.
POINTS: Final = """
SELECT here.*, EXISTS (
        SELECT FROM attendance_events own
        WHERE own.user_id = who.user_id AND own.sent_at < who.first AND own.sent_at >= who.first - interval '90 days'
          AND own.latitude = here.latitude AND own.longitude = here.longitude AND own.kind = 'location'
          AND NOT own.coarse) AS own,
    (SELECT count(DISTINCT near.user_id) FROM (
        SELECT other.user_id FROM attendance_events other
        WHERE other.latitude = here.latitude AND other.longitude = here.longitude AND other.kind = 'location'
          AND NOT other.coarse AND other.user_id <> who.user_id LIMIT 1000) near) AS others
FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS who (user_id, first, after)
CROSS JOIN LATERAL (
    SELECT user_id, sent_at, update_id, latitude, longitude FROM attendance_events
    WHERE user_id = who.user_id AND sent_at >= who.first AND sent_at < who.after AND kind = 'location' AND NOT coarse
    ORDER BY sent_at, update_id LIMIT 50) here
ORDER BY here.user_id, here.sent_at, here.update_id
"""


@dataclass(frozen=True, slots=True)
class Company:
    """The rules by which days are made: for those who have none of their own, the named ones, and the exceptions."""

    zone: ZoneInfo
    boundary: time
    default: Schedule
    schedules: Mapping[int, Schedule]
    exceptions: Mapping[date, bool]

    def calendar(self, pattern: str) -> Calendar:
        """The calendar of the people whom ALIKE found to have this pattern."""
        zone, plan = _json(pattern)
        held = [(date.fromisoformat(since), self.schedules[schedule]) for since, schedule in plan or ()]
        return Calendar(ZoneInfo(zone) if zone else self.zone, self.boundary, self.default, held, self.exceptions)


@dataclass(frozen=True, slots=True)
class Crew:
    """People whose working day is the same one, and what is due on it: no shift on a day off."""

    people: Sequence[int]
    calendar: Calendar
    workday: date
    shift: Shift | None


def since(moment: datetime) -> date:
    """The first day that matters at that moment: the second argument of ALIKE."""
    return moment.date() - _BEFORE


async def rules(db: "Connection", first: date, last: date, settings: "WorkdaySettings") -> Company:
    """The company's rules for these days."""
    row = await db.fetchrow(RULES, first, last)
    if row is None:
        raise AssertionError("the query answers always")
    return company(row["schedules"], row["exceptions"], settings)


def company(schedules: str, exceptions: str, settings: "WorkdaySettings") -> Company:
    """The company's rules, from the columns of RULES and the settings."""
    named = {number: schedule_of(*columns) for number, *columns in _json(schedules)}
    days = {date.fromisoformat(day): off for day, off in _json(exceptions).items()}
    return Company(settings.zone, settings.workday_boundary, settings.schedule, named, days)


def crews(patterns: Mapping[str, Sequence[int]], rules: Company, moment: datetime) -> list[Crew]:
    """The working day of everybody at that moment, from people by pattern."""
    found = []
    for pattern, people in patterns.items():
        calendar = rules.calendar(pattern)
        workday = calendar.workday(moment)
        found.append(Crew(people, calendar, workday, calendar.shift(workday)))
    return found


def _json(text: str) -> Any:  # noqa: ANN401 - as the queries above shape it
    return msgspec.json.decode(text)
