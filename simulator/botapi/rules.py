"""Owns the rules of the Bot API that concern several fields of an object at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.botapi.entities import read_html, units
from simulator.botapi.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Rule = Callable[[Mapping[str, Any]], Iterator[str]]


def visible(name: str, mode: str, least: int, most: int) -> Rule:
    """A text whose length counts without its markup and the white space around it."""

    def rule(value: Mapping[str, Any]) -> Iterator[str]:
        if not isinstance(source := value.get(name), str):
            return
        try:
            text = read_html(source)[0] if value.get(mode) == "HTML" else source
        except BadRequestError as problem:
            yield f"{name}: {problem}"
            return
        if not least <= (size := units(text.strip())) <= most:
            yield f"{name} has a visible length of {size}, and {least} to {most} is allowed"

    return rule


def at_most_one(names: frozenset[str]) -> Rule:
    """Fields that exclude each other."""

    def rule(value: Mapping[str, Any]) -> Iterator[str]:
        if len(chosen := names & value.keys()) > 1:
            yield f"{' and '.join(sorted(chosen))} exclude each other"

    return rule


def at_least_one(names: frozenset[str]) -> Rule:
    """Fields of which one must be there."""

    def rule(value: Mapping[str, Any]) -> Iterator[str]:
        if not names & value.keys():
            yield f"one of {', '.join(sorted(names))} is needed"

    return rule
