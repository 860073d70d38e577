"""Owns requests for a correction: one waits for each person and day, and the first decision holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from checkin_worker.attendance import Correction
from checkin_worker.book import Approved, Book, Page, Rules
from checkin_worker.correction_words import OLDEST, Stretch, Wish
from checkin_worker.entry_number import entry_number, numbered
from checkin_worker.inbox import Inbox
from checkin_worker.replies import Forgotten

if TYPE_CHECKING:
    from asyncpg import Record

    from checkin_worker.desk import Desk
    from checkin_worker.people import Person
    from shared.database import Connection, ReadConnection
    from shared.texts import Texts
    from shared.workday import Calendar

CORRECT: Final = "correct"
"""What the data of the buttons begins with: `correct:yes:<correction_id>` or `correct:no:<correction_id>`."""

REPLACE: Final = "DELETE FROM corrections WHERE user_id = $1 AND workday = $2 AND state = 'open'"
ASK: Final = """
INSERT INTO corrections (user_id, workday, arrived_at, left_at, reason, asked_at, update_id)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING correction_id
"""
# The request's own row lock makes one decision the first.
DECIDE: Final = """
UPDATE corrections SET state = $2, decided_by = $3, decided_at = $4
WHERE correction_id = $1 AND state = 'open'
RETURNING user_id, workday, arrived_at, left_at, reason, asked_at, update_id
"""
DECIDED: Final = """
SELECT c.user_id, c.state, c.asked_at, c.update_id, coalesce(e.official_name, e.full_name) AS by
FROM corrections c LEFT JOIN employees e ON e.user_id = c.decided_by WHERE correction_id = $1
"""
WAITS: Final = "SELECT EXISTS (SELECT FROM corrections WHERE user_id = $1 AND workday = $2 AND state = 'open')"
# The days at work before today that can be corrected, the last one first; what nobody checked out of has no end.
LATELY: Final = """
SELECT workday, min(start_time) AS came, max(start_time) AS last_came,
       CASE WHEN bool_and(end_time IS NOT NULL AND closed_by <> 'boundary') THEN max(end_time) END AS gone,
       EXISTS (SELECT FROM corrections WHERE user_id = $1 AND corrections.workday = sessions.workday) AS asked
FROM sessions WHERE user_id = $1 AND workday >= $2 AND workday < $3 GROUP BY workday ORDER BY workday DESC
"""
_SPANS: Final = 4
"""Stays that a manager is shown of a day; of somebody who comes and goes more often, the last ones."""

Spans = Sequence[tuple[datetime, datetime | None]]
"""From when to when; no end where nobody checked out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits, the number that people read, and whether it took the place of another one."""

    correction_id: int
    number: str
    replaced: bool


@dataclass(frozen=True, slots=True)
class State:
    """Where a request stands: whose it is, the number that people read, and who decided, if anybody did."""

    user_id: int
    number: str
    state: str
    by: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A request as whoever decides reads it: whose, about which day, what is recorded and what is wanted instead.

    Each stay is told, since a correction takes the place of all of them: a break between two becomes work.
    """

    number: str
    name: str
    wish: Wish
    spans: Spans
    zone: ZoneInfo

    def told(self, texts: "Texts") -> str:
        """The text above the two buttons."""
        stays = [_span(*span, self.zone) for span in self.spans[-_SPANS:]]
        earlier = ["…"] if len(self.spans) > _SPANS else []
        recorded = ", ".join(earlier + stays) or texts.say("approve-no-record")
        asked = _span(self.wish.arrived, self.wish.left, self.zone)
        values = {"name": self.name, "asked": asked, "recorded": recorded, "reason": self.wish.reason}
        return numbered(texts.say("approve-correct", date=self.wish.workday, **values), self.number, texts)


@dataclass(frozen=True, slots=True)
class Lately:
    """Somebody's last days.

    Attributes:
        own: when they were at work; where the check-out was forgotten, until the end of the shift.
        forgotten: the days of which that is so, and about which nothing was asked yet.
    """

    own: Sequence[Stretch]
    forgotten: Sequence[Forgotten]


async def lately(db: "ReadConnection", user_id: int, calendar: "Calendar", today: date) -> Lately:
    """Read the days before today that can be corrected, the last one first."""
    own, forgotten = [], []
    for row in await db.fetch(LATELY, user_id, today - OLDEST, today):
        day = Forgotten(row["workday"], row["last_came"], calendar.shift(row["workday"]))
        if end := row["gone"] or day.proposal:
            own.append((day.workday, row["came"], end))
        if row["gone"] is None and day.proposal and not row["asked"]:
            forgotten.append(day)
    return Lately(own, forgotten)


def buttons(texts: "Texts", correction_id: int) -> list[tuple[str, str]]:
    """The row of buttons that decides."""
    return [(texts.say(f"approve-{word}"), f"{CORRECT}:{word}:{correction_id}") for word in ("yes", "no")]


async def ask(desk: "Desk", wish: Wish, asked_at: datetime) -> Asked:
    """Put the wish of whoever is at the desk where it waits for a decision."""
    user_id = desk.person.user_id
    gone = await desk.db.execute(REPLACE, user_id, wish.workday)
    values = (user_id, wish.workday, wish.arrived, wish.left, wish.reason, asked_at, desk.outbox.update_id)
    number = entry_number(user_id, (asked_at, desk.outbox.update_id))
    return Asked(await desk.db.fetchval(ASK, *values), number, replaced=gone != "DELETE 0")


async def waits(desk: "Desk", wish: Wish) -> bool:
    """Whether something about this day waits for a decision already."""
    return bool(await desk.db.fetchval(WAITS, desk.person.user_id, wish.workday))


async def state(db: "Connection", correction_id: int) -> State | None:
    """Where the request stands; None if there is no such request, or it was replaced."""
    row = await db.fetchrow(DECIDED, correction_id)
    if row is None:
        return None
    number = entry_number(row["user_id"], (row["asked_at"], row["update_id"]))
    return State(row["user_id"], number, row["state"], row["by"])


async def reject(desk: "Desk", correction_id: int) -> "Record | None":
    """Decide against it; None if somebody has decided."""
    row: Record | None = await desk.db.fetchrow(
        DECIDE, correction_id, "rejected", desk.person.user_id, desk.received_at
    )
    return row


async def approve(desk: "Desk", correction_id: int, person: "Person") -> Page | None:
    """Let it hold for its day, for this person, whose request it is; None if somebody has decided.

    Takes the person's lock while the manager's is held. Two managers who decide about each other at once may wait for
    each other: PostgreSQL ends one of them, whose update is tried again.
    """
    await Inbox(desk.db, person.user_id).lock()
    row = await desk.db.fetchrow(DECIDE, correction_id, "approved", desk.person.user_id, desk.received_at)
    if row is None:
        return None
    correction = Correction(row["asked_at"], row["update_id"], row["arrived_at"], row["left_at"])
    approved = Approved(correction, row["workday"], desk.person.user_id, row["reason"])
    return await _book(desk, person).correct(approved, desk.received_at)


def _book(desk: "Desk", person: "Person") -> Book:
    settings = desk.settings
    calendar = person.calendar(settings.zone, settings.workday_boundary, settings.schedule)
    return Book(desk.db, Rules(calendar, timedelta(seconds=settings.double_tap_seconds), person))


def _span(start: datetime, end: datetime | None, zone: ZoneInfo) -> str:
    """From when to when on that clock; open where there is no end."""
    return f"{start.astimezone(zone):%H:%M}–" + (f"{end.astimezone(zone):%H:%M}" if end else "…")
