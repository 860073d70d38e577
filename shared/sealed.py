"""Owns what an inbox row holds: the messages that followed from an update, sealed with its effect."""

from collections.abc import Sequence

import msgspec


class Outgoing(msgspec.Struct, frozen=True):
    """A message to publish: where, under which key, what."""

    queue: str
    key: str
    body: bytes


def sealed(messages: Sequence[Outgoing]) -> bytes:
    """Write them as the inbox stores them."""
    return msgspec.msgpack.encode(messages)


def unsealed(replies: bytes) -> list[Outgoing]:
    """Read what `sealed` wrote."""
    return msgspec.msgpack.decode(replies, type=list[Outgoing])
