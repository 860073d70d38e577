"""Owns the judgement whether a call is valid by our own description of the Bot API; nothing is refused by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from simulator.botapi.kinds import Kind, OneOf, Text, Thing

if TYPE_CHECKING:
    from collections.abc import Mapping

ATTACHED = "attach://"
_NUMBER = re.compile(r"-?\d+")


def problems(method: Thing, parameters: Mapping[str, Any]) -> list[str]:
    """What is wrong with a call.

    `parameters` as they came: strings in a form, anything in JSON, bytes for a file.
    """
    attached = {value.removeprefix(ATTACHED) for value in parameters.values() if _refers(value)}
    decoded = {}
    for name, value in parameters.items():
        if name not in attached or name in method.fields:
            resolved = parameters.get(value.removeprefix(ATTACHED), value) if _refers(value) else value
            decoded[name] = _decoded(method.fields.get(name), resolved)
    return list(method.problems(decoded))


def _refers(value: object) -> bool:
    return isinstance(value, str) and value.startswith(ATTACHED)


def _decoded(kind: Kind | None, value: object) -> object:
    """A string of a form is JSON where the parameter is no text; what cannot be read stays as it is."""
    if not isinstance(value, str) or kind is None or isinstance(kind, Text):
        return value
    if isinstance(kind, OneOf) and any(isinstance(one, Text) for one in kind.kinds) and not _NUMBER.fullmatch(value):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
