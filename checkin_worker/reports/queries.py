"""Owns the SQL of a month, and reading it row by row: however many people there are, few rows are in memory."""

from collections import deque
from datetime import date
from typing import TYPE_CHECKING, Final

from checkin_worker.oversight import VISIBLE
from checkin_worker.presence import pattern

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.cursor import Cursor

    from shared.database import ReadConnection

TIMEOUT: Final = 50.0
"""Seconds for a query: the first row of a cursor comes when all has been sorted."""
BATCH: Final = 500
"""Rows fetched at once."""

# Who is in the month ($2 to $3): who is with the company, and who left a trace in it. $1 is whom one sees, $4 an office
# (null for all).
PEOPLE: Final = f"""
SELECT e.user_id, coalesce(e.official_name, e.full_name) AS name, e.status, e.enrolled_at,
    {pattern("$3::date + 3")} AS pattern,
    (SELECT string_agg(o.name, ', ' ORDER BY w.position, w.office_id)
     FROM employee_offices w JOIN offices o USING (office_id) WHERE w.user_id = e.user_id) AS offices,
    coalesce(absent.days, '{{}}') AS absences
FROM employees e CROSS JOIN LATERAL (
    SELECT array_agg(a.workday) AS days FROM absences a
    WHERE a.user_id = e.user_id AND a.workday BETWEEN $2 AND $3) absent
WHERE {VISIBLE}
  AND ($4::bigint IS NULL OR EXISTS (
      SELECT FROM employee_offices w WHERE w.user_id = e.user_id AND w.office_id = $4))
  AND ((e.status = 'active' AND e.enrolled_at < $3::date + 1)
       OR EXISTS (SELECT FROM sessions s WHERE s.user_id = e.user_id AND s.workday BETWEEN $2 AND $3)
       OR absent.days IS NOT NULL)
ORDER BY coalesce(e.official_name, e.full_name) COLLATE "az-x-icu", e.user_id
"""  # noqa: S608 - a constant
# $1 are the people, in the order of the sheets; $2 to $3 the month.
SESSIONS: Final = """
SELECT who.place, s.workday, s.boundary, s.start_time, s.end_time, s.opened_by, s.closed_by, s.start_update_id,
       s.end_update_id, s.late_seconds, s.excused
FROM unnest($1::bigint[]) WITH ORDINALITY AS who (user_id, place)
JOIN sessions s ON s.user_id = who.user_id AND s.workday BETWEEN $2 AND $3
ORDER BY who.place, s.workday, s.ordinal
"""
# $2, $3: the bounds of the month for each of the people $1; $4, $5: the first and the last of them; $6, $7: the month's
# days, for corrections, which are asked for later. Points are compared among everybody's, whoever looks: no names.
EVENTS: Final = """
WITH shared AS MATERIALIZED (
    SELECT latitude, longitude, count(DISTINCT user_id) AS people FROM attendance_events
    WHERE kind = 'location' AND NOT coarse AND latitude IS NOT NULL AND sent_at >= $4 AND sent_at < $5
    GROUP BY latitude, longitude HAVING count(DISTINCT user_id) > 1
), events AS (
    SELECT who.place, v.* FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[])
        WITH ORDINALITY AS who (user_id, first, after, place)
    JOIN attendance_events v
        ON v.user_id = who.user_id AND v.sent_at >= who.first AND v.sent_at < who.after AND v.kind <> 'correction'
    UNION ALL
    SELECT who.place, v.* FROM unnest($1::bigint[]) WITH ORDINALITY AS who (user_id, place)
    JOIN attendance_events v ON v.user_id = who.user_id AND v.workday BETWEEN $6 AND $7 AND v.kind = 'correction'
)
SELECT v.place, v.kind, v.sent_at, v.update_id, v.received_at, v.latitude, v.longitude, v.coarse, v.accuracy, v.fence,
       v.distance_m, v.address, v.workday, v.arrived_at, v.left_at, v.reason, o.name AS office,
       coalesce(a.official_name, a.full_name) AS actor, shared.people - 1 AS others
FROM events v LEFT JOIN offices o USING (office_id) LEFT JOIN employees a ON a.user_id = v.actor_id
LEFT JOIN shared ON v.kind = 'location' AND NOT v.coarse
    AND shared.latitude = v.latitude AND shared.longitude = v.longitude
ORDER BY v.place, v.sent_at, v.update_id, v.kind
"""


class Feed:
    """The rows of a query whose column `place` says, from 1 and in order, whose they are; handed out person by person.

    Needs a transaction. Several can be read in turn over one connection.
    """

    def __init__(self, cursor: "Cursor[Record]") -> None:
        self._cursor = cursor
        self._ahead: deque[Record] = deque()

    @classmethod
    async def of(cls, db: "ReadConnection", query: str, *values: object) -> "Feed":
        """Ask the query; nothing is fetched yet."""
        # Without a name: behind a pooler, the one that asyncpg gives may be taken, by another process's statement.
        statement = await db.prepare(query, name="", timeout=TIMEOUT)
        return cls(await statement.cursor(*values, timeout=TIMEOUT))

    async def rows(self, place: int) -> list["Record"]:
        """The rows of this place; to be asked for in order, none left out that has rows."""
        found: list[Record] = []
        while self._ahead or await self._more():
            if self._ahead[0]["place"] != place:
                break
            found.append(self._ahead.popleft())
        return found

    async def _more(self) -> bool:
        self._ahead.extend(await self._cursor.fetch(BATCH, timeout=TIMEOUT))
        return bool(self._ahead)


async def people(
    db: "ReadConnection", scope: int | None, office_id: int | None, days: tuple[date, date]
) -> list["Record"]:
    """Who is in the month; `scope` as in `oversight.VISIBLE`, `days` its first and its last."""
    return await db.fetch(PEOPLE, scope, *days, office_id, timeout=TIMEOUT)
