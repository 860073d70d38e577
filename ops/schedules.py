"""Owns `fleet schedule`: when people work. A schedule never changes: days that are over would be judged anew by it."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, time
from typing import TYPE_CHECKING, Final, Self

import holidays

from ops.database import rows_of
from ops.offices import bad_name, bad_zone
from ops.terminal import Refused
from shared.texts import plain_name

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GRACE: Final = range(721)
"""Minutes; as the table has it."""

ADD: Final = """
INSERT INTO schedules (name, starts, ends, grace_minutes, weekdays, country, timezone)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
"""
SAME: Final = """
SELECT (starts, ends, grace_minutes, weekdays, country, timezone) IS NOT DISTINCT FROM
       ($2::time, $3::time, $4::bigint, $5::bigint[], $6::text, $7::text) FROM schedules WHERE name = $1
"""
# $1: today.
LIST: Final = """
SELECT s.name, s.starts, s.ends, s.grace_minutes, s.weekdays, s.country, s.timezone, count(held.user_id) AS people
FROM schedules s LEFT JOIN (
    SELECT DISTINCT ON (a.user_id) a.user_id, a.schedule_id
    FROM schedule_assignments a JOIN employees e USING (user_id)
    WHERE a.since <= $1 AND e.status = 'active' ORDER BY a.user_id, a.since DESC) held USING (schedule_id)
GROUP BY s.schedule_id ORDER BY s.name COLLATE "az-x-icu"
"""
NUMBER: Final = "SELECT schedule_id FROM schedules WHERE name = $1"
ASSIGN: Final = """
INSERT INTO schedule_assignments AS a (user_id, since, schedule_id)
SELECT user_id, $2, $3 FROM unnest($1::bigint[]) AS given (user_id)
ON CONFLICT (user_id, since) DO UPDATE SET schedule_id = excluded.schedule_id
WHERE a.schedule_id <> excluded.schedule_id
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A schedule to be, in the columns of its table."""

    name: str
    starts: time
    ends: time
    grace_minutes: int
    weekdays: list[int]
    country: str | None
    timezone: str | None

    @classmethod
    def checked(cls, draft: Self) -> Self:
        """The draft with its name in one plain line.

        Raises:
            Refused: all that is wrong with it.
        """
        problems = [*bad_name(draft.name, "schedule"), *(bad_zone(draft.timezone) if draft.timezone else [])]
        if draft.starts == draft.ends:
            problems.append("--start and --end are the same: the work would have no length")
        if draft.grace_minutes not in GRACE:
            problems.append(f"--grace {draft.grace_minutes}: must be 0 to {GRACE.stop - 1} minutes")
        if draft.country is not None and draft.country not in holidays.list_supported_countries():
            problems.append(f"--country {draft.country!r}: no country whose holidays are known, such as AZ; or `none`")
        if problems:
            raise Refused(*problems)
        return cls(plain_name(draft.name), *astuple(draft)[1:])


def weekdays(words: str) -> list[int]:
    """Read days such as `mon-fri`, `mon,wed`, `1-5` or `sun-thu`; returns ISO's numbers in order.

    Raises:
        Refused: a word is no day.
    """
    found: set[int] = set()
    for word in words.lower().replace(" ", "").split(","):
        first, dash, last = word.partition("-")
        start, end = _day(first, words), _day(last if dash else first, words)
        found |= {(start - 1 + step) % 7 + 1 for step in range((end - start) % 7 + 1)}
    return sorted(found)


def day_names(days: Sequence[int]) -> str:
    """The same days in words that `weekdays` reads."""
    if len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1)):  # noqa: PLR2004 - two are no range yet
        return f"{DAYS[days[0] - 1]}-{DAYS[days[-1] - 1]}"
    return ",".join(DAYS[day - 1] for day in days)


def _day(word: str, words: str) -> int:
    if word in DAYS:
        return DAYS.index(word) + 1
    if word in {"1", "2", "3", "4", "5", "6", "7"}:
        return int(word)
    raise Refused(f"--weekdays {words!r}: must be days such as mon-fri, or 1,3,5 where 1 is Monday")


async def add(db: "Connection", draft: Draft) -> bool:
    """Add the schedule; returns whether there was none like it.

    Raises:
        Refused: another one has the name.
    """
    columns = astuple(draft)
    if rows_of(await db.execute(ADD, *columns)):
        return True
    if not await db.fetchval(SAME, *columns):
        raise Refused(
            f"there is another schedule {draft.name!r}, and what is over must not be judged anew: add this one under a "
            "name of its own, and assign it with `fleet schedule assign ... --since DATE`"
        )
    return False


async def listed(db: "Connection", today: date) -> "list[Record]":
    """The schedules, by name, each with how many people it holds for today."""
    return await db.fetch(LIST, today)


async def assign(db: "Connection", people: Sequence[int], name: str, since: date) -> int:
    """Let the schedule hold for the people, who are known, from that day on; returns for how many that is new.

    Raises:
        Refused: there is no such schedule.
    """
    schedule_id = await db.fetchval(NUMBER, name)
    if schedule_id is None:
        raise Refused(f"there is no schedule {name!r}: see `fleet schedule list`")
    return rows_of(await db.execute(ASSIGN, people, since, schedule_id))
