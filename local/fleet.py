"""Owns the services as child processes: their ports, their environment, the order in which they start and end."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from local.ports import LOOPBACK, free_port
from local.probes import answers_ok
from local.processes import Child, Program

READY_LIMIT_SECONDS = 60.0
DRAIN_LIMIT_SECONDS = 30.0
# What comes in ends first and what goes out ends last, so that nothing is left half-way.
ORDER_OF_END = ("ingress", "checkin_worker", "geo_worker", "sender")
COUNTS: Mapping[str, int] = {"ingress": 1, "checkin_worker": 2, "geo_worker": 1, "sender": 2}

NOTHING: Mapping[str, Any] = MappingProxyType({})
LOGINS: Mapping[str, str] = MappingProxyType({"checkin_worker": "fleet_worker", "geo_worker": "fleet_geo"})
"""The services that have a login of their own at PostgreSQL, by that name; a member of which role it is."""

Launch = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Service:
    """One process to be: `name` is the module's, with a number where there are several."""

    name: str
    module: str
    metrics_port: int
    http_port: int

    @property
    def metrics_url(self) -> str:
        """Its metrics."""
        return f"http://{LOOPBACK}:{self.metrics_port}/metrics"

    @property
    def ready_url(self) -> str:
        """Answers 200 while it works."""
        return f"http://{LOOPBACK}:{self.metrics_port}/readyz"


def logins(database_url: Callable[[str], str]) -> dict[str, Mapping[str, str]]:
    """What each service with a login of its own reads, given the database's address by login."""
    return {module: {"DATABASE_URL": database_url(module)} for module in LOGINS}


def python_module(module: str) -> Sequence[str]:
    """How a service is started: `python -m ingress`."""
    return (sys.executable, "-m", module)


def plan(counts: Mapping[str, int] = COUNTS) -> list[Service]:
    """The services with their ports, before any of them runs."""
    return [
        Service(
            name=module if count == 1 else f"{module}-{number}",
            module=module,
            metrics_port=free_port(),
            http_port=free_port(),
        )
        for module, count in counts.items()
        for number in range(1, count + 1)
    ]


class Fleet:
    """The services of a plan, each by name. `async with` starts all and ends all, in order.

    Args:
        services: which.
        environment: what all of them read.
        logs: where they write.
        launch: how one is started.
        own: what only some of them read, by module.
    """

    def __init__(
        self,
        services: Sequence[Service],
        environment: Mapping[str, str],
        logs: Path,
        launch: Launch = python_module,
        own: Mapping[str, Mapping[str, str]] = NOTHING,
    ) -> None:
        self.services = {service.name: service for service in services}
        self._environment = environment
        self._own = own
        self._logs = logs
        self._launch = launch
        self._children: dict[str, Child] = {}

    async def __aenter__(self) -> Self:
        """Start all; returns when every one is ready."""
        try:
            async with asyncio.TaskGroup() as group:
                for name in self.services:
                    group.create_task(self.start(name))
        except BaseException:
            await self.stop_all()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all."""
        await self.stop_all()

    async def start(self, name: str, **environment: str) -> None:
        """Start one (again), with variables of its own; returns when it is ready."""
        await self.launch(name, **environment)
        ready_url = self.services[name].ready_url
        await self.child(name).until(lambda: answers_ok(ready_url), READY_LIMIT_SECONDS)

    async def launch(self, name: str, **environment: str) -> None:
        """The same, and returns when its process has begun."""
        service = self.services[name]
        child = await Child.spawn(
            Program(
                name=name,
                argv=self._launch(service.module),
                env={
                    **self._environment,
                    **self._own.get(service.module, NOTHING),
                    "METRICS_PORT": str(service.metrics_port),
                    "HTTP_PORT": str(service.http_port),
                    **environment,
                },
                log=self.log(name),
            )
        )
        self._children[name] = child

    async def stop(self, name: str) -> int:
        """Ask one to drain and end; returns its exit status."""
        return await self.child(name).stop(DRAIN_LIMIT_SECONDS)

    async def stop_all(self) -> dict[str, int]:
        """End those that were started, what comes in first; returns their exit statuses."""
        statuses: dict[str, int] = {}
        for module in ORDER_OF_END:
            names = [name for name in self._children if self.services[name].module == module]
            ended = await asyncio.gather(*(self.stop(name) for name in names))
            statuses.update(zip(names, ended, strict=True))
        return statuses

    async def kill(self, name: str) -> None:
        """Kill -9 one."""
        await self.child(name).kill()

    def send(self, name: str, number: signal.Signals) -> None:
        """Send one a signal: SIGSTOP freezes it, SIGCONT thaws it."""
        self.child(name).send(number)

    def child(self, name: str) -> Child:
        """The process of one."""
        return self._children[name]

    def children(self) -> list[Child]:
        """The processes of all that were started."""
        return list(self._children.values())

    def log(self, name: str) -> Path:
        """Where one writes."""
        return self._logs / f"{name}.log"
