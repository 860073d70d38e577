"""Owns the command `fleet`: its words by noun, each of which reads its settings, does one thing, and says what it did.

Exit status: 0 done, 1 failed (the last line says what to do), 2 wrong settings or words; `fleet webhook plan` has 3 for
work to do, `fleet trace` for an update of which nothing is known.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple

import typer
import typer.core
import typer.main

SETUP: Final = "Setting up"
COMPANY: Final = "The company"
JOBS: Final = "By timetable"
SENDING: Final = "Sending"
ADDRESSES: Final = "Addresses"
TROUBLE: Final = "In trouble, and after it"


class Word(NamedTuple):
    """Where a word is: its heading in `fleet --help`, its module in `ops.commands`, and the function or app in that."""

    panel: str
    module: str
    name: str = "app"


WORDS: Final[Mapping[str, Word]] = {
    "migrate": Word(SETUP, "migrate", "migrate"),
    "plan": Word(SETUP, "plan", "plan"),
    "roles": Word(SETUP, "roles", "roles"),
    "menu": Word(SETUP, "webhook", "menu"),
    "close-day": Word(JOBS, "jobs", "close"),
    "retain": Word(JOBS, "jobs", "retain"),
    "pause": Word(SENDING, "orders", "pause"),
    "resume": Word(SENDING, "orders", "resume"),
    "sent": Word(SENDING, "sent", "sent"),
    "doctor": Word(TROUBLE, "doctor", "doctor"),
    "trace": Word(TROUBLE, "trace", "trace"),
    "amnesty": Word(TROUBLE, "amnesty", "amnesty"),
    "webhook": Word(SETUP, "webhook"),
    "employees": Word(COMPANY, "employees"),
    "office": Word(COMPANY, "office"),
    "schedule": Word(COMPANY, "schedule"),
    "holiday": Word(COMPANY, "holiday"),
    "remind": Word(JOBS, "remind"),
    "campaign": Word(SENDING, "campaign"),
    "geo": Word(ADDRESSES, "geo"),
    "geocode": Word(ADDRESSES, "geocode"),
    "dead": Word(TROUBLE, "dead"),
}
"""In the order in which `fleet --help` has them."""


class Words(typer.core.TyperGroup):
    """The words of `fleet`. What one of them needs is imported when it is said: for all of them that takes seconds."""

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401 - whatever typer makes a group of
        super().__init__(**{**traits, "commands": _Imported()})

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer's own class, which it does not publish
        """The words, none of which is imported for that."""
        return [*WORDS]


class _Imported(Mapping[str, Any]):
    """The command of each word, imported when it is asked for."""

    def __getitem__(self, word: str) -> Any:  # noqa: ANN401 - as above
        return _command(word)

    def __iter__(self) -> Iterator[str]:
        return iter(WORDS)

    def __len__(self) -> int:
        return len(WORDS)


@cache
def _command(word: str) -> Any:  # noqa: ANN401 - as above
    panel, module, name = WORDS[word]
    what, alone = getattr(import_module(f"ops.commands.{module}"), name), typer.Typer()
    if isinstance(what, typer.Typer):
        alone.add_typer(what, name=word, rich_help_panel=panel)
    else:
        alone.command(word, rich_help_panel=panel)(what)
    return typer.main.get_group(alone).commands[word]


app = typer.Typer(
    cls=Words,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Operate the check-in fleet. Its settings are environment variables, named in docs/configuration.md. New "
    "here? migrate, webhook apply, office add, schedule add, employees import.",
)


@app.callback()
def fleet() -> None:
    """Do nothing: typer wants it of an app with which no word is registered."""
