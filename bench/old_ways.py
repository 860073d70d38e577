"""Owns how each way is run for a rush: the old bot as one process, the fleet as `make demo` has it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench.known import KNOW
from bench.old_book import REMEMBER
from local.command import operate
from local.fleet import plan
from local.ports import LOOPBACK, free_port
from local.probes import greeted
from local.processes import Child, Program
from local.stage import Stage, started
from simulator.server import Simulator

START_LIMIT: Final = 120.0
COUNTS: Final[Mapping[str, int]] = {"ingress": 1, "checkin_worker": 2, "geo_worker": 2, "sender": 2}


@dataclass(frozen=True, slots=True)
class Running:
    """A way at work.

    Attributes:
        database_url: where it writes.
        seen: the table of it that has a row for each update, written with the update's effect and never after.
        know: the statement by which people are known to it (`bench.known`).
        die_and_rise: kills every process of it with -9, starts them again, and returns when they are ready.
    """

    database_url: str
    seen: str
    know: str
    die_and_rise: Callable[[], Awaitable[None]]


Way = Callable[[Stage, Simulator, str], AbstractAsyncContextManager[Running]]
"""Given engines, a Telegram, and the address of a geocoder: opens with the webhook set, and ends all on leaving."""


@asynccontextmanager
async def fleet(ready: Stage, telegram: Simulator, geocoder: str) -> AsyncIterator[Running]:
    """The fleet."""
    services = plan(COUNTS)
    door = next(service for service in services if service.module == "ingress")
    environment = {**ready.environment, **_told(telegram, door.http_port, geocoder)}
    async with started(Stage(ready.run, ready.engines, environment), services) as running:
        await operate("webhook", "apply", environment=environment, logs=ready.logs)

        async def die_and_rise() -> None:
            await asyncio.gather(*(running.kill(name) for name in running.services))
            await asyncio.gather(*(running.start(name) for name in running.services))

        yield Running(ready.database_url, "inbox", KNOW, die_and_rise)


@asynccontextmanager
async def old(ready: Stage, telegram: Simulator, geocoder: str, *, messages: int) -> AsyncIterator[Running]:
    """The old bot, with so many messages a check-in, in a database of its own."""
    port = free_port()
    name = f"old_{port}"
    url = await ready.engines.postgres.create_database(name)
    program = Program(
        name="the old bot",
        argv=(sys.executable, "-m", "bench.old_bot", f"{messages}"),
        env={**ready.environment, **_told(telegram, port, geocoder), "DATABASE_URL": url, "HTTP_PORT": f"{port}"},
        log=ready.logs / f"{name}.log",
    )
    child = await _born(program, port)

    async def die_and_rise() -> None:
        nonlocal child
        await child.kill()
        child = await _born(program, port)

    try:
        yield Running(url, "updates", REMEMBER, die_and_rise)
    finally:
        await child.kill()
        await ready.engines.postgres.drop_database(name)


async def _born(program: Program, port: int) -> Child:
    """Start it; returns when it listens, before which it has set the webhook."""
    child = await Child.spawn(program)
    await child.until(lambda: greeted(port), START_LIMIT)
    return child


def _told(telegram: Simulator, port: int, geocoder: str) -> dict[str, str]:
    return {
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "TELEGRAM_API_URL": telegram.url,
        "TELEGRAM_WEBHOOK_URL": f"http://{LOOPBACK}:{port}/webhook",
        "GEOCODER_URL": geocoder,
    }


WAYS: Final[Mapping[str, Way]] = {
    "the fleet": fleet,
    "the old way, 4 messages": partial(old, messages=4),
    "the old way, 2 messages": partial(old, messages=2),
}
"""By name, ours first."""
