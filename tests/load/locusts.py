"""Owns how locust is started: with which people, which shape, how many processes, against which door."""

import asyncio
import contextlib
import csv
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.folders import PROJECT
from local.ports import LOOPBACK, free_port
from local.processes import Child, Program
from simulator.people import hire

LOCUST: Final = PROJECT / ".local" / "load-tools" / "bin" / "locust"
LOCUSTFILE: Final = Path(__file__).parent / "locustfile.py"
SPAWNED_WITHIN: Final = 5
"""Seconds in which the users of a steady load appear."""
MOST_PEOPLE: Final = 30_000
VISITS: Final = 0.5
"""Acts of a user a second, one after 1 to 3 s."""
STOP_LIMIT: Final = 20.0


@dataclass(frozen=True)
class Wanted:
    """A load as it was asked for."""

    users: int
    seconds: int
    shape: str
    processes: int

    @property
    def people(self) -> int:
        """How many different ones there are: all come once, before the first comes again, unless they are too many."""
        return min(max(round(self.users * self.seconds * VISITS), self.users + self.processes), MOST_PEOPLE)

    def argv(self, host: str, record: Path) -> list[str]:
        """The command."""
        port = str(free_port())
        return [
            *(str(LOCUST), "-f", str(LOCUSTFILE), "--host", host),
            *("--users", str(self.users), "--spawn-rate", str(max(1, self.users // SPAWNED_WITHIN))),
            *("--run-time", f"{self.seconds}s", "--stop-timeout", "5"),
            *("--processes", str(self.processes), "--master-bind-host", LOOPBACK, "--master-bind-port", port),
            *("--master-host", LOOPBACK, "--master-port", port),
            *("--people", str(self.people), "--record", str(record)),
            *("--only-summary", "--exit-code-on-error", "0"),
        ]


def write_people(people: int, file: Path) -> None:
    """Those who come, as `fleet employees import` reads them."""
    with file.open("w", newline="", encoding="utf-8") as opened:
        lines = csv.writer(opened)
        lines.writerow(("user_id", "full_name"))
        lines.writerows((one.id, f"{one.first_name} {one.last_name}") for one in hire(people, 5, 1))


async def posted(wanted: Wanted, host: str, secret: str, record: Path, *, own_fleet: bool = False) -> int:
    """Let locust run to its end, writing where we write; returns its exit status."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ},
        "PYTHONPATH": str(PROJECT),
        "TELEGRAM_WEBHOOK_SECRET": secret,
        "LOAD_SHAPE": wanted.shape,
    }
    argv = [*wanted.argv(host, record), *(("--own-fleet",) if own_fleet else ())]
    child = await Child.spawn(Program(name="locust", argv=argv, env=environment))
    try:
        return await child.wait()
    except asyncio.CancelledError:
        await child.stop(STOP_LIMIT)  # it says what it has seen so far
        raise
    finally:
        await child.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # whom it has forked and lost sight of
