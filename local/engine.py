"""Owns what PostgreSQL, RabbitMQ and Redis have in common here: a folder, a private port, one life cycle."""

import os
import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from local.folders import LOGS
from local.ports import free_port
from local.processes import Child, Program

START_LIMIT_SECONDS = 90.0  # RabbitMQ needs 4-9 s, and 18 s on a busy machine
STOP_LIMIT_SECONDS = 20.0
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Engine(ABC):
    """One server on 127.0.0.1 with its data below a folder. It keeps its port and its data over restarts."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, run: Path, password: str) -> None:
        self.folder = run / self.name
        self.log = run / LOGS / f"{self.name}.log"
        self.password = password
        self.port = free_port()
        self._child: Child | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The address, user and password included, as the services take it."""

    @abstractmethod
    async def prepare(self) -> None:
        """Write the files it starts from; called once."""

    @abstractmethod
    def program(self) -> Program:
        """What to start."""

    @abstractmethod
    async def answers(self) -> bool:
        """Whether a client is served right now."""

    @property
    def child(self) -> Child:
        """The running server."""
        if self._child is None:
            raise RuntimeError(f"{self.name} is not started")
        return self._child

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        if not self.folder.exists():
            self.folder.mkdir()
            await self.prepare()
        self._child = await Child.spawn(self.program())
        await self._child.until(self.answers, START_LIMIT_SECONDS)

    async def stop(self) -> None:
        """End it in order, by force when that takes too long."""
        if self._child is not None:
            await self._child.stop(STOP_LIMIT_SECONDS, self.stop_signal)

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._child is not None:
            await self._child.kill()

    async def discard(self) -> None:
        """End it for good: its data goes with the run, so it need not be saved."""
        await self.stop()

    async def restart(self) -> None:
        """End it in order and start it again."""
        await self.stop()
        await self.start()

    def plain_environment(self) -> dict[str, str]:
        """What every engine gets: nothing of the developer's own settings."""
        return {
            "PATH": f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }
