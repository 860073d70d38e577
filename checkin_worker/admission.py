"""Owns the doorstep: by which way somebody may come in, and what is written down when they do, ask, or are decided on.

Whoever is let in or turned away by an admin is not at the desk, and their lock is not held: the row's own lock decides
who of two admins was first.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from checkin_worker import invites
from checkin_worker.access import CONSENT_VERSION, Admission, Standing
from checkin_worker.invites import Seal
from shared.texts import language_of

if TYPE_CHECKING:
    from asyncpg import Record

    from checkin_worker.desk import Desk

log = structlog.get_logger()

# Who is let in was not missed while they waited.
ADMIT: Final = """
UPDATE employees SET status = 'active', enrolled_at = $2 WHERE user_id = $1 AND status = 'pending'
RETURNING chat_id, official_name, full_name, language, telegram_language
"""
# Of somebody who is turned away the number stays, so that they cannot ask for ever, and nothing that Telegram said.
TURN_AWAY: Final = """
WITH asker AS (
    SELECT user_id, chat_id, official_name, full_name, language, telegram_language FROM employees
    WHERE user_id = $1 AND status = 'pending' FOR UPDATE
), withdrawn AS (DELETE FROM consents USING asker WHERE consents.user_id = asker.user_id)
UPDATE employees e SET status = 'inactive', full_name = '', chat_id = NULL, telegram_language = NULL, language = NULL,
    consent_version = NULL
FROM asker WHERE e.user_id = asker.user_id
RETURNING asker.chat_id, asker.official_name, asker.full_name, asker.language, asker.telegram_language
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody who is not in yet may come in: by a link, by being welcome anyway, or by asking."""

    invite_id: int | None = None
    asks: bool = False

    @property
    def by_link(self) -> bool:
        """Whether the link's code must be shown again on entering."""
        return self.invite_id is not None

    @property
    def name(self) -> str:
        """As logs have it."""
        return "invite" if self.by_link else "approval" if self.asks else "welcome"


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asked to be let in; `chat_id` is None if they have no chat with the bot."""

    user_id: int
    chat_id: int | None
    name: str
    language: str


async def way_in(desk: "Desk", code: str) -> Way | None:
    """How whoever is at the desk, with this link's code or none (""), may come in; None: not at all."""
    person = desk.person
    if desk.standing is Standing.GUEST and person.status == "active":
        return Way()  # in already but for the text; a link is not used up by that
    invite_id = Seal.of(desk.settings.telegram_bot_token).invite_id(code, desk.received_at)
    if invite_id is not None and await invites.is_open(desk.db, invite_id, person.user_id):
        return Way(invite_id)
    if desk.standing is Standing.GUEST:
        return Way()
    return Way(asks=True) if Admission.of(desk.settings).may_ask(person) else None


async def enter(desk: "Desk", way: Way, *, consented: bool) -> bool:
    """Write the person down, in or asking to be; False if the link was used up meanwhile."""
    rules, person = Admission.of(desk.settings), desk.person
    taken = None
    if way.invite_id is not None:
        taken = await invites.take(desk.db, way.invite_id, person.user_id)
        if taken is None:
            return False
    status = "pending" if way.asks else "active"
    person = await desk.people.enrol(person, desk.received_at, role=rules.role(person), status=status)
    if consented:
        await desk.people.consent(person, CONSENT_VERSION, desk.texts.language, desk.received_at)
    if taken is not None:
        await taken.place(desk.db, person.user_id, desk.received_at)
    log.info("person_enrolled", way=way.name, status=status)
    return True


async def decide(desk: "Desk", user_id: int, *, admit: bool) -> Asker | None:
    """Let the asker in or turn them away; None if that is decided already."""
    statement, values = (ADMIT, (user_id, desk.received_at)) if admit else (TURN_AWAY, (user_id,))
    row = await desk.db.fetchrow(statement, *values)
    return None if row is None else _asker(user_id, row)


def _asker(user_id: int, row: "Record") -> Asker:
    name = row["official_name"] or row["full_name"]
    return Asker(user_id, row["chat_id"], name, language_of(row["language"], row["telegram_language"]))
