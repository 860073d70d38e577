"""Owns what a profile tells: which functions of which package a service's time goes to."""

import pstats
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

OWN: Final = ("ingress", "checkin_worker", "geo_worker", "shared")
BUILT_IN: Final = "~"
"""What the profiler gives as the file of a function that is written in C."""

Function = tuple[str, int, str]
"""File, line, name."""


@dataclass(frozen=True, slots=True)
class Hotspots:
    """Shares of a service's time: of packages, what they call in C included, and of single functions by themselves."""

    packages: Sequence[tuple[str, float]]
    functions: Sequence[tuple[str, float]]


def hotspots(profiles: Sequence[Path], functions: int = 8) -> Hotspots:
    """Read profiles of cProfile together."""
    stats = cast("Any", pstats.Stats(*map(str, profiles))).stats  # typeshed does not know what Stats is made of
    own = {function: (seconds, callers) for function, (_, _, seconds, _, callers) in stats.items()}
    whole = sum(seconds for seconds, _ in own.values()) or 1.0
    by_package = defaultdict[str, float](float)
    for function, (seconds, callers) in own.items():
        for package, share in _spread(function, seconds, callers):
            by_package[package] += share
    named = sorted(((_named(function), seconds) for function, (seconds, _) in own.items()), key=lambda one: -one[1])
    return Hotspots(
        [(name, seconds / whole) for name, seconds in sorted(by_package.items(), key=lambda one: -one[1])],
        [(name, seconds / whole) for name, seconds in named[:functions]],
    )


def _spread(function: Function, seconds: float, callers: dict[Function, Any]) -> Iterator[tuple[str, float]]:
    """To which packages a function's time counts: what is written in C counts to who called it."""
    if function[0] != BUILT_IN:
        yield package(function[0]), seconds
        return
    for caller, (_, _, share, _) in callers.items():
        yield package(caller[0]), share


def package(file: str) -> str:
    """The package that a file belongs to: `asyncpg`, `shared`, `Python` for the standard library."""
    before, installed, path = file.partition("/site-packages/")
    if installed:
        return path.partition("/")[0]
    return next((name for name in OWN if f"/{name}/" in before), "Python")


def _named(function: Function) -> str:
    file, _, name = function
    if file == BUILT_IN:
        return name.strip("<>")
    return f"{package(file)}/{Path(file).stem}.{name}"
