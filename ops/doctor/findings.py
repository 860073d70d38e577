"""Owns what a check can find: how things are, in a sentence, and the command that mends it."""

import enum
from dataclasses import dataclass


class State(enum.StrEnum):
    """How one thing is. Only `wrong` makes `fleet doctor` end with another status than 0."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        state: how it is.
        what: a sentence; why, where it was not checked.
        mend: what to do about it, a command where there is one; empty where nothing is to be done.
    """

    state: State
    what: str
    mend: str = ""


class Unknown(Exception):
    """A check cannot be made; the text says why."""


class EngineAway(Unknown):
    """An engine does not answer, or lets nobody in: wrong for the check that is about it, unknown for the others."""


def ok(what: str) -> Finding:
    """All is well."""
    return Finding(State.OK, what)


def warning(what: str, mend: str) -> Finding:
    """The fleet works, and somebody should look at it."""
    return Finding(State.WARNING, what, mend)


def wrong(what: str, mend: str) -> Finding:
    """The fleet does not work, or will not for long."""
    return Finding(State.WRONG, what, mend)


def unchecked(why: str, mend: str = "") -> Finding:
    """Nobody can say."""
    return Finding(State.UNCHECKED, why, mend)
