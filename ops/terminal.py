"""Owns how `fleet` speaks: tables for people, CSV for programs, and a sentence for what went wrong.

Exit status: 0 done, 1 failed (the last line says what to do), 2 wrong settings or words.
"""

import asyncio
import csv
import sys
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Final, TypeVar

import asyncpg
import typer
import uvloop
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.database import AWAY
from shared.errors import FleetError
from shared.masking import masked

OUT: Final = Console(highlight=False)
ERRORS: Final = Console(highlight=False, stderr=True)

_EXPECTED: Final = (*AWAY, asyncpg.PostgresError, FleetError)
_NOT_MIGRATED: Final = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes as the beginning of a formula (OWASP, "CSV injection")."""

T = TypeVar("T")


class Refused(Exception):
    """What was asked for cannot be done as it is; each problem says where it is and what to do."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems


def done(work: Coroutine[Any, Any, T], what: str) -> T:
    """Run the work; end with a sentence and status 1 if it fails, with its problems and status 2 if it is refused."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except Refused as refusal:
        for problem in refusal.problems:
            _complain(problem)
        raise typer.Exit(2) from refusal
    except _EXPECTED as problem:
        hint = " (run `fleet migrate` first)" if isinstance(problem, _NOT_MIGRATED) else ""
        _complain(f"{what} failed: {type(problem).__name__}: {problem}{hint}")
        raise typer.Exit(1) from problem


def say(line: str) -> None:
    """Say a line, however long it is."""
    OUT.print(line, markup=False, soft_wrap=True)


def show(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Show a table; what the cells hold is text, never markup."""
    table = Table(*headings, show_header=bool(headings))
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    OUT.print(table)


def tell(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table without the columns that are empty for people; for programs all of them, between tabs."""
    if not OUT.is_terminal:
        for row in (headings, *rows):
            typer.echo("\t".join(row))  # rich would put spaces for the tabs
        return
    filled = [number for number, column in enumerate(zip(*rows, strict=True)) if any(column)]
    show([headings[number] for number in filled], [[row[number] for number in filled] for row in rows])


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to standard output for a spreadsheet, which executes nothing of it."""
    writer = csv.writer(sys.stdout)
    writer.writerow(headings)
    writer.writerows([harmless(cell) for cell in row] for row in rows)


def harmless(cell: object) -> str:
    """The cell as text that no spreadsheet takes for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULAS) else text


def people(number: int) -> str:
    """So many people, in words."""
    return "1 person" if number == 1 else f"{number:,} people"


def _complain(sentence: str) -> None:
    ERRORS.print(masked(sentence), markup=False, soft_wrap=True)
