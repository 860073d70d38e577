"""Owns the green runs of the whole campaign that came one after the other: three of them make a page."""

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
    """One run of all scenarios: from which seed, on which engines, and what came of each."""

    seed: int
    engines: str
    rows: Sequence[Row]

    @property
    def green(self) -> bool:
        """Whether every promise held in every scenario."""
        return all(row.green for row in self.rows)


def added(run: Run, file: Path = FILE) -> list[Run]:
    """Keep the run, and return the streak that it ends: green ones, on these engines, of these scenarios."""
    before = msgspec.json.decode(file.read_bytes(), type=list[Run]) if file.exists() else []
    names = [row.name for row in run.rows]
    alike = all(one.engines == run.engines and [row.name for row in one.rows] == names for one in before)
    streak = [*(before if alike else []), run][-LONG_ENOUGH:] if run.green else []
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.json.encode(streak))
    return streak
