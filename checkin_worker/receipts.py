"""Owns the ledger: what became of each call to Telegram, and who cannot be reached, told by the sender's receipts.

A receipt may come twice, late, or before an earlier one. Whatever the order, the newest one of a call stays, and a
person is unreachable since the first call that found them so after the last sign of them: a call that arrived, or an
update of theirs. Of whom the company does not know only that there was a call is kept, and not what it said.
"""

from datetime import UTC, datetime
from typing import Final

from checkin_worker.inbox import Inbox
from shared.consume import Delivery, Done, Verdict
from shared.contracts import Receipt, decode
from shared.database import PrimaryPool
from shared.errors import Undecodable
from shared.texts import plain_line

KEY: Final = 255
"""Characters of a key that are kept; RabbitMQ takes no longer message id, and so no longer key."""
METHOD: Final = 64
WHAT: Final = 200
REASON: Final = 300
"""Characters that are kept: enough to recognise a message, and to read what Telegram said."""
_LARGEST: Final = 2**63
"""Where PostgreSQL's numbers end."""

# Whether the company knows the person says the database; null for who is reachable, no row for what is old news.
RECORD: Final = """
WITH person AS (SELECT unreachable_since FROM employees WHERE user_id = $1)
INSERT INTO calls AS told (chat_id, key, method, priority, campaign_id, what, outcome, reason, message_id, doubtful,
                           created_at, settled_at, stranger)
VALUES ($1, $2, $3, $4, $5, CASE WHEN EXISTS (SELECT FROM person) THEN $6 ELSE '' END, $7, $8, $9, $10, $11, $12,
        NOT EXISTS (SELECT FROM person))
ON CONFLICT (chat_id, key) DO UPDATE SET method = excluded.method, priority = excluded.priority,
    campaign_id = excluded.campaign_id, what = excluded.what, outcome = excluded.outcome, reason = excluded.reason,
    message_id = excluded.message_id, doubtful = excluded.doubtful, created_at = excluded.created_at,
    settled_at = excluded.settled_at, stranger = excluded.stranger
WHERE told.settled_at <= excluded.settled_at
RETURNING (SELECT unreachable_since FROM person) AS unreachable_since
"""
# The answer to a button arrives at a client, not in the chat: it is no sign.
UNREACHABLE: Final = """
UPDATE employees SET unreachable_since = least(unreachable_since, $2)
WHERE user_id = $1 AND NOT EXISTS (SELECT FROM inbox WHERE user_id = $1 AND handled_at > $2)
  AND NOT EXISTS (SELECT FROM calls WHERE chat_id = $1 AND settled_at > $2 AND outcome = 'sent'
                  AND method <> 'answerCallbackQuery')
"""
ARRIVED: Final = """
UPDATE employees SET unreachable_since = (SELECT min(settled_at) FROM calls
                                          WHERE chat_id = $1 AND settled_at > $2 AND outcome = 'unreachable')
WHERE user_id = $1 AND unreachable_since < $2
"""


class ReceiptHandler:
    """Handles the messages of the queue `receipts`."""

    def __init__(self, pool: PrimaryPool) -> None:
        self._pool = pool

    async def __call__(self, delivery: Delivery) -> Verdict:
        """Write down what became of the call, unless something newer is written down already.

        Raises:
            Undecodable: not a receipt, or of a moment or a number that there is not.
            DatabaseUnavailable: to be tried again as it is.
        """
        receipt = decode(Receipt, delivery.body)
        columns, settled_at = _columns(receipt), _moment(receipt.settled_at)
        async with self._pool.connection() as db, db.transaction():
            # With the person's lock: a call that arrives, one that does not, and an update wait for each other.
            await Inbox(db, receipt.chat_id).lock()
            row = await db.fetchrow(RECORD, *columns, settled_at)
            if row is not None and receipt.outcome == "unreachable":
                await db.execute(UNREACHABLE, receipt.chat_id, settled_at)
            elif row is not None and row["unreachable_since"] is not None and _arrived(receipt):
                await db.execute(ARRIVED, receipt.chat_id, settled_at)
        return Done()


def _arrived(receipt: Receipt) -> bool:
    """Whether it is a sign that the person can be reached."""
    return receipt.outcome == "sent" and receipt.method != "answerCallbackQuery"


def _columns(receipt: Receipt) -> tuple[object, ...]:
    """The arguments of RECORD but the last one."""
    return (
        _number(receipt.chat_id),
        plain_line(receipt.key, KEY),
        plain_line(receipt.method, METHOD),
        receipt.priority,
        None if receipt.campaign_id is None else _number(receipt.campaign_id),
        plain_line(receipt.what, WHAT),
        receipt.outcome,
        plain_line(receipt.reason, REASON),
        _number(receipt.message_id),
        _number(receipt.doubtful),
        _moment(receipt.created_at),
    )


def _number(number: int) -> int:
    # asyncpg says of one that is too large what it says of a connection that is lost
    if not -_LARGEST <= number < _LARGEST:
        raise Undecodable(f"not a Receipt: {number} is no number that Telegram or we give")
    return number


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as problem:
        raise Undecodable(f"not a Receipt: {seconds} is no moment: {problem}") from problem
