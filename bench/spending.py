"""Owns who used how much of the processor: seconds of a process and of all below it, between two looks."""

import contextlib
import time
from collections.abc import Mapping, Sequence

from local.families import descendants


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, in seconds; raises ProcessLookupError when there is none.

    By its own clock (clock_getcpuclockid(3)), which counts nanoseconds; /proc counts hundredths of a second.
    """
    try:
        return time.clock_gettime(~pid << 3 | 2)  # the kernel's number of that clock, as Python has no name for it
    except OSError:
        raise ProcessLookupError(f"no process {pid}") from None


class Spending:
    """What processes use from now on, by name; several of one name count together.

    Args:
        pids: of each name; what is below them counts, too.
    """

    def __init__(self, pids: Mapping[str, list[int]]) -> None:
        self._pids = pids
        self._before = {name: _seconds(pids) for name, pids in self._pids.items()}

    def so_far(self) -> dict[str, float]:
        """Seconds of a processor that each used since this began, by name; of those who still live."""
        return {name: _used(self._before[name], _seconds(pids)) for name, pids in self._pids.items()}


def _used(before: Mapping[int, float], now: Mapping[int, float]) -> float:
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in now.items())


def _seconds(pids: Sequence[int]) -> dict[int, float]:
    """Of each process and its living descendants; one that ends while it is looked at is left out."""
    found = dict[int, float]()
    for pid in pids:
        for member in (pid, *descendants(pid)):
            with contextlib.suppress(ProcessLookupError):
                found[member] = cpu_seconds(member)
    return found
