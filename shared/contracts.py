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
"""Headers of a message in `updates`: Telegram's id (int), unix seconds (int), W3C trace context."""


FILE_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of a file. RabbitMQ 4 refuses messages over 16 MiB, and base64 makes four bytes of three."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What every message of ours carries: the version of its fields."""

    v: int = VERSION


class File(msgspec.Struct, frozen=True):
    """A file that a call uploads, and the parameter that it is.

    It travels by value, as base64: the sender asks no database, so what it sends must be in the message.

    Raises:
        ValueError: `content` is longer than FILE_LIMIT.
    """

    field: Literal["document", "photo"]
    name: str
    content: bytes

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

    The address goes to the event and its session (`event`), and into the reply named `reply_key` in `chat_id`.
    Latitude and longitude are degrees, WGS 84. `language` is an IETF tag.
    """

    reply_key: str
    chat_id: int
    slot: Slot
    event: EventRef
    latitude: float
    longitude: float
    language: str


M = TypeVar("M", bound=Message)


class _Versioned(msgspec.Struct):
    v: int


_version = msgspec.json.Decoder(_Versioned)
_decoders: dict[type[Message], msgspec.json.Decoder[Any]] = {}

encode = msgspec.json.Encoder().encode


def decode(kind: type[M], body: bytes) -> M:
    """Read a message of this kind.

    Raises:
        Undecodable: not JSON, a version other than ours, or fields that do not fit.
    """
    decoder = _decoders.setdefault(kind, msgspec.json.Decoder(kind))
    try:
        if (version := _version.decode(body).v) != VERSION:
            raise Undecodable(f"version {version} of {kind.__name__} is unknown here, this release reads {VERSION}")
        message: M = decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Undecodable(f"not a {kind.__name__}: {problem}") from problem
    return message
