"""Owns the record of a load: what was posted, when, and what the door answered; a file for each process."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

NONE: Final = 0
"""Stands for the status of a post that got no answer."""


class Answer(NamedTuple):
    """One post of an update: when (unix seconds), the seconds until the answer, and its HTTP status."""

    update_id: int
    kind: str
    """What the update is of: location, text or callback."""
    person: int
    posted: float
    took: float
    status: int


class Answers:
    """Notes answers in a file of this process alone, each at once: a process that is killed has told all."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / f"answers-{os.getpid()}.csv").open("a", buffering=1)
        self._lines = csv.writer(self._file)

    def note(self, answer: Answer) -> None:
        """Write it down."""
        self._lines.writerow(answer)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(folder: Path) -> Iterator[Answer]:
    """What all processes wrote."""
    for path in sorted(folder.glob("answers-*.csv")):
        with path.open(newline="") as file:
            for update_id, kind, person, posted, took, status in csv.reader(file):
                yield Answer(int(update_id), kind, int(person), float(posted), float(took), int(status))
