"""Owns how the tables of benches are shown: on a terminal as wide as it is, and else so that a log can hold them."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.table import Row
from local.terminal import console

WIDTH: Final = 140
"""Of a table that is not shown on a terminal."""


def show(rows: Sequence[Row], title: str | None = None) -> None:
    """Print a table, whose head is its first row and whose figures stand at the right."""
    head, *body = rows
    shown = Table(title=title)
    shown.add_column(head[0])
    for name in head[1:]:
        shown.add_column(name, justify="right", no_wrap=True)
    for row in body:
        shown.add_row(*row)
    Console(width=None if console.is_terminal else WIDTH).print(shown)
