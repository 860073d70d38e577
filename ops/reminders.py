"""Owns `fleet remind`: who is due and has not tapped yet is reminded of it, once.

What happens if a run dies: people whom it had claimed and not marked as queued are queued by the next run under the
same keys, which the sender calls once. Two runs at once share the people.
"""

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from ops.due import DUE, Company, Crew, days_around, given
from shared.contracts import OutboundCall
from shared.texts import language_of, texts_in

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.bulk import BulkPublisher
    from ops.database import Connection

Kind = Literal["checkin", "checkout"]
Key = tuple[int, date]
"""A person and a day."""
AT_ONCE: Final = 5000
"""People who are queued in one transaction."""
LEAST: Final = timedelta(minutes=1)
LEAVING: Final = timedelta(hours=2)
"""How long a reminder may wait to be sent: until the deadline, but a minute at least; at the end of a shift, as long
as this. After it the sender drops it: nobody is told at night to leave work."""
_NAME: Final = "\ue000"
"""A private character that no name contains (`texts.plain_name`): where the name goes."""

# $7: the kind, $8: whether consent is required.
_STATE: Final = """
CASE WHEN p.chat_id IS NULL THEN 'unseen'
     WHEN p.unreachable_since IS NOT NULL THEN 'unreachable'
     WHEN $8 AND p.consent_version IS NULL THEN 'unconsented'
     WHEN EXISTS (SELECT FROM reminders r WHERE r.user_id = p.user_id AND r.workday = p.workday AND r.kind = $7
                  AND r.queued_at IS NOT NULL) THEN 'reminded'
     ELSE 'due' END
"""
_COLUMNS: Final = "p.user_id, p.chat_id, p.full_name, p.language, p.telegram_language, p.workday, crew.number"
CHECKIN: Final = f"""
SELECT {_COLUMNS}, CASE WHEN EXISTS (SELECT FROM sessions s WHERE s.user_id = p.user_id AND s.workday = p.workday)
                        THEN 'arrived' ELSE {_STATE} END AS state
FROM {DUE} ORDER BY p.user_id, p.workday
"""  # noqa: S608 - a constant
# crew.moment is the end of the shift: who came after it is not expected to leave yet. $9: now.
CHECKOUT: Final = f"""
SELECT {_COLUMNS}, CASE WHEN s.start_time >= crew.moment THEN 'arrived-after' ELSE {_STATE} END AS state
FROM {DUE} JOIN sessions s ON s.user_id = p.user_id AND s.workday = p.workday
WHERE s.end_time IS NULL AND s.boundary > $9 ORDER BY p.user_id, p.workday
"""  # noqa: S608 - a constant

