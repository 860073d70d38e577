"""Owns who somebody is to the company: the SQL of a person, their places of work and their schedules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from checkin_worker.fence import Office
from shared.several import several
from shared.texts import language_of, plain_name
from shared.workday import Calendar, Schedule, schedule_of

if TYPE_CHECKING:
    from aiogram.types import User
    from asyncpg import Record

    from shared.database import Connection

# All that an update needs to know of its sender, in one statement. Who has no offices of their own has them all.
KNOW: Final = """
SELECT full_name, official_name, role, status, language, telegram_language, chat_id, consent_version,
    unreachable_since, own.offices IS NOT NULL AS at_home, coalesce(own.offices, (
        SELECT json_agg(json_build_array(office_id, name, latitude, longitude, radius_m, timezone, address)
                        ORDER BY office_id) FROM offices WHERE removed_at IS NULL), '[]') AS offices,
    (SELECT coalesce(json_agg(json_build_array(a.since, s.name, s.starts, s.ends, s.grace_minutes, s.weekdays,
                                               s.country, s.timezone) ORDER BY a.since), '[]')
     FROM schedule_assignments a JOIN schedules s USING (schedule_id) WHERE a.user_id = asked.user_id) AS plan,
    (SELECT coalesce(json_object_agg(day, off), '{}') FROM holidays) AS exceptions
FROM (SELECT $1::bigint AS user_id) asked LEFT JOIN employees USING (user_id) CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(office_id, name, latitude, longitude, radius_m, timezone, address)
                    ORDER BY position, office_id) AS offices
    FROM employee_offices JOIN offices USING (office_id) WHERE employee_offices.user_id = asked.user_id) own
"""
KNOW_SEVERAL: Final = several(KNOW, ("bigint",))
# Since when somebody is in stays as it is where they are: who agrees to a new text did not come today.
ENROL: Final = """
INSERT INTO employees AS e (user_id, chat_id, full_name, telegram_language, role, status, enrolled_at)
VALUES ($1, $1, $2, $3, $4, $5, $6)
ON CONFLICT (user_id) DO UPDATE SET chat_id = excluded.chat_id, full_name = excluded.full_name,
    telegram_language = excluded.telegram_language, role = excluded.role, status = excluded.status,
    enrolled_at = CASE WHEN e.status = 'active' THEN e.enrolled_at ELSE excluded.enrolled_at END
"""
REFRESH: Final = """
UPDATE employees SET chat_id = $1, full_name = $2, telegram_language = $3 WHERE user_id = $1
"""
REACHED: Final = "UPDATE employees SET unreachable_since = NULL WHERE user_id = $1"
CONSENT: Final = """
INSERT INTO consents (user_id, version, language, accepted_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id, version) DO UPDATE SET language = excluded.language, accepted_at = excluded.accepted_at
"""
CONSENTED: Final = "UPDATE employees SET consent_version = $2 WHERE user_id = $1"
SPEAK: Final = "UPDATE employees SET language = $2 WHERE user_id = $1"
_TAG: Final = re.compile(r"[A-Za-z0-9-]{1,35}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes to the bot.

    Attributes:
        status: None for those whom the database does not know.
        offices: where they work, the first one at home; all offices, with `at_home` false, if none is theirs.
        plan: their schedules, each with its first day, in order.
        exceptions: the company's holidays (True) and working holidays (False).
        unreachable: a call to them did not arrive since they wrote last (`checkin_worker.receipts`).
        outdated: Telegram says another name or language than the database, or the database knows no chat yet.
    """

    user_id: int
    telegram_name: str
    telegram_language: str | None
    official_name: str | None = None
    role: str = "employee"
    status: str | None = None
    chosen_language: str | None = None
    consent_version: int | None = None
    offices: tuple[Office, ...] = ()
    at_home: bool = False
    plan: tuple[tuple[date, Schedule], ...] = ()
    exceptions: Mapping[date, bool] | None = None
    unreachable: bool = False
    outdated: bool = False

    @property
    def full_name(self) -> str:
        """The name to show: the company's, or else Telegram's."""
        return self.official_name or self.telegram_name

    @property
    def language(self) -> str:
        """The language to speak with them."""
        return language_of(self.chosen_language, self.telegram_language)

    def calendar(self, zone: ZoneInfo, boundary: time, default: Schedule) -> Calendar:
        """Their working days; zone, boundary and schedule are the company's, for those who have none of their own."""
        home = self.offices[0].zone if self.at_home else zone
        return Calendar(home, boundary, default, self.plan, self.exceptions or {})


