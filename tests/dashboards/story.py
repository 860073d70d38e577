"""Owns the morning that is looked at: a few people, then everybody, and one update that nobody can read."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

import aiohttp

from shared.topology import BULK
from simulator.people import Employee
from tests.dashboards.prometheus import Watching
from tests.faults.ground import Ground
from tests.faults.health import waiting
from tests.soak.load import Load

BEFORE: Final = 20.0
"""Seconds for which only a few come."""
A_SECOND: Final = 3
CROWD: Final = 600
REMINDED: Final = 150
"""People whose reminder goes out together with the crowd's replies."""
ASKING: Final = 20
"""People of the crowd who ask for their hours, one each second."""
AFTER: Final = 10.0
LIMIT: Final = 600.0
LOOK: Final = 0.5
DEAD: Final = 'ALERTS{alertname="DeadLetters", alertstate="firing"}'
PEACE: Final = "min(up) == 1 and on () min(fleet_ready) == 1 and on () sum(sender_active) == 1"
"""Everybody was scraped and was ready: on a busy machine one is missed now and then."""


async def morning(ground: Ground, watching: Watching) -> tuple[float, float]:
    """Play it; returns when it began and ended, in unix seconds."""
    people = itertools.cycle(ground.crowd.employees)
    began = time.time()
    async with _a_few(ground, people):
        await asyncio.sleep(BEFORE)
        crowd = list(itertools.islice(people, CROWD))
        await Load(ground, seed=1).remind(crowd[:REMINDED])
        for person in crowd:
            ground.crowd.send_location(person)
        await _until_all_told(ground)
        await _undecodable(ground)
        for person in crowd[:ASKING]:
            ground.crowd.say(person, "/today")
            await asyncio.sleep(1)
        await _until_ticket(watching)
        await asyncio.sleep(AFTER)
    return began, await _everybody_seen(watching)


@contextlib.asynccontextmanager
async def _a_few(ground: Ground, people: Iterator[Employee]) -> AsyncIterator[None]:
    """Some people come each second as long as the block lasts."""

    async def come() -> None:
        while True:
            ground.crowd.send_location(next(people))
            await asyncio.sleep(1 / A_SECOND)

    task = asyncio.create_task(come())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _until_all_told(ground: Ground) -> None:
    """Wait until the reminders have gone, which go when no reply waits."""
    async with asyncio.timeout(LIMIT):
        while BULK.name in await waiting(ground):  # noqa: ASYNC110 - queues tell nobody
            await asyncio.sleep(LOOK)


async def _undecodable(ground: Ground) -> None:
    """An update comes that nobody can read, and lies in the dead letters from then on."""
    secret = ground.stage.environment["TELEGRAM_WEBHOOK_SECRET"]
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}
    url = ground.stage.environment["TELEGRAM_WEBHOOK_URL"]
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.post(url, data=b"[", headers=headers):
        pass


async def _until_ticket(watching: Watching) -> None:
    async with asyncio.timeout(LIMIT):
        while not await watching.now(DEAD, time.time()):  # noqa: ASYNC110 - Prometheus tells nobody
            await asyncio.sleep(LOOK)


async def _everybody_seen(watching: Watching) -> float:
    """A moment, unix seconds, of which Prometheus knows everybody."""
    async with asyncio.timeout(LIMIT):
        while not await watching.now(PEACE, now := time.time()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(LOOK)
    return now
