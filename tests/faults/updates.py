"""Owns what comes in wrong: updates repeated, out of order, an hour late, and poison in every queue."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Final

import aiohttp

from ingress.webhook import SECRET_HEADER
from tests.faults.ground import Ground
from tests.faults.health import WORK
from tests.faults.scenario import Scenario

POSTED: Final = 6
REPEATED_FOR: Final = 10.0
POISON: Final = 5
"""Messages for each queue."""


async def repeated(ground: Ground) -> None:
    """Each update is posted six times, to whichever ingress."""
    tries = ground.telegram.ledger.webhook
    before = len(tries)
    with ground.diary.moment("updates", f"each update is posted {POSTED} times"):
        ground.telegram.faults.duplicates = POSTED
        await asyncio.sleep(REPEATED_FOR)
        ground.telegram.faults.duplicates = 1
    taken = Counter(one.update_id for one in tries[before:] if one.accepted)
    if max(taken.values(), default=0) < POSTED:
        ground.diary.accident(f"no update was taken {POSTED} times")


async def poisoned(ground: Ground) -> None:
    """What nobody can decode, in each queue and at the webhook."""
    with ground.diary.moment("poison", f"{POISON} undecodable messages in each queue"):
        for queue in WORK:
            for number in range(POISON):
                key = f"poison:{queue.name}:{number}"
                ground.diary.poison.add(key)
                await ground.publisher.publish(queue.name, b"\x00{" + key.encode(), key=key)
        await _posted(ground, b'{"update_id": 2')


async def _posted(ground: Ground, body: bytes) -> None:
    ground.diary.poison.add("undecodable")
    environment = ground.stage.environment
    headers = {SECRET_HEADER: environment["TELEGRAM_WEBHOOK_SECRET"]}
    async with (
        aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
        session.post(environment["TELEGRAM_WEBHOOK_URL"], data=body),
    ):
        pass


async def nothing(_ground: Ground) -> None:
    """The people themselves are what is wrong: they come late, or backwards."""
    await asyncio.sleep(5)


SCENARIOS: Final = (
    Scenario("repeated-updates", "each update is posted six times", repeated),
    Scenario("late-updates", "updates come an hour late", nothing, late_by=timedelta(hours=1)),
    Scenario("shuffled-updates", "a check-out comes before its check-in", nothing, backwards=True, short=True),
    Scenario("poison", "undecodable messages in every queue", poisoned, short=True),
)
