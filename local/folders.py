"""Owns `.local/run/`: one folder for each run, and what is left of runs that were killed. Tests run in memory.

A run holds a lock on its folder for as long as it lives. The next run deletes every folder whose lock is free.
What a run stored goes when it ends; its logs stay until the next one.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).resolve().parent.parent
RUNS = PROJECT / ".local" / "run"
MEMORY = Path("/dev/shm")  # noqa: S108 - each user has a folder of their own below it
ROOM = 4 * 1024**3
"""Bytes; far more than a test run was seen to need, since what it fills is memory."""
LOCK = "lock"
LOGS = "logs"


def runs_in_memory(memory: Path = MEMORY) -> Path:
    """Where runs may be of which nothing need last: in memory if there is room, else where all are.

    PostgreSQL copies a database as 300 files, which took 450 ms on a disk where it took 15 ms in memory.
    """
    try:
        roomy = shutil.disk_usage(memory).free >= ROOM
    except FileNotFoundError:
        return RUNS
    return memory / f"checkin-fleet-{os.getuid()}" if roomy else RUNS


@contextmanager
def run_folder(kind: str, runs: Path = RUNS) -> Iterator[Path]:
    """A new folder `<kind>-...` that no other run uses, with an empty folder `logs` in it."""
    runs.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Between making a folder and locking it another run would take it for a dead one's.
    with _locked(runs / LOCK):
        _delete_left_overs(runs)
        folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=runs))
        held = (folder / LOCK).open("w")
        fcntl.flock(held, fcntl.LOCK_EX)
    folder.chmod(0o755)  # PostgreSQL runs as another user
    (folder / LOGS).mkdir()
    with held:
        try:
            yield folder
        finally:
            _delete_all_but_logs(folder)


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _delete_left_overs(runs: Path) -> None:
    for folder in runs.iterdir():
        if folder.is_dir() and not _is_held(folder / LOCK):
            # What the last process of a killed run may still write goes with the run after this one.
            shutil.rmtree(folder, ignore_errors=True)


def _is_held(lock: Path) -> bool:
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _delete_all_but_logs(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != LOGS:
            shutil.rmtree(entry, ignore_errors=True)
