"""Owns invitations: the code that a link carries and nobody can forge, and the SQL by which it is made and used up.

A code is the invitation's number, the moment at which it ends, and a seal over both: HMAC-SHA256, cut to 128 bits. The
seal's key is itself HMAC-SHA256 of a label of this file's own under TELEGRAM_BOT_TOKEN: it is good for nothing else,
tells nothing of the token, and is another one for another bot. A new token ends all invitations. Forged and expired
codes are refused by arithmetic, without a question to the database.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Self

from checkin_worker.oversight import MANAGED

if TYPE_CHECKING:
    from pydantic import SecretStr

    from shared.database import Connection

_LABEL: Final = b"checkin-fleet: invitations, 1"
_NUMBER: Final = 6
_MOMENT: Final = 5
_SEAL: Final = 16
"""Bytes. Together 27, so that base64 has 36 characters and none left over: a code can be written in one way only."""
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{36}")

CREATE: Final = """
INSERT INTO invites (created_by, office_id, uses_left, expires_at) VALUES ($1, $2, $3, $4) RETURNING invite_id
"""
# A person uses an invitation once, even if they have left the company since; and it ends when whoever made it may
# invite no more: nobody who was sent away comes back by a link of their own.
USABLE: Final = """
invite_id = $1 AND uses_left > 0
  AND NOT EXISTS (SELECT FROM invite_uses u WHERE u.invite_id = $1 AND u.user_id = $2)
  AND EXISTS (SELECT FROM employees e
              WHERE e.user_id = created_by AND e.status = 'active' AND e.role IN ('manager', 'admin'))
"""
OPEN: Final = f"SELECT EXISTS (SELECT FROM invites WHERE {USABLE})"  # noqa: S608 - a constant
# The row's lock lets one person in at a time; who waited for it sees what is left then.
TAKE: Final = f"UPDATE invites SET uses_left = uses_left - 1 WHERE {USABLE} RETURNING office_id"  # noqa: S608 - as above
USED: Final = "INSERT INTO invite_uses (invite_id, user_id, used_at) VALUES ($1, $2, $3)"
PLACE: Final = "INSERT INTO employee_offices (user_id, office_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
# The offices that somebody may invite to: those that they manage.
OFFICES: Final = f"""
SELECT office_id, name FROM offices o WHERE o.removed_at IS NULL AND {MANAGED} ORDER BY office_id
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Seal:
    """Turns invitations into codes and back."""

    key: bytes

    @classmethod
    def of(cls, token: "SecretStr") -> Self:
        """The seal of the bot that has this token."""
        return cls(hmac.digest(token.get_secret_value().encode(), _LABEL, "sha256"))

    def code(self, invite_id: int, expires_at: datetime) -> str:
        """The code of this invitation: 36 of A-Z a-z 0-9 _ -; the moment is cut to its second."""
        said = invite_id.to_bytes(_NUMBER) + int(expires_at.timestamp()).to_bytes(_MOMENT)
        return urlsafe_b64encode(said + self._over(said)).decode()

    def invite_id(self, code: str, now: datetime) -> int | None:
        """The invitation's number; None if the code is not one of ours, or has expired."""
        if not _CODE.fullmatch(code):
            return None
        raw = urlsafe_b64decode(code)
        said, seal = raw[:-_SEAL], raw[-_SEAL:]
        if not hmac.compare_digest(seal, self._over(said)) or int.from_bytes(said[_NUMBER:]) <= now.timestamp():
            return None
        return int.from_bytes(said[:_NUMBER])

    def _over(self, said: bytes) -> bytes:
        return hmac.digest(self.key, said, "sha256")[:_SEAL]


@dataclass(frozen=True, slots=True)
class Invitation:
    """How many may come by it, until when, and where they will work (an office's number)."""

    uses: int
    expires_at: datetime
    office_id: int | None


async def create(db: "Connection", created_by: int, invitation: Invitation) -> int:
    """Write the invitation down; returns its number."""
    return int(await db.fetchval(CREATE, created_by, invitation.office_id, invitation.uses, invitation.expires_at))


async def is_open(db: "Connection", invite_id: int, user_id: int) -> bool:
    """Whether this person could use it now."""
    return bool(await db.fetchval(OPEN, invite_id, user_id))


async def take(db: "Connection", invite_id: int, user_id: int) -> "Taken | None":
    """Count one use, if one is left; the person is to be enrolled and then placed."""
    row = await db.fetchrow(TAKE, invite_id, user_id)
    return None if row is None else Taken(invite_id, row["office_id"])


@dataclass(frozen=True, slots=True)
class Taken:
    """One use of an invitation."""

    invite_id: int
    office_id: int | None

    async def place(self, db: "Connection", user_id: int, at: datetime) -> None:
        """Write down who used it, and that they work where it invited them to."""
        await db.execute(USED, self.invite_id, user_id, at)
        if self.office_id is not None:
            await db.execute(PLACE, user_id, self.office_id)


async def offices(db: "Connection", scope: int | None) -> list[tuple[int, str]]:
    """The numbers and names of the offices that one (`oversight.scope`) may invite to."""
    return [(row["office_id"], row["name"]) for row in await db.fetch(OFFICES, scope)]
