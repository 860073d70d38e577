"""Owns what was asked of the fleet and what was done to it, with the moments; and the running log that people read.

Moments are time.monotonic(), one clock with the arrivals at the simulated Telegram.
"""

import contextlib
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from rich.console import Console

ItemKind = Literal["check-in", "reminder", "numbered"]
_CLOCK: Final = re.compile(r"^🕘 (\d\d:\d\d:\d\d)$", re.MULTILINE)
"""The line of a reply that says which check-in it answers, in every language (`line-time` of the texts)."""
_OURS: Final = re.compile(r"^((?:reminder|step) \d+)\b")


@dataclass(slots=True, eq=False)
class Item:
    """Something that a person must be told: a reply to a check-in, a reminder, a numbered message.

    Attributes:
        kind: what it is.
        chat_id: whom.
        marks: what its text is known by. A double tap is one item with two moments, of which the replies tell one.
        at: when it was handed over.
        key: the call's; empty for replies, whose keys the worker makes.
        size: how many messages it may bring though nothing went wrong.
    """

    kind: ItemKind
    chat_id: int
    marks: tuple[str, ...]
    at: float
    key: str = ""
    size: int = 1


@dataclass(slots=True)
class Moment:
    """Something that was done to the fleet, or by Telegram; it lasts until `until`.

    `hits_active`: the sender that held the right to send was struck down, and nobody knows what it had sent last.
    `hands_over`: another sender may send from then on.
    """

    kind: str
    at: float
    until: float = math.inf
    hits_active: bool = False
    hands_over: bool = False


def mark_of(text: str) -> str | None:
    """What a message is known by; None if it is none of ours."""
    if (ours := _OURS.match(text)) is not None:
        return ours[1]
    clock = _CLOCK.search(text)
    return None if clock is None else clock[1]


@dataclass
class Diary:
    """Everything that a run writes down about itself."""

    console: Console
    began: float = field(default_factory=time.monotonic)
    items: list[Item] = field(default_factory=list)
    updates: list[int] = field(default_factory=list)
    poison: set[str] = field(default_factory=set)
    """Keys of calls that Telegram refuses for ever: the expected dead letters."""
    moments: list[Moment] = field(default_factory=list)
    accidents: list[str] = field(default_factory=list)
    """What happened to services that nobody did to them."""

    def say(self, what: str, style: str = "") -> None:
        """Log a line with the moment."""
        seconds = int(time.monotonic() - self.began)
        self.console.print(f"{seconds // 60:3}:{seconds % 60:02}  {what}", style=style or None, markup=False)

    def accident(self, what: str) -> None:
        """Log what should not have happened; the run fails by it."""
        self.accidents.append(what)
        self.say(what, "red")

    @contextlib.contextmanager
    def moment(self, kind: str, what: str, *, hits_active: bool = False, hands_over: bool = False) -> Iterator[Moment]:
        """Log that something is done, and keep when it began and ended."""
        self.say(what, "yellow")
        moment = Moment(kind, time.monotonic(), hits_active=hits_active, hands_over=hands_over)
        self.moments.append(moment)
        try:
            yield moment
        finally:
            moment.until = time.monotonic()
