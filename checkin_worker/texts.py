"""Owns what people read: Fluent messages by language, and names made fit to stand in one line of them."""

import unicodedata
from datetime import date
from pathlib import Path
from typing import Final

from fluent.runtime import FluentBundle, FluentResource

LANGUAGE: Final = "az"
_LOCALES: Final = Path(__file__).parent / "locales"
_NAME_LENGTH: Final = 64


class Texts:
    """The messages of one language.

    Raises:
        FileNotFoundError: there is no such language.
    """

    def __init__(self, language: str = LANGUAGE) -> None:
        self._bundle = FluentBundle([language], use_isolating=False)
        resource = FluentResource((_LOCALES / f"{language}.ftl").read_text(encoding="utf-8"))
        self._bundle.add_resource(resource)

    def say(self, message_id: str, /, **values: str | int | date) -> str:
        """Format the message of this id.

        Raises:
            ValueError: there is no such message, or a value that it needs was not given.
        """
        message = self._bundle.get_message(message_id) if self._bundle.has_message(message_id) else None
        if message is None or message.value is None:
            raise ValueError(f"no message {message_id!r}")
        text, errors = self._bundle.format_pattern(message.value, values)
        if errors:
            raise ValueError(f"message {message_id!r}: {errors}")
        return str(text)


def plain_name(name: str) -> str:
    """A person's name as one short line: no control, format or private characters (direction marks, NUL, newlines)."""
    kept = "".join(char for char in name if unicodedata.category(char)[0] != "C")
    return " ".join(kept.split())[:_NAME_LENGTH].rstrip() or "?"
