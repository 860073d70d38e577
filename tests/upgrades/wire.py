"""Every contract whose two ends may be of different releases, with an example of each of its shapes.

What waits in a queue, in the inbox or in Redis while a release is deployed was written by the one before, and while it
is deployed both run side by side.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from checkin_worker.reports.request import ReportRequest
from shared.contracts import (
    EventRef,
    File,
    GeocoderChoice,
    GeoRequest,
    GeoStatus,
    Message,
    Order,
    OutboundCall,
    Receipt,
    Receipts,
    Slot,
    decode,
    encode,
)
from shared.lease import Knock, Will
from shared.sealed import Outgoing, unsealed


@dataclass(frozen=True)
class Contract:
    """How one kind of message is read and written, and what it may look like."""

    kind: Any
    examples: list[Any]
    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]

    @property
    def name(self) -> str:
        """The name of its golden files."""
        return "Inbox" if self.kind == list[Outgoing] else str(self.kind.__name__)

    @property
    def versioned(self) -> bool:
        """Whether it carries the version of its fields."""
        return self.kind != list[Outgoing] and issubclass(self.kind, Message)

    def schema(self) -> dict[str, Any]:
        """Its fields, their types and defaults; without the words about them."""
        schema: dict[str, Any] = _without_words(msgspec.json.schema(self.kind))
        return schema


def _without_words(schema: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(schema, dict):
        return {name: _without_words(value) for name, value in schema.items() if name != "description"}
    return [_without_words(one) for one in schema] if isinstance(schema, list) else schema


def _message(*examples: Message) -> Contract:
    kind = type(examples[0])
    return Contract(kind, list(examples), lambda body: decode(kind, body), encode)


def _struct(example: msgspec.Struct) -> Contract:
    kind = type(example)
    return Contract(kind, [example], lambda body: msgspec.json.decode(body, type=kind), msgspec.json.encode)


_EVENT = EventRef(5100000007, 1795471200, 7)
_CALL = OutboundCall(
    key="7:0",
    chat_id=5100000007,
    method="sendMessage",
    params={"chat_id": 5100000007, "text": "Sağ olun", "reply_markup": {"inline_keyboard": []}},
    created_at=1795471200.25,
    awaits_enrichment=True,
    asked_at=1795471199.5,
    topic="sendMessage:tap",
    late_after=60.0,
    late_note="gec",
    said_at=1795471199,
)
_ENRICHMENT = OutboundCall(
    key="7:0:address",
    chat_id=5100000007,
    method="editMessageText",
    params={"chat_id": 5100000007, "text": "Nizami küç. 10"},
    created_at=1795471201.0,
    target="7:0",
    quotable=False,
)
_REMINDER = OutboundCall(
    key="campaign:3:5100000007",
    chat_id=5100000007,
    method="sendMessage",
    params={"chat_id": 5100000007, "text": "x"},
    created_at=1795471202.0,
    if_unknown="leave",
    campaign_id=3,
)
_FILE = OutboundCall(
    key="8:report",
    chat_id=5100000007,
    method="sendDocument",
    params={"caption": "Mart"},
    created_at=1795471203.0,
    file=File("document", "tabel.xlsx", b"PK\n\x03\n"),
)
_QUESTION = GeoRequest(
    event=_EVENT,
    latitude=40.3717,
    longitude=-49.8505,
    language="az",
    reply_key="7:0",
    chat_id=5100000007,
    slot=Slot("at ...!", 3, 6, {"inline_keyboard": [[{"text": "x", "callback_data": "undo:1:2"}]]}),
    asked_at=1795471199.5,
)
_RECEIPT = Receipt(
    key="7:0",
    chat_id=5100000007,
    method="sendMessage",
    priority="interactive",
    what="Sağ olun",
    outcome="sent",
    created_at=1795471200.25,
    settled_at=1795471200.5,
    reason="",
    message_id=41,
    doubtful=1,
    campaign_id=3,
)
_REPORT = ReportRequest(
    kind="month",
    update_id=8,
    user_id=5100000007,
    language="az",
    zone="Asia/Baku",
    asked_at=1795471199.5,
    scope=2,
    month="2026-10",
    office_id=1,
)
_STATUS = GeoStatus(at=1795471200.0, circuits={"photon": "open"}, unstored=["google"], chosen_at=1.0, problem="x")

CONTRACTS = [
    _message(_CALL, _ENRICHMENT, _REMINDER, _FILE),
    _message(Receipts(receipts=[_RECEIPT])),
    _message(Order(subject="campaign:3", state="paused", given_at=1795471200.0)),
    _message(_QUESTION, GeoRequest(event=_EVENT, latitude=40.0, longitude=49.0, language="ru")),
    _message(GeocoderChoice(names=["photon", "offline"], given_at=1795471200.0, url="https://photon.example/reverse")),
    _message(_STATUS),
    _message(_REPORT),
    _struct(Knock("a", 3, 17.5, sign=True)),
    _struct(Will("a", b"[0.1]")),
    Contract(
        list[Outgoing], [[Outgoing("outbound.interactive", "7:0", encode(_CALL))]], unsealed, msgspec.msgpack.encode
    ),
]
