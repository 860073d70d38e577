"""Owns what a scenario is: a name, what is done, and what is allowed while it is done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from tests.faults.ground import Ground

Strike = Callable[[Ground], Awaitable[None]]
"""Does it, sees that it hit, undoes it; returns when nothing is wrong any more but what the fleet has to mend."""


def _nothing(_ground: Ground) -> str:
    return ""


class Door(Enum):
    """What the webhook may answer meanwhile."""

    OPEN = "200 to everybody"
    CLOSED = "503 or a broken connection, within seconds"
    SILENT = "the same, or nothing by a process that is frozen, or what it says when it goes on"


@dataclass(frozen=True)
class Scenario:
    """One fault.

    Attributes:
        name: for `ONLY=`, and in the matrix.
        what: for people.
        strike: does it.
        door: what the webhook may answer meanwhile.
        late_by: how old the updates are when they come.
        backwards: whether each check-out comes before its check-in.
        short: runs with the ordinary tests.
        clustered: needs three nodes of RabbitMQ.
        lacks: what this machine has not that it needs, in words for people; nothing if it can be done.
        ruins: nobody can go on with these engines afterwards; the next trial gets new ones.
    """

    name: str
    what: str
    strike: Strike
    door: Door = Door.OPEN
    late_by: timedelta = field(default=timedelta())
    backwards: bool = False
    short: bool = False
    clustered: bool = False
    lacks: Callable[[Ground], str] = _nothing
    ruins: bool = False
