"""Owns which calls are not made although it is their turn, and what is added to one that is late."""

import time
from collections import OrderedDict
from typing import Final, Protocol

import msgspec

from sender.endings import Ending
from sender.items import Item, Priority
from shared.contracts import CallPriority, OutboundCall
from shared.texts import telegram_length

LOST: Final = 20_000
"""Chats remembered as unreachable; of the others the database knows (`fleet remind` leaves them out)."""
_SAYS: Final = {"text": 4096, "caption": 1024}
"""The parameters that a late note can be added to, and how long Telegram lets them be."""


class Orders(Protocol):
    """What operators want."""

    def paused(self, priority: CallPriority) -> bool:
        """Whether nothing of this priority may go out."""

    def campaign(self, campaign_id: int) -> str:
        """`running`, or what else holds for the calls of this campaign."""


class Rules:
    """Looks at a call right before it goes."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._lost: OrderedDict[int, None] = OrderedDict()

    def needless(self, item: Item) -> Ending | None:
        """How the call ends without being made; None if it is to be made."""
        call, now = item.call, time.time()
        if self._orders.paused(item.priority.label):
            return Ending("returned", now)
        if call.campaign_id is not None and (state := self._orders.campaign(call.campaign_id)) != "running":
            return Ending("withdrawn", now, f"its campaign is {state}")
        if _late(call, now) and not _noted(call):
            return Ending("expired", now, f"older than {call.late_after:.0f} s")
        if item.priority is Priority.BULK and call.chat_id in self._lost:
            return Ending("unreachable", now, "Telegram said so a moment ago")
        return None

    def said_late(self, call: OutboundCall) -> OutboundCall:
        """The call, with its note if it is late and there is room for it."""
        if not _late(call, time.time()) or not _noted(call):
            return call
        for name, longest in _SAYS.items():
            said = call.params.get(name)
            if isinstance(said, str) and telegram_length(noted := f"{said}\n{call.late_note}") <= longest:
                return msgspec.structs.replace(call, params={**call.params, name: noted})
        return call

    def lost(self, chat_id: int) -> None:
        """Telegram reaches this chat no more."""
        self._lost[chat_id] = None
        if len(self._lost) > LOST:
            self._lost.popitem(last=False)

    def forget_lost(self) -> None:
        """Others may have reached them since."""
        self._lost.clear()

    def reached(self, chat_id: int) -> None:
        """Telegram reached this chat."""
        self._lost.pop(chat_id, None)


def _late(call: OutboundCall, now: float) -> bool:
    return call.late_after is not None and now - call.created_at > call.late_after


def _noted(call: OutboundCall) -> bool:
    return bool(call.late_note)
