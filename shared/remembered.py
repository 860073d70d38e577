"""Owns what Redis holds of a call to Telegram: where, and in which words. The sender writes it, others may read."""

import math
from typing import Final, NamedTuple

UNDER_WAY: Final = "?"
NOT_SENT: Final = "-"
FOR_NOTHING: Final = "!"
"""Of a call that was not sent, or of which that is not known: it is being written, or was and nobody knows what became
of it; it ended in another way; it was to be written and certainly was not."""


class SentAs(NamedTuple):
    """A call that Telegram did.

    Attributes:
        message_id: of the message that it made; 0 where it made none.
        at: when Telegram answered, unix seconds.
        amended_at: when the change was made that the message has in it, unix seconds; 0 if it has none.
    """

    message_id: int
    at: float
    amended_at: float

    def __str__(self) -> str:
        return f"{self.message_id} {self.at:.3f} {self.amended_at}"


def place_of(key: str) -> str:
    """Where in Redis the sender remembers what became of the call of this key, once it is over."""
    return f"call:{key}"


def sent_as(value: str | None) -> SentAs | None:
    """The call that was sent, as `str(SentAs)` wrote it; None of any other value."""
    try:
        message_id, at, amended_at = (value or "").split(" ")
        sent = SentAs(int(message_id), float(at), float(amended_at))
    except ValueError:
        return None
    return sent if math.isfinite(sent.at) and math.isfinite(sent.amended_at) else None
