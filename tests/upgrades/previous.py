"""The release before this one, from history: its commit stands in the file PREVIOUS, and moves with each release."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from local.folders import PROJECT

COMMIT = (Path(__file__).parent / "PREVIOUS").read_text().strip()


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(PROJECT), *words], capture_output=True, check=False)  # noqa: S603, S607 - git is the developer's


def has_history() -> bool:
    """Whether the commit can be had here: not in a shallow clone, nor in an unpacked archive."""
    return _git("cat-file", "-e", f"{COMMIT}^{{commit}}").returncode == 0


needs_history = pytest.mark.skipif(
    not has_history(), reason=f"the previous release, {COMMIT[:7]}, is not in this clone: git fetch --unshallow"
)


def unpack(folder: Path) -> Path:
    """Put the previous release's files into the folder, which is returned."""
    archive = _git("archive", "--format=tar", COMMIT)
    archive.check_returncode()
    # not by tarfile: Python 3.11.2, which Debian 12 has, knows no filter, and later ones warn without
    tar = ("tar", "--extract", "--directory", str(folder))
    subprocess.run(tar, input=archive.stdout, check=True)  # noqa: S603 - what git made of our own files
    return folder


def file_of(path: Path) -> bytes | None:
    """A file's bytes in the previous release; None if it had none."""
    shown = _git("show", f"{COMMIT}:{path.relative_to(PROJECT)}")
    return shown.stdout if shown.returncode == 0 else None


def python(folder: Path, *words: str) -> Sequence[str]:
    """How Python is started with the modules of the release in that folder and no others of ours."""
    return ("env", "-C", str(folder), f"PYTHONPATH={folder}", sys.executable, *words)


def run(folder: Path, program: str, what: Any) -> Any:  # noqa: ANN401 - JSON
    """Run a program with the release in that folder; JSON in at standard input, JSON out at standard output."""
    done = subprocess.run(  # noqa: S603 - our own program
        python(folder, "-c", program), input=json.dumps(what).encode(), stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)
