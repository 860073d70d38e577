"""Owns looking into the ledger: what was sent to somebody, when, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ops.people_file import MOST_ID
from ops.terminal import Refused

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection

SHOWN: Final = 10
"""People of a name who are listed when it is not clear who is meant."""

# Azerbaijani has two letters I, which are small and large of each other in its own way.
NAMED: Final = """
SELECT user_id, coalesce(official_name, full_name) AS name FROM employees
WHERE status <> 'forgotten' AND (
    strpos(lower(concat_ws(' / ', official_name, full_name) COLLATE "az-x-icu"), lower($1 COLLATE "az-x-icu")) > 0
    OR strpos(lower(concat_ws(' / ', official_name, full_name)), lower($1)) > 0)
ORDER BY coalesce(official_name, full_name) COLLATE "az-x-icu", user_id LIMIT $2
"""
WHO: Final = """
SELECT coalesce(official_name, full_name) AS name, unreachable_since, chat_id IS NOT NULL AS wrote
FROM employees WHERE user_id = $1 AND status <> 'forgotten'
"""
# What was on its way within the period, by idx_calls_chat. The newest, in the order in which they were made.
SENT: Final = """
SELECT * FROM (
    SELECT *, count(*) OVER () AS found FROM calls
    WHERE chat_id = $1 AND settled_at >= $2 AND created_at < $3 AND ($4::text[] IS NULL OR outcome = ANY($4))
    ORDER BY created_at DESC, key DESC LIMIT $5
) newest ORDER BY created_at, key
"""
FIRST: Final = "SELECT min(settled_at) FROM calls"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: whose chat (a number, or a part of a name), from when until when, which outcomes, how many."""

    whom: str
    since: datetime
    until: datetime
    outcomes: tuple[str, ...] = ()
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ledger says.

    Attributes:
        chat_id: whose chat.
        person: their row; None where the company does not know them.
        calls: the newest that were asked for, in the order of their making.
        found: how many there are.
        reaches_back: when the oldest row of the ledger was settled; None if it has none.
    """

    chat_id: int
    person: "Record | None"
    calls: "list[Record]"
    found: int
    reaches_back: datetime | None


async def look_up(db: "Connection", question: Question) -> Answer:
    """Look for the calls.

    Raises:
        Refused: nobody, or more than one person, is meant; or the period ends before it begins.
    """
    if question.until <= question.since:
        raise Refused("--until lies before --since")
    chat_id = await chat_of(db, question.whom)
    outcomes = list(question.outcomes) or None
    calls = await db.fetch(SENT, chat_id, question.since, question.until, outcomes, question.limit)
    return Answer(
        chat_id=chat_id,
        person=await db.fetchrow(WHO, chat_id),
        calls=calls,
        found=calls[0]["found"] if calls else 0,
        reaches_back=None if calls else await db.fetchval(FIRST),
    )


async def chat_of(db: "Connection", whom: str) -> int:
    """The chat of who is meant by a number, or by a part of a name.

    Raises:
        Refused: nobody, or more than one person.
    """
    whom = whom.replace("\0", "").strip()
    if whom.removeprefix("-").isdecimal():
        if not -MOST_ID <= int(whom) <= MOST_ID:
            raise Refused(f"{whom} is no Telegram id")
        return int(whom)
    people = await db.fetch(NAMED, whom, SHOWN + 1) if whom else []
    if not people:
        raise Refused(f"nobody is called {whom!r}: see `fleet employees list`")
    if len(people) > 1:
        more = ["and others"] if len(people) > SHOWN else []
        listed = [f"{row['user_id']}  {row['name']}" for row in people[:SHOWN]]
        raise Refused(f"more than one person is called {whom!r}: say --user with the number", *listed, *more)
    return int(people[0]["user_id"])
