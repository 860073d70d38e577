"""Owns how a day's verdict came about: the day as its events make it, and all that is known of each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from checkin_worker.attendance import Mark, Ref, Role
from checkin_worker.book import Book, Page

if TYPE_CHECKING:
    from asyncpg import Record

    from checkin_worker.book import Rules
    from shared.database import ReadConnection

# Each is the last entry of a primary key.
LAST: Final = """
SELECT greatest((SELECT max(workday) FROM sessions WHERE user_id = $1),
                (SELECT max(workday) FROM absences WHERE user_id = $1))
"""
# What is stored of the day: its first session decides about lateness, its last one about the check-out.
VERDICT: Final = """
SELECT first.late_seconds, coalesce(first.excused, false) AS excused, first.user_id IS NOT NULL AS came,
       last.closed_by, last.boundary, coalesce(last.end_time IS NULL AND first.user_id IS NOT NULL, false) AS open,
       (SELECT marked_at FROM absences WHERE user_id = $1 AND workday = $2) AS absent_since
FROM (SELECT) nothing
LEFT JOIN sessions first ON (first.user_id, first.workday, first.ordinal) = ($1, $2, 0)
LEFT JOIN LATERAL (SELECT closed_by, boundary, end_time FROM sessions
                   WHERE user_id = $1 AND workday = $2 ORDER BY ordinal DESC LIMIT 1) last ON true
"""
# The same events as those of which the book makes the day.
DETAILS: Final = """
SELECT e.kind, e.sent_at, e.update_id, e.received_at, e.recorded_at, e.accuracy, e.distance_m, e.fence, e.coarse,
       e.arrived_at, e.left_at, e.reason, o.name AS office, o.radius_m, coalesce(a.official_name, a.full_name) AS actor
FROM attendance_events e LEFT JOIN offices o USING (office_id) LEFT JOIN employees a ON a.user_id = e.actor_id
WHERE e.user_id = $1 AND ((e.sent_at >= $2 AND e.sent_at < $3 AND e.kind <> 'correction')
                          OR (e.workday = $4 AND e.kind = 'correction'))
ORDER BY e.sent_at, e.update_id
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A day, and what it was made of.

    Attributes:
        page: the day as its events make it by the rules of now.
        came: whether there is a session; of its lateness and excuse as they are stored.
        left_open: nobody checked out, and the day ended then.
        absent_since: when the absence was marked, if it was.
        events: everything known of each event, by what names it.
        corrections: the approved ones, the one that holds last.
    """

    page: Page
    came: bool
    late: timedelta | None
    excused: bool
    left_open: datetime | None
    absent_since: datetime | None
    events: Mapping[Ref, "Record"]
    amnesties: Mapping[Ref, "Record"]
    corrections: tuple["Record", ...]

    @property
    def outdated(self) -> bool:
        """Whether the stored verdict is another than the rules of now would make."""
        return self.came and self.late != self.page.late

    def looks(self, mark: Mark) -> list["Record"]:
        """The location that made the mark, and the later one that showed better where it was, if there was one."""
        if mark.event is None:
            return []
        day = self.page.day
        better = [
            event
            for event, role in day.roles.items()
            if role is Role.CONFIRMED and day.decided_by[event] == mark.event and event.fence == mark.fence
        ]
        return [self.events[event.ref] for event in (mark.event, *better[:1]) if event.ref in self.events]

    def count(self, role: Role) -> int:
        """How many events did this."""
        return sum(each is role for each in self.page.day.roles.values())


async def last(db: "ReadConnection", user_id: int) -> date | None:
    """The last day about which there is something to say."""
    day: date | None = await db.fetchval(LAST, user_id)
    return day


async def account(db: "ReadConnection", rules: "Rules", workday: date, now: datetime) -> Account:
    """Read how the day came about, as it is now."""
    user_id, bounds = rules.person.user_id, rules.calendar.bounds(workday)
    verdict = await db.fetchrow(VERDICT, user_id, workday)
    if verdict is None:
        raise AssertionError("the query answers always")
    rows = await db.fetch(DETAILS, user_id, *bounds, workday)
    seconds, boundary = verdict["late_seconds"], verdict["boundary"]
    # an open session whose day is over is ended by the next check-in or by the operators' nightly run
    over = verdict["closed_by"] == "boundary" or (verdict["open"] and boundary <= now)
    return Account(
        page=await Book(db, rules).page(workday),
        came=verdict["came"],
        late=None if seconds is None else timedelta(seconds=seconds),
        excused=verdict["excused"],
        left_open=boundary if over else None,
        absent_since=verdict["absent_since"],
        events=_of(rows, "location", "evidence"),
        amnesties=_of(rows, "amnesty"),
        corrections=tuple(row for row in rows if row["kind"] == "correction"),
    )


def _of(rows: list["Record"], *kinds: str) -> dict[Ref, "Record"]:
    return {(row["sent_at"], row["update_id"]): row for row in rows if row["kind"] in kinds}
