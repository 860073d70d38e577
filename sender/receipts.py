"""Owns telling what became of each call: a receipt in the queue `receipts`, before the message is acked.

Receipts are told together, those of LINGER seconds in one message: thirty a second, one by one, would cost RabbitMQ,
the worker and PostgreSQL more than the calls do.

A sender that dies between a call's answer and its receipt has the call handed to the next, which finds in Redis that it
went out and tells it again; receipts may be told twice, and none is left out.
"""

import asyncio
import random
from typing import Final

from sender.endings import Ending
from sender.items import Priority
from shared.contracts import OutboundCall, Receipt, Receipts, encode
from shared.errors import BrokerUnavailable
from shared.publisher import Publisher
from shared.topology import RECEIPTS

WHAT: Final = 120
"""Characters of a call's text that its receipt repeats."""
LINGER: Final = 0.2
"""Seconds that a receipt waits for others."""
_PAUSE: Final = 1.0
"""Seconds, jittered, until receipts that the broker did not take are told again."""


class ReceiptBook:
    """Tells receipts."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._open: list[Receipt] = []
        self._telling: asyncio.Task[None] | None = None

    async def tell(self, call: OutboundCall, priority: Priority, ending: Ending) -> None:
        """Return when the broker holds the receipt; for as long as that takes."""
        self._open.append(receipt_of(call, priority, ending))
        if len(self._open) == 1:
            self._telling = asyncio.create_task(self._tell_together(), name="tell receipts")
        if self._telling is not None:
            await asyncio.shield(self._telling)

    async def _tell_together(self) -> None:
        await asyncio.sleep(LINGER)
        told, self._open = self._open, []
        body = encode(Receipts(receipts=told))
        while True:
            try:
                await self._publisher.publish(RECEIPTS.name, body, key=told[0].key)
            except BrokerUnavailable:  # the link says so
                await asyncio.sleep(_PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            else:
                return


def receipt_of(call: OutboundCall, priority: Priority, ending: Ending) -> Receipt:
    """The receipt of a call that ended.

    Raises:
        ValueError: it has not ended: the broker has it again.
    """
    if ending.outcome == "returned":
        raise ValueError("a call that the broker has again has not ended")
    said = call.params.get("text") or call.params.get("caption") or (call.file.name if call.file else "")
    return Receipt(
        key=call.key,
        chat_id=call.chat_id,
        method=call.method,
        priority=priority.label,
        what=str(said)[:WHAT] if call.quotable else "",
        outcome=ending.outcome,
        created_at=call.created_at,
        settled_at=ending.at,
        reason=ending.reason,
        message_id=ending.message_id,
        doubtful=ending.doubtful,
        campaign_id=call.campaign_id,
    )
