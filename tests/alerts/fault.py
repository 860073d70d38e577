"""Owns what a fault is here: how long it lasts is for the alerts to say."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from tests.faults.ground import Ground

Break = Callable[[Ground], AbstractAsyncContextManager[None]]
"""Something is wrong as long as the block lasts."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault, and the alerts that it raises.

    Attributes:
        name: for `ONLY=`, and in the table.
        what: for people.
        wrong: does it, and undoes it.
        raises: those that fire while it lasts.
        leaves: those that fire at its end or after it, by what piled up.
        allows: those that may fire, as chance has it; each with a reason beside it.
        factor: how many times shorter the rules are.
    """

    name: str
    what: str
    wrong: Break
    raises: AbstractSet[str]
    leaves: AbstractSet[str] = frozenset()
    allows: AbstractSet[str] = frozenset()
    factor: int = 20
