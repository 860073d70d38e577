"""Owns forgetting somebody: what is deleted of them, and the nameless totals that stay."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.database import Connection

# The update that asks for it has no inbox row yet; the one it gets holds no name.
DELETE: Final = (
    "DELETE FROM attendance_events WHERE user_id = $1",
    "DELETE FROM corrections WHERE user_id = $1",
    "DELETE FROM consents WHERE user_id = $1",
    "DELETE FROM reminders WHERE user_id = $1",
    "DELETE FROM campaign_recipients WHERE user_id = $1",
    "DELETE FROM throttles WHERE user_id = $1",
    "DELETE FROM invite_uses WHERE user_id = $1",
    "DELETE FROM office_managers WHERE user_id = $1",
    # An update that is handed out again after this must still find that it has had its effect.
    r"UPDATE inbox SET replies = '\x90' WHERE user_id = $1",  # an empty list, in MessagePack
)
MARKS: Final = "SELECT count(*) FROM attendance_events WHERE user_id = $1"
# A session that is open would be open for ever: nobody is left to close it.
SESSIONS: Final = """
UPDATE sessions SET start_address = NULL, end_address = NULL, end_time = coalesce(end_time, boundary),
    closed_by = coalesce(closed_by, 'boundary')
WHERE user_id = $1
"""
DAYS: Final = "SELECT count(DISTINCT workday) FROM sessions WHERE user_id = $1"
NUMBER: Final = "SELECT nextval('forgotten_people')"
# In every other table by ON UPDATE CASCADE.
PERSON: Final = """
UPDATE employees SET user_id = $2, chat_id = NULL, full_name = '', official_name = NULL, role = 'employee',
    status = 'forgotten', language = NULL, telegram_language = NULL, consent_version = NULL,
    unreachable_since = NULL
WHERE user_id = $1
"""
# Where the person decided about, or looked at, others, or others at them: no references, so they do not cascade.
ELSEWHERE: Final = (
    "UPDATE attendance_events SET actor_id = $2 WHERE actor_id = $1",
    "UPDATE corrections SET decided_by = $2 WHERE decided_by = $1",
    "UPDATE invites SET created_by = $2 WHERE created_by = $1",
    "UPDATE audit SET actor_id = $2 WHERE actor_id = $1",
    "UPDATE audit SET subjects = array_replace(subjects, $1, $2) WHERE subjects @> ARRAY[$1::bigint]",
)
# After PERSON, which waits for a receipt that is just being written down (`checkin_worker.receipts`).
TOLD: Final = "DELETE FROM calls WHERE chat_id = $1"
NOTE: Final = "INSERT INTO audit (actor_id, action, subjects, update_id) VALUES ($1, 'forget', ARRAY[$1::bigint], $2)"


@dataclass(frozen=True, slots=True)
class Gone:
    """What was deleted and what stays: how many marks with their places, how many days' hours."""

    marks: int
    days: int


async def forget(db: "Connection", user_id: int, update_id: int) -> Gone:
    """Make the person, whose lock the caller holds, a number that leads to nobody."""
    gone = Gone(await db.fetchval(MARKS, user_id), await db.fetchval(DAYS, user_id))
    for statement in (*DELETE, SESSIONS):
        await db.execute(statement, user_id)
    number = await db.fetchval(NUMBER)
    for statement in (PERSON, *ELSEWHERE):
        await db.execute(statement, user_id, number)
    await db.execute(TOLD, user_id)
    await db.execute(NOTE, number, update_id)
    return gone
