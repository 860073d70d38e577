"""Owns which geocoders an operator wants, as the right to ask them knows it: a note in `geo.turn` (`shared.notes`).

Of several choices the newest holds; to want none is to want what the settings say, and needs no note.
"""

from collections.abc import Callable, Collection
from typing import Final

import structlog

from shared.contracts import GeocoderChoice, decode
from shared.errors import Undecodable

log = structlog.get_logger()

NO_CHOICE: Final = GeocoderChoice(names=[], given_at=0.0)


class Choice:
    """The choice that holds now; the `Notes` of the right to ask geocoders.

    Args:
        changed: told the choice after each change.
    """

    def __init__(self, changed: Callable[[GeocoderChoice], None]) -> None:
        self._changed = changed
        self._newest = NO_CHOICE
        self._tag: int | None = None

    def keep(self, tag: int, body: bytes) -> Collection[int]:
        """Take a choice in; returns the tags that are not needed any more, an older choice before what ended it."""
        try:
            choice = decode(GeocoderChoice, body)
        except Undecodable as problem:
            log.warning("choice_undecodable", reason=str(problem))
            return [tag]
        if choice.given_at < self._newest.given_at:
            return [tag]
        over = [] if self._tag is None else [self._tag]
        self._newest, self._tag = choice, tag
        if not choice.names:
            self._tag = None
            over.append(tag)
        log.info("geocoders_chosen", names=choice.names)
        self._changed(choice)
        return over

    def clear(self) -> None:
        """The right is gone, and the choice with it."""
        self._newest, self._tag = NO_CHOICE, None
        self._changed(NO_CHOICE)
