"""The ledger without its process: receipts go in as the sender tells them."""

from datetime import datetime
from typing import Any

from checkin_worker.receipts import ReceiptHandler
from shared.contracts import Receipt, Receipts, encode
from shared.delivery import Delivery, Done
from shared.topology import RECEIPTS
from tests.integration.desk_side import PERSON, SENT


def receipt(key: str = "1:0", *, at: datetime = SENT, **fields: Any) -> Receipt:  # noqa: ANN401 - the receipt's
    """What became of a reply that was made half a minute before `at`, to PERSON; it arrived."""
    told: dict[str, Any] = {
        "chat_id": PERSON,
        "method": "sendMessage",
        "priority": "interactive",
        "what": "✅ Giriş qeydə alındı",
        "outcome": "sent",
        "created_at": at.timestamp() - 30,
        "settled_at": at.timestamp(),
        "message_id": 77,
        **fields,
    }
    return Receipt(key=key, **told)


async def tell(handler: ReceiptHandler, *receipts: Receipt) -> None:
    """Hand them over, one message after the other."""
    for one in receipts:
        delivery = Delivery(RECEIPTS.name, one.key, encode(Receipts(receipts=[one])), {}, tries=0, redelivered=False)
        assert await handler(delivery) == Done()
