"""Owns what passes between services: the messages' fields, their version, and how they are read and written.

JSON by msgspec. A reader ignores fields that it does not know and refuses a version that it does not know, with
the reason; such a message goes to the dead letters. Readers and writers of a version must stay compatible: a new
optional field keeps the version, a changed meaning raises it.
"""

from typing import Any, Final, Literal, TypeVar

import msgspec

from shared.errors import Undecodable

VERSION: Final = 1

ALLOWED_UPDATES: Final = ("message", "edited_message", "callback_query")
"""The kinds of update that the fleet handles; asked of Telegram, and let in by the ingress. All others are dropped."""

UPDATE_ID: Final = "update_id"
RECEIVED_AT: Final = "received_at"
TRACEPARENT: Final = "traceparent"
"""Headers of a message in `updates`: Telegram's id (int), unix milliseconds (int), W3C trace context."""


FILE_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of a file: RabbitMQ 4 refuses messages over 16 MiB, and every service that a file passes holds it in memory."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What every message of ours carries: the version of its fields."""

    v: int = VERSION


class File(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that a call uploads, and the parameter that it is.

    It travels by value, since the sender asks no database: its bytes as they are, after the call's JSON and a line
    feed, which JSON as we write it does not contain.

    Raises:
        ValueError: `content` is longer than FILE_LIMIT.
    """

    field: Literal["document", "photo"]
    name: str
    content: bytes = b""

    def __post_init__(self) -> None:
        if len(self.content) > FILE_LIMIT:
            raise ValueError(
                f"{self.name} has {len(self.content)} bytes and a message carries {FILE_LIMIT}: make it smaller, by "
                "compressing it or by leaving something out, or send it in parts"
            )


class OutboundCall(Message, frozen=True, kw_only=True):
    """One call to the Bot API, in one of the `outbound.*` queues.

    `key` names the call for ever: the same key is called once, however often it is published. A call with `target`
    changes the call of that key (an address found late): it is taken into the target while that still waits,
    becomes `method` on the target's message when that is gone out, and is dropped when there is no such message
    (`if_gone`). `awaits_enrichment`: such a change is on its way, a short wait may save a call. `file` is what the
    call uploads beside its `params`.

    Attributes:
        asked_at: when the update that this answers came to our door, unix seconds; None if nobody asked.
        said_at: when the message that this answers was written, by Telegram's clock, unix seconds; None as before, and
            where Telegram does not say.
        topic: of the calls of one topic that wait in a chat, only the newest goes out.
        if_unknown: what to do when nobody knows whether Telegram did it, because no answer came: repeat it (a person
            who waits for a reply gets it, perhaps twice), or leave it (a reminder is never given twice).
        late_after: seconds after its making from which the call is late. Then `late_note` is added to its text, or
            the call is dropped if there is none. None: never late.
        campaign_id: the campaign that it is part of.
        quotable: whether its text may be stored; some geocoders forbid it of their addresses.
    """

    key: str
    chat_id: int
    method: str
    params: dict[str, Any]
    created_at: float
    target: str | None = None
    awaits_enrichment: bool = False
    if_gone: Literal["drop"] = "drop"
    file: File | None = None
    asked_at: float | None = None
    topic: str | None = None
    if_unknown: Literal["repeat", "leave"] = "repeat"
    late_after: float | None = None
    late_note: str | None = None
    campaign_id: int | None = None
    quotable: bool = True
    said_at: int | None = None


CallOutcome = Literal["sent", "unknown", "unreachable", "refused", "failed", "expired", "withdrawn", "superseded"]
"""What became of a call in the end.

sent: Telegram did it. unknown: no answer came, and it is not repeated. unreachable: the person blocked the bot or is
gone. refused: Telegram says why it never will. failed: tried for as long as is sensible. expired: too late to be
useful. withdrawn: its campaign was paused or cancelled before it went. superseded: a newer call of its topic went
instead.
"""
CallPriority = Literal["interactive", "enrichment", "bulk"]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a call: told once the sender knows, and again if it cannot tell that it was told.

    Attributes:
        key, chat_id, method, campaign_id, created_at: the call's.
        priority: the queue that it came through.
        what: the beginning of its text, for people who look it up.
        outcome: in the end.
        reason: Telegram's words, where it gave any.
        message_id: of the message that the call made; 0 where it made none.
        doubtful: tries before this one of which nobody knows whether Telegram did them.
        settled_at: unix seconds.
    """

    key: str
    chat_id: int
    method: str
    priority: CallPriority
    what: str
    outcome: CallOutcome
    created_at: float
    settled_at: float
    reason: str = ""
    message_id: int = 0
    doubtful: int = 0
    campaign_id: int | None = None


class Receipts(Message, frozen=True, kw_only=True):
    """What became of some calls, in the queue `receipts`."""

    receipts: list[Receipt]


class Order(Message, frozen=True, kw_only=True):
    """What an operator wants of the sender, in `sender.turn`: whoever holds the right to send keeps the newest.

    Attributes:
        subject: a `CallPriority`, or `campaign:` and its number.
        state: running as usual; paused: nothing of it goes out; cancelled: what waits of it is dropped.
        given_at: unix seconds; a later order about a subject replaces an earlier one.
    """

    subject: str
    state: Literal["running", "paused", "cancelled"]
    given_at: float


class EventRef(msgspec.Struct, frozen=True):
    """Names one attendance event: the person, Telegram's moment (unix seconds) and the update."""

    user_id: int
    sent_at: int
    update_id: int


class Slot(msgspec.Struct, frozen=True):
    """A reply's text with the place where the address goes: characters `start` to `end` hold the stand-in.

    `reply_markup` is the reply's inline keyboard: an edit that does not repeat it would take it away.
    """

    text: str
    start: int
    end: int
    reply_markup: dict[str, Any] | None = None

    def filled(self, address: str) -> str:
        """Return the text with the address in its place."""
        return self.text[: self.start] + address + self.text[self.end :]


class GeoRequest(Message, frozen=True, kw_only=True):
    """Asks for the address of a point, in `geo.requests`.

    In `geo.backlog` are those that newer ones have overtaken, in `geo.backfill` those of old sessions. The address goes
    to the event and its session (`event`), and into the reply named `reply_key` in `chat_id`, where there is one: all
    of `reply_key`, `chat_id` and `slot`, or none of them. Latitude and longitude are degrees, WGS 84. `language` is an
    IETF tag. `asked_at` is the reply's.
    """

    event: EventRef
    latitude: float
    longitude: float
    language: str
    reply_key: str | None = None
    chat_id: int | None = None
    slot: Slot | None = None
    asked_at: float | None = None


class GeocoderChoice(Message, frozen=True, kw_only=True):
    """Which geocoders an operator wants, best first, in `geo.turn`: the active geo worker keeps the newest.

    Attributes:
        names: of geocoders; none of them for those that the worker's own settings name; `none` alone for no geocoder.
        url: the address of the first, if it is not the one in the settings.
        given_at: unix seconds; a later choice replaces an earlier one.
    """

    names: list[str]
    given_at: float
    url: str | None = None


Circuit = Literal["closed", "open", "probing"]
"""closed: asked as usual. open: left alone after failures. probing: one request tries whether it answers again."""


class GeoStatus(Message, frozen=True, kw_only=True):
    """What the active geo worker says of itself in Redis, under GEO_STATUS, every few seconds.

    Attributes:
        at: unix seconds.
        circuits: of the geocoders in use, by name, best first.
        unstored: those of them whose addresses may be told and not written down.
        chosen_at: `given_at` of the newest choice that the worker knows; None if it knows none.
        problem: why that choice cannot be obeyed, and what to do; empty if it is obeyed.
        waiting: cells whose address is waited for.
    """

    at: float
    circuits: dict[str, Circuit]
    unstored: list[str] = []
    chosen_at: float | None = None
    problem: str = ""
    waiting: int = 0


GEO_STATUS: Final = "geo:status"


M = TypeVar("M", bound=Message)


class _Versioned(msgspec.Struct):
    v: int


_version = msgspec.json.Decoder(_Versioned)
_decoders: dict[type[Message], msgspec.json.Decoder[Any]] = {}

_encode = msgspec.json.Encoder().encode


def encode(message: Message) -> bytes:
    """Write a message: JSON, and after a line feed the bytes of its file if it has one."""
    if not isinstance(message, OutboundCall) or message.file is None:
        return _encode(message)
    head = msgspec.structs.replace(message, file=msgspec.structs.replace(message.file, content=b""))
    return b"\n".join((_encode(head), message.file.content))


def decode(kind: type[M], body: bytes) -> M:
    """Read a message of this kind.

    Raises:
        Undecodable: not JSON, a version other than ours, or fields that do not fit.
    """
    decoder = _decoders.setdefault(kind, msgspec.json.Decoder(kind))
    head, _, content = body.partition(b"\n")
    try:
        if (version := _version.decode(head).v) != VERSION:
            raise Undecodable(f"version {version} of {kind.__name__} is unknown here, this release reads {VERSION}")
        message: M = decoder.decode(head)
        if content and isinstance(message, OutboundCall) and message.file is not None:
            file = File(message.file.field, message.file.name, content)
            return msgspec.structs.replace(message, file=file)
    except (ValueError, UnicodeDecodeError, RecursionError) as problem:  # msgspec's errors are ValueErrors
        raise Undecodable(f"not a {kind.__name__}: {problem}") from problem
    return message
