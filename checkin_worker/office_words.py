"""Owns what the words after /office mean. Pure."""

import functools
import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Final
from zoneinfo import available_timezones

from checkin_worker.offices import Draft, Kept
from shared.office import NAME_LENGTH, RADIUS
from shared.texts import plain_name

ADD: Final = "add"
"""The word for a new office; no name begins with it."""
_AT_ONCE: Final = 50
"""People named in one command."""
_USUAL_RADIUS: Final = 150
_ID: Final = re.compile(r"-?[1-9][0-9]{0,17}")


class Refused(Exception):
    """What was asked for cannot be done; says why, as a message of offices.ftl with its values."""

    def __init__(self, message_id: str, **values: str | int) -> None:
        super().__init__(message_id)
        self.message_id = message_id
        self.values = values


def draft(words: Sequence[str], timezone: str) -> Draft:
    """Read `NAME [radius N] [Area/City]`, the last two in any order; `timezone` is that of offices without one.

    Raises:
        Refused: no name, a long one, or a radius or zone that is none.
    """
    rest, radius = list(words), _USUAL_RADIUS
    for _ in range(2):
        if rest and _is_in_an_area(rest[-1]):
            timezone = _zone(rest.pop())
        elif len(rest) > 1 and rest[-2].lower() == "radius":
            radius, rest = metres(rest[-1:]), rest[:-2]
    if not rest or rest[0].lower() == ADD:
        raise Refused("office-usage")
    name = plain_name(" ".join(rest))
    if len(name) > NAME_LENGTH:
        raise Refused("office-name-long", length=NAME_LENGTH)
    return Draft(name, radius, timezone)


def metres(words: Sequence[str]) -> int:
    """Read a radius.

    Raises:
        Refused: not one number within RADIUS.
    """
    if len(words) != 1 or not re.fullmatch(r"[0-9]{1,5}", words[0]) or int(words[0]) not in RADIUS:
        raise Refused("office-radius-wrong", least=RADIUS.start, most=RADIUS.stop - 1)
    return int(words[0])


def people(words: Sequence[str]) -> tuple[list[int], list[int]]:
    """Read ids: those to add, and those to remove, which have a minus before them.

    Raises:
        Refused: none, too many, or something that is no id.
    """
    if not words or len(words) > _AT_ONCE or not all(_ID.fullmatch(word) for word in words):
        raise Refused("office-ids-wrong", most=_AT_ONCE)
    ids = [int(word) for word in words]
    return [number for number in ids if number > 0], [-number for number in ids if number < 0]


def named(offices: Collection[Kept], words: Sequence[str]) -> tuple[Kept, Sequence[str]]:
    """Find the office whose name the words begin with, whatever their case, and the words after it.

    Raises:
        Refused: there is none.
    """
    for count in range(len(words), 0, -1):
        name = " ".join(words[:count])
        if alike := [office for office in offices if same_name(office.name, name)]:
            return next((office for office in alike if office.name == name), alike[0]), words[count:]
    raise Refused("office-unknown", name=plain_name(" ".join(words)))


def same_name(one: str, other: str) -> bool:
    """Whether people would take the two for one name, whatever their case, spaces, and i's, with and without a dot."""
    return _loose(one) == _loose(other)


def _loose(name: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", name).casefold().replace("\u0307", "").replace("ı", "i")
    return folded.split()


@functools.cache
def _zones() -> dict[str, str]:
    """The zones of the tz database that have an area, by their names in small letters."""
    return {zone.casefold(): zone for zone in available_timezones() if "/" in zone}


def _is_in_an_area(word: str) -> bool:
    """Whether the word is meant as a zone: it names an area as the tz database does, such as Asia/..."""
    area, slash, _ = word.casefold().partition("/")
    return bool(slash) and area in {zone.partition("/")[0] for zone in _zones()}


def _zone(word: str) -> str:
    if word.casefold() not in _zones():
        raise Refused("office-zone-wrong", zone=plain_name(word))
    return _zones()[word.casefold()]
