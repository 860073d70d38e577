"""Owns the life of a service's process: settings, start, readiness, ordered stop, exit status.

A service is one asynchronous context manager: what it enters it leaves in the opposite order, so the order of its
`async with` lines is the order of its drain. Exit status: 0 after SIGTERM or SIGINT, 1 when a task that should live
for ever died (the log says which), 2 for wrong settings.
"""

import asyncio
import contextlib
import gc
import platform
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any, Final, TypeVar

import structlog

from shared.metrics import BUILD
from shared.settings import ProcessSettings, read
from shared.telemetry import Probes, configure_logging, door
from shared.tracing import recording

log = structlog.get_logger()

DRAIN_SECONDS: Final = 15.0
"""What is in hand at SIGTERM may take this long to finish; less than the grace period that a deployment gives."""
COLLECTED_EVERY: Final = (20_000, 20, 20)
"""Objects more than before, then collections of the young, then of the middle, after which garbage is looked for."""


class Life:
    """What a running service is given: its probes, its end, and a way to run tasks that must not die before it."""

    def __init__(self) -> None:
        self.probes = Probes()
        self._over = asyncio.Event()
        self._died = False

    @contextlib.asynccontextmanager
    async def running(self, work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
        """Run a task beside the block and end it with the block; if it dies before, the process ends with status 1."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._died_early)
        try:
            yield
        finally:
            task.remove_done_callback(self._died_early)
            task.cancel()
            await asyncio.wait([task])

    def _died_early(self, task: asyncio.Task[None]) -> None:
        """A task ended that nobody had ended; a cancellation counts, since libraries raise that too."""
        error = None if task.cancelled() else task.exception()
        log.error("task_died", task=task.get_name(), exc_info=error)
        self._died = True
        self._over.set()

    def heed_signals(self) -> None:
        """From now on SIGTERM and SIGINT ask for an ordered end; while the service still starts, right after that."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._over.set)

    async def over(self) -> int:
        """Wait for the end of the service's life and return its exit status."""
        await self._over.wait()
        self.probes.stop()
        return int(self._died)


S = TypeVar("S", bound=ProcessSettings)
Service = Callable[[S, Life], AbstractAsyncContextManager[None]]


def run(
    name: str,
    settings_kind: type[S],
    service: Service[S],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    """Run a service until it is told to stop, and end the process with its exit status."""
    settings = read(settings_kind)
    configure_logging(name, settings)
    BUILD.labels(version("checkin-fleet"), platform.python_version()).set(1)
    with recording(name, settings), asyncio.Runner(loop_factory=loop_factory) as runner:
        sys.exit(runner.run(_live(name, settings, service)))


async def _live(name: str, settings: S, service: Service[S]) -> int:
    life = Life()
    life.heed_signals()
    async with door(settings, life.probes), service(settings, life):
        # What start-up made stays: without this a full collection walks through all modules and models each time. What
        # a burst has in hand stays for a while, too, so it is looked through seldom; reference counts free nearly all.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTED_EVERY)
        log.info("started", service=name)
        status = await life.over()
        log.info("stopping", service=name)
    log.info("stopped", service=name, status=status)
    return status
