"""Owns the texts of a campaign: read from files and checked for everybody before anybody gets one."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from ops.people_file import NAME_LENGTH
from ops.terminal import Refused
from shared.texts import LANGUAGE, LANGUAGES, telegram_length

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT: Final = 4096
"""Telegram's, for a message; counted as it counts positions, in UTF-16 units."""
NAME: Final = "{name}"
"""Where a person's first name goes."""
_PLACE: Final = re.compile(r"\{\w*\}")
_LONGEST_NAME: Final = 2 * NAME_LENGTH


@dataclass(frozen=True, slots=True)
class CampaignTexts:
    """One text for each language; LANGUAGE's is for those who speak none of the others."""

    by_language: "Mapping[str, str]"

    @classmethod
    def read(cls, words: Sequence[str]) -> Self:
        """Read what was named as LANGUAGE=FILE.

        Raises:
            Refused: all that is wrong.
        """
        texts: dict[str, str] = {}
        problems: list[str] = []
        for word in words:
            language, _, file = word.partition("=")
            if language not in LANGUAGES or not file:
                problems.append(f"--text {word}: say LANGUAGE=FILE; the languages are {', '.join(LANGUAGES)}")
            elif language in texts:
                problems.append(f"--text {word}: there is a text in {language!r} already")
            else:
                texts[language] = _content(file, problems)
                problems += [f"{file}: {problem}" for problem in _wrong(texts[language])]
        if LANGUAGE not in texts:
            problems.append(f"--text {LANGUAGE}=FILE is missing: those get it whose language has no text of its own")
        if problems:
            raise Refused(*problems)
        return cls(MappingProxyType(texts))

    def said_to(self, language: str, full_name: str) -> str:
        """The text in the language, with the person's first name in it."""
        text = self.by_language.get(language, self.by_language[LANGUAGE])
        return text.replace(NAME, full_name.split(" ", maxsplit=1)[0])


def _content(file: str, problems: list[str]) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig").strip()
    except OSError as problem:
        problems.append(f"{file} cannot be read: {problem.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{file} is not UTF-8: save it as such")
    return "?"


def _wrong(text: str) -> list[str]:
    problems = []
    if not text:
        problems.append("the text is empty")
    if unknown := sorted({*_PLACE.findall(text)} - {NAME}):
        problems.append(f"{', '.join(unknown)} is not known; only {NAME} is, the first name")
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        problems.append("there is a control character in it")
    names = text.count(NAME)
    longest = telegram_length(text.replace(NAME, "")) + names * _LONGEST_NAME
    if longest > LIMIT:
        said = f" with {names} names of {_LONGEST_NAME} units" if names else ""
        problems.append(f"{longest:,} UTF-16 units{said}, and a message has {LIMIT:,} at most")
    return problems
