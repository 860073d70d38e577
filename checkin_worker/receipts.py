"""Owns the ledger: what became of each call to Telegram, and who cannot be reached, told by the sender's receipts.

A receipt may come twice, late, or before an earlier one. Whatever the order, the newest one of a call stays, and a
person is unreachable since the first call that found them so after the last sign of them: a call that arrived, or an
update of theirs. Of whom the company does not know only that there was a call is kept, and not what it said.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from checkin_worker.inbox import opened
from shared.contracts import Receipt, Receipts, decode
from shared.database import PrimaryPool
from shared.delivery import Delivery, Done, Drop, Verdict
from shared.errors import Undecodable
from shared.texts import plain_line

if TYPE_CHECKING:
    from shared.database import Connection

KEY: Final = 255
"""Characters of a key that are kept; RabbitMQ takes no longer message id, and so no longer key."""
METHOD: Final = 64
WHAT: Final = 200
REASON: Final = 300
"""Characters that are kept: enough to recognise a message, and to read what Telegram said."""
_LARGEST: Final = 2**63
"""Where PostgreSQL's numbers end."""

# Whether the company knows the person says the database. The lock keeps a person who is just forgotten waiting until
# this is stored, and found by their forgetting. A row comes back for what is news, with null for who is reachable. What
# was queued twice and went out is not withdrawn.
RECORD: Final = """
WITH person AS (SELECT user_id, unreachable_since FROM employees WHERE user_id = ANY($1::bigint[]) FOR KEY SHARE)
INSERT INTO calls AS told (chat_id, key, method, priority, campaign_id, what, outcome, reason, message_id, doubtful,
                           created_at, settled_at, stranger)
SELECT chat_id, key, method, priority, campaign_id, CASE WHEN user_id IS NULL THEN '' ELSE what END, outcome, reason,
       message_id, doubtful, created_at, settled_at, user_id IS NULL
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[],
            $9::bigint[], $10::bigint[], $11::timestamptz[], $12::timestamptz[])
     AS given (chat_id, key, method, priority, campaign_id, what, outcome, reason, message_id, doubtful, created_at,
               settled_at)
     LEFT JOIN person ON user_id = chat_id
ORDER BY chat_id, key
ON CONFLICT (chat_id, key) DO UPDATE SET method = excluded.method, priority = excluded.priority,
    campaign_id = excluded.campaign_id, what = excluded.what, outcome = excluded.outcome, reason = excluded.reason,
    message_id = excluded.message_id, doubtful = excluded.doubtful, created_at = excluded.created_at,
    settled_at = excluded.settled_at, stranger = excluded.stranger
WHERE told.settled_at <= excluded.settled_at
    AND NOT (told.outcome = 'sent' AND excluded.outcome IN ('withdrawn', 'expired'))
RETURNING chat_id, key, (SELECT unreachable_since FROM person WHERE user_id = told.chat_id) AS unreachable_since
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


Columns = tuple[int, str, str, str, int | None, str, str, str, int, int, datetime, datetime]
"""What RECORD takes of one receipt."""


class ReceiptHandler:
    """Handles the messages of the queue `receipts`."""

    def __init__(self, pool: PrimaryPool) -> None:
        self._pool = pool

    async def __call__(self, delivery: Delivery) -> Verdict:
        """Write down what became of the calls, unless something newer is written down already.

        Raises:
            Undecodable: not receipts.
            DatabaseUnavailable: to be tried again as it is.
        """
        newest: dict[tuple[int, str], tuple[Receipt, Columns]] = {}
        wrong: list[str] = []
        for receipt in sorted(decode(Receipts, delivery.body).receipts, key=lambda one: one.settled_at):
            try:
                columns = _columns(receipt)
            except Undecodable as problem:
                wrong.append(f"{receipt.key}: {problem}")
            else:
                newest[columns[0], columns[1]] = receipt, columns
        if newest:
            await self._record(newest)
        return Drop("; ".join(wrong)) if wrong else Done()

    async def _record(self, newest: Mapping[tuple[int, str], tuple[Receipt, Columns]]) -> None:
        async with self._pool.connection() as db:
            rows = await db.fetch(RECORD, *zip(*(columns for _, columns in newest.values()), strict=True))
            for row in rows:
                receipt, columns = newest[row["chat_id"], row["key"]]
                if receipt.outcome == "unreachable":
                    await self._mark(db, UNREACHABLE, receipt, columns[-1])
                elif row["unreachable_since"] is not None and _arrived(receipt):
                    await self._mark(db, ARRIVED, receipt, columns[-1])

    async def _mark(self, db: "Connection", statement: str, receipt: Receipt, settled_at: datetime) -> None:
        """With the person's lock: a call that arrives, one that does not, and an update wait for each other."""
        async with opened(db, receipt.chat_id):
            await db.execute(statement, receipt.chat_id, settled_at)


def _arrived(receipt: Receipt) -> bool:
    """Whether it is a sign that the person can be reached."""
    return receipt.outcome == "sent" and receipt.method != "answerCallbackQuery"


def _columns(receipt: Receipt) -> Columns:
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
        _moment(receipt.settled_at),
    )


def _number(number: int) -> int:
    # asyncpg says of one that is too large what it says of a connection that is lost
    if not -_LARGEST <= number < _LARGEST:
        raise Undecodable(f"{number} is no number that Telegram or we give")
    return number


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as problem:
        raise Undecodable(f"{seconds} is no moment: {problem}") from problem
