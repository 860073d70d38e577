"""Owns `make demo`: the whole fleet against a simulated Telegram and a crowd that checks in at once.

The simulator measures and prints; its exit status is the demo's. On a terminal everything stays up until Ctrl-C.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from local.command import operate
from local.fleet import Service, plan
from local.folders import run_folder
from local.ports import LOOPBACK, free_port
from local.probes import greeted
from local.processes import Child, Program, first_death
from local.stage import Stage, stage, started
from local.terminal import WrongInputError, console, run, show_addresses, step

EMPLOYEES = 1000
SIMULATOR_LIMIT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Show:
    """What one demo is made of."""

    employees: int
    stays: bool
    token: str
    port: int
    services: list[Service]

    @property
    def telegram_url(self) -> str:
        """The simulated Bot API, and its page."""
        return f"http://{LOOPBACK}:{self.port}"

    def settings(self) -> Mapping[str, str]:
        """The variables of the services that are the demo's own."""
        ingress = next(service for service in self.services if service.module == "ingress")
        return {
            "TELEGRAM_BOT_TOKEN": self.token,
            "TELEGRAM_API_URL": self.telegram_url,
            "TELEGRAM_WEBHOOK_URL": f"http://{LOOPBACK}:{ingress.http_port}/webhook",
            "TELEGRAM_WEBHOOK_SECRET": secrets.token_urlsafe(32),
            "INGRESS_MODE": "webhook",
            "REGISTRATION": "open",
            "CONSENT": "off",
            "GEOCODER": "offline",
        }

    def simulator_argv(self, database_url: str) -> list[str]:
        """How the simulator is started."""
        return [
            *(sys.executable, "-m", "simulator"),
            *("--listen", f"{LOOPBACK}:{self.port}", "--token", self.token),
            *("--employees", str(self.employees), "--database-url", database_url),
            *(f"--metrics={service.name}={service.metrics_url}" for service in self.services),
            *(("--stay",) if self.stays else ()),
        ]


async def demo(show: Show) -> int:
    """Run the demo; returns the simulator's exit status: 0 only when the promises held."""
    with run_folder("demo") as folder:
        async with (
            stage(folder, show.settings()) as ready,
            simulated(show, ready) as simulator,
            started(ready, show.services) as fleet,
        ):
            show_addresses({"simulator": show.telegram_url} | ready.addresses(show.services))
            # From here on the terminal is the simulator's.
            await operate("webhook", "apply", environment=ready.environment, logs=ready.logs)
            return await _verdict(simulator, [*fleet.children(), *ready.engines.children()])


@asynccontextmanager
async def simulated(show: Show, ready: Stage) -> AsyncIterator[Child]:
    """Start the simulator, which writes where we write; end it on the way out."""
    database_url = ready.database_url
    simulator = await Child.spawn(
        Program(name="simulator", argv=show.simulator_argv(database_url), env=ready.environment)
    )
    try:
        with step("simulated Telegram answers", alone=False):
            await simulator.until(lambda: greeted(show.port), SIMULATOR_LIMIT_SECONDS)
        yield simulator
    finally:
        await simulator.kill()


async def _verdict(simulator: Child, others: list[Child]) -> int:
    """The simulator's exit status; raises ChildFailedError when anything else ends before it."""
    verdict = asyncio.ensure_future(simulator.wait())
    death = asyncio.ensure_future(first_death(others))
    try:
        await asyncio.wait({verdict, death}, return_when=asyncio.FIRST_COMPLETED)
        return verdict.result() if verdict.done() else await death
    except asyncio.CancelledError:
        await simulator.stop(SIMULATOR_LIMIT_SECONDS)  # it prints what it has seen so far
        raise
    finally:
        verdict.cancel()
        death.cancel()


def employees(value: str | None) -> int:
    """The number from the variable EMPLOYEES."""
    if not value:
        return EMPLOYEES
    if not value.isdecimal() or int(value) == 0:
        raise WrongInputError(f"EMPLOYEES must be a number from 1 on, not {value!r}. Try: EMPLOYEES=200 make demo")
    return int(value)


async def main() -> int:
    """Plan the demo and run it."""
    return await demo(
        Show(
            employees=employees(os.environ.get("EMPLOYEES")),
            stays=console.is_terminal,
            token=f"1000000001:{secrets.token_urlsafe(26)}",
            port=free_port(),
            services=plan(),
        )
    )


if __name__ == "__main__":
    sys.exit(run(main()))
