"""Owns what people read: Fluent messages by language, and names made fit to stand in one line of them.

The texts are files, `locales/<language>/<room>.ftl`; every language has the same messages.
"""

import functools
import unicodedata
from datetime import date
from pathlib import Path
from typing import Final

from fluent.runtime import FluentBundle, FluentResource

LANGUAGES: Final = ("az", "en", "ru", "tr")
LANGUAGE: Final = "az"
"""The language of those who speak none of the others."""
LOCALES: Final = Path(__file__).parent / "locales"
USUAL: Final = 1000
"""Texts of a language that are kept as they were said, of those in which nothing is written that is words."""
_NAME_LENGTH: Final = 64


class Texts:
    """The messages of one language, by IETF tag.

    Raises:
        FileNotFoundError: there is no such language.
    """

    def __init__(self, language: str = LANGUAGE) -> None:
        self.language = language
        self._bundle = FluentBundle([language], use_isolating=False)
        # Everybody's today; a name or a time of the day is one person's.
        self._usual = functools.lru_cache(USUAL, typed=True)(self._formatted)
        files = sorted((LOCALES / language).glob("*.ftl"))
        if not files:
            raise FileNotFoundError(f"no texts in {language!r}")
        for file in files:
            self._bundle.add_resource(FluentResource(file.read_text(encoding="utf-8")))

    def say(self, message_id: str, /, **values: str | int | date) -> str:
        """Format the message of this id.

        Raises:
            ValueError: there is no such message, or a value that it needs was not given.
        """
        if any(isinstance(value, str) for value in values.values()):
            return self._formatted(message_id, **values)
        return self._usual(message_id, **values)

    def _formatted(self, message_id: str, /, **values: str | int | date) -> str:
        message = self._bundle.get_message(message_id) if self._bundle.has_message(message_id) else None
        if message is None or message.value is None:
            raise ValueError(f"no message {message_id!r}")
        text, errors = self._bundle.format_pattern(message.value, values)
        if errors:
            raise ValueError(f"message {message_id!r}: {errors}")
        return str(text)


@functools.cache
def texts_in(language: str) -> Texts:
    """The messages of this language, read once.

    Raises:
        FileNotFoundError: there is no such language.
    """
    return Texts(language)


def language_of(chosen: str | None, telegram: str | None) -> str:
    """The language to speak with somebody: the chosen one, or that of their Telegram (an IETF tag), or Azerbaijani."""
    spoken = (telegram or "").split("-")[0].lower()
    return chosen or (spoken if spoken in LANGUAGES else LANGUAGE)


def telegram_length(text: str) -> int:
    """The length of a text as Telegram counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def plain_line(text: str, longest: int) -> str:
    """What a person wrote as one line: no control, format or private characters (direction marks, NUL, newlines)."""
    kept = "".join(char if unicodedata.category(char)[0] != "C" else " " * char.isspace() for char in text)
    return " ".join(kept.split())[:longest].rstrip()


def plain_name(name: str) -> str:
    """A person's name as one short plain line."""
    return plain_line(name, _NAME_LENGTH) or "?"
