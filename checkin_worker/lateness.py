"""Owns what becomes of a call that waited for long: whoever reads it is told, or it is not made."""

import functools
from typing import Final, NamedTuple

from shared.texts import texts_in

LATE: Final = 600.0
"""Seconds: a message that comes later says so."""
STALE: Final = 120.0
"""Seconds: the answer to a button that comes later is not given; Telegram takes none after some minutes, and the
telephone has stopped waiting."""


class Lateness(NamedTuple):
    """`OutboundCall.late_after` and `late_note`."""

    after: float | None
    note: str | None


@functools.cache
def lateness(method: str, language: str) -> Lateness:
    """When a call of this method is late, and what it then says to a reader of this language.

    An edit never is: the message that it changes bears the time of its own sending, and a note would stay in it.

    Raises:
        FileNotFoundError: there is no such language.
    """
    if method == "answerCallbackQuery":
        return Lateness(STALE, None)
    if method.startswith("edit"):
        return Lateness(None, None)
    return Lateness(LATE, texts_in(language).say("late-note"))
