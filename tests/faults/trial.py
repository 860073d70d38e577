"""Owns one trial: people come and go, a crowd comes, the fault strikes, and all is looked at when it is over."""

import asyncio
import contextlib
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from shared.topology import DEAD_QUEUES
from tests.faults.ground import COUNTS, Ground
from tests.faults.health import OUTBOUND, RECOVERY, Look, ended, look, until_ready, waiting
from tests.faults.load import DUPLICATES, ZONE, Load
from tests.faults.scenario import Scenario
from tests.faults.verdict import Row, Seen, Session, judge
from tests.integration.broker_side import held
from tests.integration.geo_side import address
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
LOOKED_LIMIT: Final = 30.0
"""Seconds in which somebody must have been told that they are checked in, and ask for their day."""
ADDRESSES: Final = """
SELECT user_id, start_address, end_time IS NOT NULL AS over, end_address FROM sessions WHERE user_id = ANY($1)
"""
QUIET: Final = 1.5
"""Seconds for which nothing may wait: what RabbitMQ says is a second old at most."""
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
    if lacking := scenario.lacks(ground):
        return Row(scenario.name, skipped=lacking)
    chance = random.Random(f"{scenario.name} {seed}")  # noqa: S311 - no secret: repeatable trials
    ground.diary.poison.clear()
    ground.recoveries.clear()
    ground.telegram.faults.duplicate_rate = DUPLICATES
    begun = await Begun.now(ground)
    load = Load(ground, chance, scenario.late_by, scenario.backwards)
    ground.burst = load.crowd
    healed, recovery = await _struck(ground, scenario, load, chance)
    left, drained = await _drained(ground, load, healed)
    seen = await _seen(ground, scenario, load, begun)
    return judge(
        scenario.name,
        Seen(
            **seen,
            recovery=recovery,
            drained=drained,
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
        recovery = max(time.monotonic() - healed, *ground.recoveries, 0.0)
        await asyncio.sleep(AFTER)
        await _somebody_looked(load)
    return healed, recovery if recovered else None


async def _somebody_looked(load: Load) -> None:
    """Let people come until one has asked for their day: where the strike was short, or nobody was told, none may have.

    That none does in time is for the verdict.
    """
    limit = time.monotonic() + LOOKED_LIMIT
    while not load.glances and time.monotonic() < limit:  # noqa: ASYNC110 - people tell nobody
        await asyncio.sleep(LOOK)


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


async def _drained(ground: Ground, load: Load, healed: float) -> tuple[dict[str, int], float | None]:
    """Wait until nothing waits, for a while; returns what still does when it takes too long, or after what seconds."""
    empty = None
    while True:
        now, left = time.monotonic(), await _left(ground, load)
        if left:
            empty = None
            if now > healed + DRAIN_LIMIT:
                return left, None
        elif empty is None:
            empty = now
        elif now - empty >= QUIET:
            return {}, empty - healed
        await asyncio.sleep(LOOK)


async def _left(ground: Ground, load: Load) -> dict[str, int]:
    came = sort_out(load.items, ground.telegram.ledger.calls)
    untold = sum(not one.done for one in came.values()) + sum(not load.answers(glance) for glance in load.glances)
    here = {"Telegram": ground.telegram.updates.pending, "people's hopes": untold}
    here = {name: count for name, count in here.items() if count} or await waiting(ground)
    return here or {name: count for name, count in {"addresses": len(await _misplaced(ground, load))}.items() if count}


async def _misplaced(ground: Ground, load: Load) -> list[str]:
    """The sessions without an address, or with another one than the geocoder has for where the person is."""
    rows = await ground.fetch(ADDRESSES, list(load.taps))
    found = []
    for person, start, over, end in rows:
        right = address(*load.places[person])
        found += [f"{person}: {one!r}" for one in (start, *((end,) if over else ())) if one != right]
    return found


def _unseen(load: Load) -> list[str]:
    """Those who asked for their day and were shown one without what had been recorded."""
    since = {glance: f"{glance.since.astimezone(ZONE):%H:%M}" for glance in load.glances}
    return [
        f"{glance.person}: no {moment} in {text!r}"
        for glance, moment in since.items()
        for text in load.answers(glance)
        if moment not in text
    ]


def _echoes(load: Load) -> int:
    """Answers beyond one for each that a person asked for; a person's later answer is not one to their earlier look."""
    looks = Counter(glance.person for glance in load.glances)
    first = {glance.person: glance for glance in reversed(load.glances)}
    return sum(max(0, len(load.answers(glance)) - looks[person]) for person, glance in first.items())


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
        "cells": Counter(f"{one.query['lat']} {one.query['lon']}" for one in ground.geocoder.asked[begun.asked :]),
        "misplaced": await _misplaced(ground, load),
        "glances": len(load.glances),
        "unseen": _unseen(load),
        "echoes": _echoes(load),
        "memory": after.memory,
        "growth": {name: mib - before.memory[name] for name, mib in after.memory.items()},
        "files": {name: count - before.files[name] for name, count in after.files.items()},
        "consumers": _changed(before, after),
        "backends": after.backends,
    }


async def _settled(ground: Ground, before: Look) -> Look:
    """Look once the consumers are as many as before; who was taken over from may still have to find its place."""
    limit = time.monotonic() + SETTLED_LIMIT
    while (_changed(before, now := await look(ground)) or now.backends[1]) and time.monotonic() < limit:  # noqa: ASYNC110 - as above
        await asyncio.sleep(LOOK)
    return now


def _changed(before: Look, after: Look) -> dict[str, tuple[int, int]]:
    """Queues that have not as many consumers as before, and links that not every process of a service has once.

    Of those from which the sender takes, one consumer is enough.
    """
    names = before.links.keys() | after.links
    links = {name: (COUNTS[name.split()[0]], after.links.get(name, 0)) for name in names}
    consumers = {name: (count, after.consumers[name]) for name, count in before.consumers.items()}
    enough = {name for name in OUTBOUND if after.consumers[name] > 0}
    return {
        name: (wanted, found)
        for name, (wanted, found) in (links | consumers).items()
        if wanted != found and name not in enough
    }


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
