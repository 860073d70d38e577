"""Writes the dashboards, or says which of the files are not what this package says."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from dashboards.engines import ENGINES
from dashboards.glance import GLANCE
from dashboards.page import Page
from dashboards.sending import SENDING

FOLDER: Final = Path(__file__).parent.parent / "deploy" / "grafana" / "dashboards"
PAGES: Final[tuple[Page, ...]] = (GLANCE, SENDING, ENGINES)


def file_of(page: Page) -> Path:
    """Where Grafana finds it."""
    return FOLDER / f"{page.uid}.json"


def main(*, write: Annotated[bool, typer.Option("--write", help="Replace the files in deploy.")] = False) -> None:
    """Compare, or write."""
    for page in PAGES:
        if write:
            file_of(page).write_text(page.text())
    if old := [file_of(page).name for page in PAGES if not _is_current(page)]:
        sys.exit(f"{', '.join(old)}: not what dashboards says. Run python -m dashboards --write.")


def _is_current(page: Page) -> bool:
    file = file_of(page)
    return file.exists() and file.read_text() == page.text()


if __name__ == "__main__":
    typer.run(main)
