"""Owns Erlang's port mapper, without which no RabbitMQ node starts.

Left to itself RabbitMQ starts one as a daemon that stays behind; here it is a child like any other.
"""

from collections.abc import Mapping
from pathlib import Path

from local import binaries
from local.ports import LOOPBACK, free_port
from local.probes import greeted
from local.processes import Child, Program

LIMIT_SECONDS = 20.0


class PortMapper:
    """One epmd on a private port; `start` and `stop` may be called any number of times."""

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self._program = Program(
            name="epmd",
            argv=(binaries.epmd(), "-address", LOOPBACK, "-port", str(self.port)),
            env=environment,
            log=log,
        )
        self._child: Child | None = None

    async def start(self) -> None:
        """Start it if it does not run, and wait until it listens."""
        if self._child is None or self._child.status is not None:
            self._child = await Child.spawn(self._program)
            await self._child.until(lambda: greeted(self.port), LIMIT_SECONDS)

    async def stop(self) -> None:
        """End it; it keeps nothing that would have to be saved."""
        if self._child is not None:
            await self._child.kill()
