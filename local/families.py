"""Owns what /proc tells of processes that are not our own children: who is below whom, and who is gone."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

POLL_SECONDS = 0.02


def descendants(pid: int) -> list[int]:
    """All processes below one, also those that made a session of their own (as PostgreSQL's backends do)."""
    parents = {int(entry.name): _stat(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found = [pid]
    for above in found:  # grows while it is walked
        found += [child for child, stat in parents.items() if stat and stat.parent == above]
    return found[1:]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet collected does not."""
    stat = _stat(pid)
    return stat is not None and stat.state not in "ZX"


class _Stat(NamedTuple):
    """The third and fourth field of proc(5)'s /proc/[pid]/stat."""

    state: str
    parent: int


def _stat(pid: int) -> _Stat | None:
    """None when there is no such process (any more)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, parent = text.rpartition(")")[2].split()[:2]  # the name before it may hold anything
    return _Stat(state, int(parent))


async def gone(pids: Sequence[int], limit: float) -> None:
    """Wait until none of them runs, for at most `limit` seconds."""
    deadline = time.monotonic() + limit
    while any(map(is_alive, pids)) and time.monotonic() < deadline:  # noqa: ASYNC110 - a stranger's end is no event
        await asyncio.sleep(POLL_SECONDS)
