"""Owns the start of a campaign: who gets it, chosen once, and that nothing is started twice."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

import msgspec

from ops.campaign_texts import CampaignTexts
from ops.offices import office_ids
from ops.terminal import Refused
from shared.texts import language_of, plain_line

if TYPE_CHECKING:
    from ops.database import Connection

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=7)
"""How old a campaign may become; the sender keeps an order about it for so long."""
NAME_LENGTH: Final = 100

# $1: an office, null for all. $2: whether consent is required.
PEOPLE: Final = """
SELECT e.user_id, e.language, e.telegram_language,
    CASE WHEN e.chat_id IS NULL THEN 'unseen' WHEN e.unreachable_since IS NOT NULL THEN 'unreachable'
         WHEN $2 AND e.consent_version IS NULL THEN 'unconsented' ELSE 'due' END AS state
FROM employees e
WHERE e.status = 'active'
  AND ($1::bigint IS NULL OR EXISTS (SELECT FROM employee_offices w WHERE w.user_id = e.user_id AND w.office_id = $1))
"""
START: Final = """
INSERT INTO campaigns (name, texts, office_id, ends_at) VALUES ($1, $2, $3, now() + $4::interval)
ON CONFLICT (name) DO NOTHING RETURNING campaign_id
"""
RECIPIENTS: Final = "INSERT INTO campaign_recipients (campaign_id, user_id) SELECT $1, * FROM unnest($2::bigint[])"
NAMED: Final = "SELECT campaign_id, state FROM campaigns WHERE name = $1"


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who would get a campaign, of an office or of all, by language; and how many would not, by reason."""

    office_id: int | None
    people: Sequence[int]
    languages: Mapping[str, int]
    left_out: Mapping[str, int]

    @classmethod
    async def of(cls, db: "Connection", office: str | None, *, consent_required: bool) -> Self:
        """Everybody who works here, can be reached and has agreed, or those of an office.

        Raises:
            Refused: there is no such office.
        """
        office_id = None if office is None else (await office_ids(db, [office]))[0]
        rows = await db.fetch(PEOPLE, office_id, consent_required)
        due = [row for row in rows if row["state"] == "due"]
        languages = Counter(language_of(row["language"], row["telegram_language"]) for row in due)
        left_out = Counter(row["state"] for row in rows if row["state"] != "due")
        return cls(office_id, [row["user_id"] for row in due], languages, left_out)


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign to be.

    Raises:
        Refused: its name is no plain line, or it lasts too short or too long.
    """

    name: str
    texts: CampaignTexts
    lasts: timedelta

    def __post_init__(self) -> None:
        problems = []
        if not self.name or plain_line(self.name, NAME_LENGTH) != self.name:
            problems.append(f"a campaign's name is one plain line of at most {NAME_LENGTH} characters")
        if not SHORTEST <= self.lasts <= LONGEST:
            problems.append("--late-after: between a minute and seven days")
        if problems:
            raise Refused(*problems)


async def start(db: "Connection", plan: Plan, recipients: Recipients) -> int:
    """Make the campaign; returns its number. Nothing is queued yet.

    Raises:
        Refused: there is one of this name, or nobody would get it.
    """
    if not recipients.people:
        raise Refused("nobody would get it: see `fleet campaign start --dry-run`")
    texts = msgspec.json.encode(dict(plan.texts.by_language)).decode()
    async with db.transaction():
        number: int | None = await db.fetchval(START, plan.name, texts, recipients.office_id, plan.lasts)
        if number is None:
            row = await db.fetchrow(NAMED, plan.name)
            known = "exists" if row is None else f"is number {row['campaign_id']} ({row['state']})"
            raise Refused(
                f"the campaign {plan.name!r} {known}: nothing is started twice; take another name for another"
            )
        await db.execute(RECIPIENTS, number, recipients.people)
    return number
