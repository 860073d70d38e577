"""Owns the green runs of the whole campaign that came one after the other: three of them make a page."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from local.folders import PROJECT
from tests.faults.verdict import Row

FILE: Final = PROJECT / ".local" / "faults.json"
LONG_ENOUGH: Final = 3


@dataclass(frozen=True)
class Run:
    """One run of all scenarios: from which seed, on which engines, of which commit, and what came of each."""

    seed: int
    engines: str
    commit: str
    rows: Sequence[Row]

    @property
    def green(self) -> bool:
        """Whether every promise held in every scenario."""
        return all(row.green for row in self.rows)


def added(run: Run, file: Path = FILE) -> list[Run]:
    """Keep the run, and return the streak that it ends: green ones of the same scenarios, engines and commit."""
    before = msgspec.json.decode(file.read_bytes(), type=list[Run]) if file.exists() else []
    names = [row.name for row in run.rows]
    alike = all(
        (one.engines, one.commit) == (run.engines, run.commit) and [row.name for row in one.rows] == names
        for one in before
    )
    streak = [*(before if alike else []), run][-LONG_ENOUGH:] if run.green else []
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.json.encode(streak))
    return streak


def commit() -> str:
    """What is played, as git calls it; "-dirty" where it is not what was committed. Nothing where git knows nothing."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],  # noqa: S607 - whose git is the developer's matter
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return said.stdout.strip()