class People:
    """The people, within one transaction."""

    def __init__(self, connection: "Connection") -> None:
        self._db = connection

    async def know(self, user: "User") -> Person:
        """Who this is; nothing is written."""
        row = await self._db.fetchrow(KNOW, user.id)
        if row is None:
            raise AssertionError("the query answers for anyone")
        return _person(row, (user.id, plain_name(user.full_name), _tag(user.language_code)))

    async def by_id(self, user_id: int) -> Person | None:
        """Somebody whom the database knows, by what it last heard of them."""
        row = await self._db.fetchrow(KNOW, user_id)
        if row is None or row["status"] is None:
            return None
        return _person(row, (user_id, row["full_name"], row["telegram_language"]))

    async def refresh(self, person: Person) -> None:
        """Keep what Telegram says of the person now; only of somebody who has agreed to that."""
        if person.outdated:
            await self._db.execute(REFRESH, person.user_id, person.telegram_name, person.telegram_language)

    async def reached(self, person: Person) -> None:
        """They write to us, so that what we write arrives again."""
        if person.unreachable:
            await self._db.execute(REACHED, person.user_id)

    async def enrol(self, person: Person, at: datetime, *, role: str = "employee", status: str = "active") -> Person:
        """Make the person known, or let them in (anew), as of that moment."""
        said = (person.user_id, person.telegram_name, person.telegram_language)
        await self._db.execute(ENROL, *said, role, status, at)
        return replace(person, role=role, status=status, outdated=False)

    async def consent(self, person: Person, version: int, language: str, at: datetime) -> Person:
        """Write down that the person, who is known, agreed to this version of the text in this language."""
        await self._db.execute(CONSENT, person.user_id, version, language, at)
        await self._db.execute(CONSENTED, person.user_id, version)
        return replace(person, consent_version=version)

    async def speak(self, person: Person, language: str) -> Person:
        """Speak this language with the person from now on, whatever their Telegram speaks."""
        await self._db.execute(SPEAK, person.user_id, language)
        return replace(person, chosen_language=language)


def _person(row: "Record", said: tuple[int, str, str | None]) -> Person:
    """From the row and what Telegram says: number, name and language."""
    return Person(
        *said,
        official_name=row["official_name"],
        role=row["role"] or "employee",
        status=row["status"],
        chosen_language=row["language"],
        consent_version=row["consent_version"],
        offices=_offices(row["offices"]),
        at_home=row["at_home"],
        plan=tuple((date.fromisoformat(since), schedule_of(*rest)) for since, *rest in _json(row["plan"])),
        exceptions={date.fromisoformat(day): off for day, off in _json(row["exceptions"]).items()},
        unreachable=row["unreachable_since"] is not None,
        outdated=row["status"] is not None and said != (row["chat_id"], row["full_name"], row["telegram_language"]),
    )


def _tag(language: str | None) -> str | None:
    """The language that somebody's client says they speak; None for what is no IETF tag: a client may say anything."""
    return language if language is not None and _TAG.fullmatch(language) else None


def _json(text: str) -> Any:  # noqa: ANN401 - as the query above shapes it
    return msgspec.json.decode(text)


def _offices(text: str) -> tuple[Office, ...]:
    return tuple(
        Office(office_id, name, latitude, longitude, radius_m, ZoneInfo(zone), address)
        for office_id, name, latitude, longitude, radius_m, zone, address in _json(text)
    )
