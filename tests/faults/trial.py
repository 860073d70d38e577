"""Owns one trial: people come and go, a crowd comes, the fault strikes, and all is looked at when it is over."""

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from shared.topology import DEAD_QUEUES
from tests.faults.ground import COUNTS, Ground
from tests.faults.health import Look, ended, look, until_ready, waiting
from tests.faults.load import DUPLICATES, Load
from tests.faults.scenario import Scenario, SkippedError
from tests.faults.verdict import RECOVERY, Row, Seen, Session, judge
from tests.integration.broker_side import held
from tests.soak.record import Record
from tests.soak.windows import sort_out

BEFORE: Final = (1.0, 3.0)
"""Seconds of peace before the strike."""
AFTER: Final = 1.0
"""The same once all are ready again."""
CROWD_WITHIN: Final = 0.5
"""Seconds around the strike in which the crowd comes."""
STRIKE_LIMIT: Final = 240.0
DRAIN_LIMIT: Final = 90.0
LOOK: Final = 0.5
SETTLED_LIMIT: Final = 15.0


@dataclass(frozen=True)
class Begun:
    """Where the ledgers stood when a trial began."""

    calls: int
    tries: int
    moments: int
    accidents: int
    asked: int
    look: Look

    @classmethod
    async def now(cls, ground: Ground) -> "Begun":
        """As they stand."""
        ledger, diary = ground.telegram.ledger, ground.diary
        return cls(
            calls=len(ledger.calls),
            tries=len(ledger.webhook),
            moments=len(diary.moments),
            accidents=len(diary.accidents),
            asked=len(ground.geocoder.asked),
            look=await look(ground),
        )


async def trial(ground: Ground, scenario: Scenario, seed: int) -> Row:
    """Play one scenario and judge it."""
    chance = random.Random(f"{scenario.name} {seed}")  # noqa: S311 - no secret: repeatable trials
    ground.diary.poison.clear()
    ground.telegram.faults.duplicate_rate = DUPLICATES
    begun = await Begun.now(ground)
    load = Load(ground, chance, scenario.late_by, scenario.backwards)
    try:
        healed, recovery = await _struck(ground, scenario, load, chance)
    except SkippedError as reason:
        return Row(scenario.name, skipped=str(reason))
    left = await _drained(ground, load, healed)
    drained = time.monotonic() - healed
    seen = await _seen(ground, scenario, load, begun)
    return judge(
        scenario.name,
        Seen(
            **seen,
            recovery=recovery,
            drained=None if left else drained,
            left=left,
        ),
    )


async def _struck(ground: Ground, scenario: Scenario, load: Load, chance: random.Random) -> tuple[float, float | None]:
    """Let the strike meet people; returns when it was over, and after how many seconds all were ready, if they were."""
    async with _beside(load.steady()):
        await asyncio.sleep(chance.uniform(*BEFORE))
        async with asyncio.timeout(STRIKE_LIMIT), asyncio.TaskGroup() as group:
            group.create_task(_after(chance.uniform(0, CROWD_WITHIN), load.crowd()))
            group.create_task(_after(chance.uniform(0, CROWD_WITHIN), scenario.strike(ground)))
        healed = time.monotonic()
        recovered = await until_ready(ground, RECOVERY)
        recovery = time.monotonic() - healed
        await asyncio.sleep(AFTER)
    return healed, recovery if recovered else None


async def _after(seconds: float, work: Awaitable[None]) -> None:
    await asyncio.sleep(seconds)
    await work


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do endless work as long as the block lasts; a failure of the block itself is raised as it is."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def _drained(ground: Ground, load: Load, healed: float) -> dict[str, int]:
    """Wait until nothing waits; returns what still does when it takes too long."""
    while left := await _left(ground, load):
        if time.monotonic() > healed + DRAIN_LIMIT:
            return left
        await asyncio.sleep(LOOK)
    return {}


async def _left(ground: Ground, load: Load) -> dict[str, int]:
    came = sort_out(load.items, ground.telegram.ledger.calls)
    untold = sum(not one.done for one in came.values())
    here = {"Telegram": ground.telegram.updates.pending, "people's hopes": untold}
    here = {name: count for name, count in here.items() if count}
    return here or await waiting(ground)


async def _seen(ground: Ground, scenario: Scenario, load: Load, begun: Begun) -> dict[str, Any]:
    after = await _settled(ground, begun.look)
    ledger, before = ground.telegram.ledger, begun.look
    diary = ground.diary
    tries = ledger.webhook[begun.tries :]
    events = await ground.fetch(
        "SELECT update_id, count(*) FROM attendance_events WHERE update_id = ANY($1) GROUP BY 1", load.updates
    )
    record = Record(
        items=load.items,
        calls=ledger.calls[begun.calls :],
        moments=diary.moments[begun.moments :],
        accidents=[*diary.accidents[begun.accidents :], *(f"{name} has ended by itself" for name in ended(ground))],
        updates=load.updates,
        accepted=frozenset(entry.update_id for entry in tries if entry.accepted),
        events={row[0]: row[1] for row in events},
        dead=await _dead(ground),
        poison=frozenset(diary.poison),
    )
    return {
        "record": record,
        "wanted": load.sessions(),
        "sessions": await _sessions(ground, load),
        "tries": tries,
        "door": scenario.door,
        "asked": [asked.at for asked in ground.geocoder.asked[max(0, begun.asked - 1) :]],
        "growth": {name: mib - before.memory[name] for name, mib in after.memory.items()},
        "files": {name: count - before.files[name] for name, count in after.files.items()},
        "consumers": _others(before, after),
    }


async def _settled(ground: Ground, before: Look) -> Look:
    """Look once the consumers are as many as before; who was taken over from may still have to find its place."""
    limit = time.monotonic() + SETTLED_LIMIT
    while _others(before, now := await look(ground)) and time.monotonic() < limit:  # noqa: ASYNC110 - as above
        await asyncio.sleep(LOOK)
    return now


def _others(before: Look, after: Look) -> dict[str, tuple[int, int]]:
    """Queues that have not as many consumers as before, and links that not every process of a service has once."""
    links = {name: (COUNTS[name.split()[0]], count) for name, count in after.links.items()}
    consumers = {name: (count, after.consumers[name]) for name, count in before.consumers.items()}
    return {name: (wanted, found) for name, (wanted, found) in (links | consumers).items() if wanted != found}


async def _sessions(ground: Ground, load: Load) -> dict[int, list[Session]]:
    rows = await ground.fetch(
        "SELECT user_id, start_time, end_time FROM sessions WHERE user_id = ANY($1) ORDER BY user_id, start_time",
        list(load.taps),
    )
    found: dict[int, list[Session]] = defaultdict(list)
    for person, start, end in rows:
        found[person].append((start, end))
    return found


async def _dead(ground: Ground) -> list[str]:
    """The keys of all dead letters, which are taken out: the next trial has its own."""
    url = ground.broker.url
    return [message.message_id or name for name in DEAD_QUEUES for message in await held(url, name)]
