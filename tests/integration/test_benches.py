"""The benches, short and for correctness only: that they measure what they say, on whatever machine."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from bench import old_way, scaling
from bench.backlog import handled
from bench.commits import STAMPED, configure
from bench.old_ways import WAYS
from bench.past import PEOPLE, SEED, enrol, remember
from bench.rush import rush
from bench.statements import PRELOADED, cost_of, counted
from local.folders import run_folder, runs_in_memory
from local.stage import Stage, stage
from simulator.people import hire

FEW = 20
pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
async def ready() -> AsyncIterator[Stage]:
    with run_folder("bench", runs_in_memory()) as folder:
        async with stage(folder, {**scaling.SETTINGS, **old_way.SETTINGS}) as opened:
            await configure(opened.engines.postgres, **STAMPED, **PRELOADED)
            yield opened


@pytest.mark.parametrize("name", WAYS)
async def test_everybody_is_recorded_told_and_placed_by_every_way_that_nobody_disturbs(ready: Stage, name: str) -> None:
    came = await rush(WAYS[name], FEW, ready, killed=False)
    assert len(came.recorded) == FEW
    assert all(seconds > 0 for seconds in came.recorded)
    assert came.told is not None
    assert came.last is not None
    assert came.told <= came.last
    assert came.lost == 0
    messages = int(name.removesuffix(" messages")[-1]) if "messages" in name else 1
    assert came.calls - came.refused >= messages * FEW


async def test_whom_the_old_way_has_not_told_when_it_dies_it_never_tells_and_the_fleet_does(ready: Stage) -> None:
    ours = await rush(WAYS["the fleet"], FEW, ready, killed=True)
    theirs = await rush(WAYS["the old way, 4 messages"], FEW, ready, killed=True)
    assert (ours.lost, ours.told is not None) == (0, True)
    assert theirs.lost > 0
    assert theirs.told is None


async def test_a_backlog_is_handled_beside_a_past_and_its_statements_are_counted(ready: Stage) -> None:
    url = ready.database_url
    await enrol(url)
    await remember(url, 1, 2)
    database = await asyncpg.connect(url)
    try:
        everybody = hire(PEOPLE, 5, SEED)
        past = "SELECT count(*) FROM sessions WHERE user_id = ANY($1) AND start_time < now() - interval '900 days'"
        assert await database.fetchval(past, [person.id for person in everybody]) == 2 * PEOPLE
        people = everybody[:FEW]
        await counted(url)
        done = await handled(ready, people, workers=2)
        cost = await cost_of(url, "checkin_worker")
        today = "SELECT count(*) FROM sessions WHERE user_id = ANY($1) AND start_time > now() - interval '1 day'"
        assert await database.fetchval(today, [person.id for person in people]) == FEW
    finally:
        await database.close()
    assert done.checkins == FEW
    assert done.seconds > 0
    assert cost.calls >= 2 * FEW, "each writes a session and its answer; what they ask together counts once"
    assert cost.blocks > cost.calls
    assert cost.milliseconds > 0