CLAIM: Final = """
INSERT INTO reminders (user_id, workday, kind)
SELECT user_id, workday, $1 FROM unnest($2::bigint[], $3::date[]) AS given (user_id, workday) ON CONFLICT DO NOTHING
"""
# Rows that another run has in hand are that run's.
TAKE: Final = """
SELECT r.user_id, r.workday, r.claimed_at
FROM reminders r JOIN unnest($2::bigint[], $3::date[]) AS given (user_id, workday) USING (user_id, workday)
WHERE r.kind = $1 AND r.queued_at IS NULL FOR UPDATE OF r SKIP LOCKED
"""
QUEUED: Final = """
UPDATE reminders r SET queued_at = now() FROM unnest($2::bigint[], $3::date[]) AS given (user_id, workday)
WHERE r.kind = $1 AND r.user_id = given.user_id AND r.workday = given.workday
"""


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody who is due, and until when a reminder makes sense."""

    row: "Record"
    crew: Crew
    until: datetime


@dataclass(frozen=True, slots=True)
class Reminded:
    """How many were queued, and how many were left out, by reason: a value of `state` in the queries above.

    `elsewhere`: another run has them in hand.
    """

    queued: int
    left_out: Counter[str]


@dataclass(frozen=True, slots=True)
class Reminders:
    """Reminders of one kind of tap.

    Attributes:
        consent_required: whether those who have not agreed are left alone.
        before: how long before their shift people are reminded of checking in.
    """

    db: "Connection"
    company: Company
    kind: Kind
    consent_required: bool
    before: timedelta = timedelta(minutes=15)

    async def remind(self, publisher: "BulkPublisher", now: datetime) -> Reminded:
        """Queue a reminder for everybody who is to be reminded now and has not been."""
        found = await (self._arriving(now) if self.kind == "checkin" else self._leaving(now))
        states = Counter(one.row["state"] for one in found)
        due = {(one.row["user_id"], one.row["workday"]): one for one in found if one.row["state"] == "due"}
        await self.db.execute(CLAIM, self.kind, *_columns(due))
        queued, waiting = 0, iter(due)
        while batch := list(islice(waiting, AT_ONCE)):
            queued += await self._queue(publisher, {key: due[key] for key in batch})
        states["elsewhere"] = states.pop("due", 0) - queued
        return Reminded(queued, +states)

    async def _arriving(self, now: datetime) -> list[Due]:
        crews = [
            crew
            for crew in self.company.crews(days_around(now + self.before))
            if crew.shift.starts - self.before <= now <= crew.shift.deadline
        ]
        rows = await self._fetch(CHECKIN, crews, [crew.shift.starts for crew in crews])
        found = [(row, crews[row["number"] - 1]) for row in rows]
        return [Due(row, crew, max(crew.shift.deadline, now + LEAST)) for row, crew in found]

    async def _leaving(self, now: datetime) -> list[Due]:
        crews = [
            crew
            for crew in self.company.crews(days_around(now, back=2))
            if now - timedelta(days=1) < crew.shift.ends <= now  # the day is over before the next shift begins
        ]
        rows = await self._fetch(CHECKOUT, crews, [crew.shift.ends for crew in crews], now)
        return [Due(row, crews[row["number"] - 1], now + LEAVING) for row in rows]

    async def _fetch(
        self, query: str, crews: Sequence[Crew], moments: Sequence[datetime], *more: object
    ) -> "list[Record]":
        arguments = given(self.company, crews, moments)
        return await self.db.fetch(query, *arguments, self.kind, self.consent_required, *more)

    async def _queue(self, publisher: "BulkPublisher", batch: Mapping[Key, Due]) -> int:
        """Queue those of the batch that nobody else has in hand; either all of them count as queued, or none."""
        async with self.db.transaction():
            claims = {
                (row["user_id"], row["workday"]): row["claimed_at"]
                for row in await self.db.fetch(TAKE, self.kind, *_columns(batch))
            }
            await publisher.publish([self._call(batch[key], at) for key, at in claims.items()])
            await self.db.execute(QUEUED, self.kind, *_columns(claims))
        return len(claims)

    def _call(self, due: Due, claimed_at: datetime) -> OutboundCall:
        row, shift = due.row, due.crew.shift
        language = language_of(row["language"], row["telegram_language"])
        time = due.crew.clock(shift.starts if self.kind == "checkin" else shift.ends)
        text = _template(language, f"remind-{self.kind}", time).replace(_NAME, row["full_name"].split(" ")[0])
        return OutboundCall(
            key=f"remind:{self.kind}:{row['workday']}:{row['user_id']}",
            chat_id=row["chat_id"],
            method="sendMessage",
            params={"chat_id": row["chat_id"], "text": text},
            created_at=claimed_at.timestamp(),
            if_unknown="leave",
            late_after=(due.until - claimed_at).total_seconds(),
        )


def _columns(keys: Iterable[Key]) -> tuple[list[int], list[date]]:
    """The keys as two arrays."""
    listed = list(keys)
    return [user_id for user_id, _ in listed], [workday for _, workday in listed]


@functools.cache
def _template(language: str, message_id: str, time: str) -> str:
    """The text with a mark for the name: saying it for each person would take most of the time of a run."""
    return texts_in(language).say(message_id, name=_NAME, time=time)
