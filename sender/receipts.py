"""Owns telling what became of each call: a receipt in the queue `receipts`, before the message is acked.

A sender that dies between the two has the call handed to the next, which finds in Redis that it went out and tells it
again; receipts may be told twice, and none is left out.
"""

import asyncio
import random
from typing import Final

from sender.endings import Ending
from sender.items import Priority
from shared.contracts import OutboundCall, Receipt, encode
from shared.errors import BrokerUnavailable
from shared.publisher import Publisher
from shared.topology import RECEIPTS

WHAT: Final = 120
"""Characters of a call's text that its receipt repeats."""
_PAUSE: Final = 1.0
"""Seconds, jittered, until a receipt that the broker did not take is told again."""


class Receipts:
    """Tells receipts."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def tell(self, call: OutboundCall, priority: Priority, ending: Ending) -> None:
        """Return when the broker holds the receipt; for as long as that takes."""
        receipt = receipt_of(call, priority, ending)
        while True:
            try:
                await self._publisher.publish(RECEIPTS.name, encode(receipt), key=call.key)
            except BrokerUnavailable:  # the link says so
                await asyncio.sleep(_PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            else:
                return


def receipt_of(call: OutboundCall, priority: Priority, ending: Ending) -> Receipt:
    """The receipt of a call that ended."""
    if ending.outcome == "returned":
        raise ValueError("a call that the broker has again has not ended")
    said = call.params.get("text") or call.params.get("caption") or (call.file.name if call.file else "")
    return Receipt(
        key=call.key,
        chat_id=call.chat_id,
        method=call.method,
        priority=priority.label,
        what=str(said)[:WHAT],
        outcome=ending.outcome,
        created_at=call.created_at,
        settled_at=ending.at,
        reason=ending.reason,
        message_id=ending.message_id,
        doubtful=ending.doubtful,
        campaign_id=call.campaign_id,
    )
