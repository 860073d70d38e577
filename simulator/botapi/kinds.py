"""Owns what a value of the Bot API may be, and tells what is wrong with one that may not be. Knows no library's models.

Stricter than Telegram, which overlooks what it does not know and reads "yes" as true: what it overlooks is a mistake
of ours all the same. Lengths are UTF-16 code units, as Telegram counts, unless they are said to be bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from simulator.botapi.entities import units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Kind(Protocol):
    """One kind of value."""

    @property
    def label(self) -> str:
        """Its name in the Bot API's documentation."""

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string, by its length, by a list of choices or by a pattern that it matches as a whole."""

    least: int = 0
    most: int | None = None
    in_bytes: bool = False
    among: frozenset[str] = frozenset()
    pattern: str = ""
    label: str = field(default="String", init=False)

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value."""
        if not isinstance(value, str):
            yield f"{value!r} is no string"
            return
        size = len(value.encode()) if self.in_bytes else units(value)
        if size < self.least or (self.most is not None and size > self.most):
            yield f"has a length of {size}, and {self.least} to {self.most} is allowed"
        if self.among and value not in self.among:
            yield f"{value!r} is not among {', '.join(sorted(self.among))}"
        if self.pattern and not re.fullmatch(self.pattern, value):
            yield f"{value!r} does not look like {self.pattern}"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    least: int | None = None
    most: int | None = None
    label: str = field(default="Integer", init=False)

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value."""
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{value!r} is no whole number"
        elif (self.least is not None and value < self.least) or (self.most is not None and value > self.most):
            yield f"{value} is not within {self.least} and {self.most}"


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false; some may only be true."""

    only_true: bool = False
    label: str = field(default="Boolean", init=False)

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value."""
        if not isinstance(value, bool) or (self.only_true and not value):
            yield f"{value!r} is not {'true' if self.only_true else 'true or false'}"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that the call brings: its bytes."""

    label: str = field(default="InputFile", init=False)

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value."""
        if not isinstance(value, bytes) or not value:
            yield "is no uploaded file"


@dataclass(frozen=True, slots=True)
class Undescribed:
    """What Telegram knows and the fleet does not use; its content is not described here, so it may not be there."""

    label: str

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value."""
        yield f"{value!r} is a {self.label}, which is not described here"


@dataclass(frozen=True, slots=True)
class Many:
    """An array."""

    of: Kind
    most: int | None = None

    @property
    def label(self) -> str:
        """Its name in the documentation."""
        return f"Array of {self.of.label}"

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value."""
        if not isinstance(value, list):
            yield f"{value!r} is no array"
            return
        if self.most is not None and len(value) > self.most:
            yield f"has {len(value)} entries, and {self.most} are allowed"
        for number, one in enumerate(value):
            yield from (f"[{number}] {problem}" for problem in self.of.problems(one))


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value of any of these kinds."""

    kinds: tuple[Kind, ...]

    @property
    def label(self) -> str:
        """The names of all, in order of the alphabet."""
        return " or ".join(sorted(kind.label for kind in self.kinds))

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value: nothing if it is of one kind, otherwise what the nearest kind finds."""
        found = [list(kind.problems(value)) for kind in self._nearest(value)]
        yield from min(found, key=len)

    def _nearest(self, value: object) -> tuple[Kind, ...]:
        """Objects are told apart by what they must have."""
        names = set(value) if isinstance(value, dict) else set()
        return tuple(kind for kind in self.kinds if isinstance(kind, Thing) and kind.required.keys() <= names) or (
            self.kinds
        )


@dataclass(frozen=True, slots=True)
class Thing:
    """An object, or the parameters of a method: the fields it must have, those it may have, and rules between them."""

    label: str
    required: Mapping[str, Kind] = field(default_factory=dict)
    optional: Mapping[str, Kind] = field(default_factory=dict)
    rules: tuple[Callable[[Mapping[str, Any]], Iterator[str]], ...] = ()

    @property
    def fields(self) -> dict[str, Kind]:
        """All fields."""
        return {**self.required, **self.optional}

    def problems(self, value: object) -> Iterator[str]:
        """What is wrong with a value."""
        if not isinstance(value, dict):
            yield f"{value!r} is no object"
            return
        known = self.fields
        yield from (f"{name} is missing" for name in self.required if name not in value)
        yield from (f"{name} is unknown" for name in value if name not in known)
        for name, one in value.items():
            if name in known:
                yield from (f"{name}: {problem}" for problem in known[name].problems(one))
        for rule in self.rules:
            yield from rule(value)
