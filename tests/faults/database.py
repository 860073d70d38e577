"""Owns what happens to PostgreSQL: restarts, a lock, a full disk, lagging replicas, a failover."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from typing import Final

import asyncpg

from local.postgres import Postgres
from local.stage import DATABASE
from tests.faults.ground import REPLICAS, Ground
from tests.faults.health import not_ready, reads, returned
from tests.faults.scenario import Scenario
from tests.integration.database_side import all_connections_taken, disk_full
from tests.integration.replica_side import ask, promote, replay_paused
from tests.integration.replica_side import frozen as all_frozen

AWAY: Final = 3.0
FREEZE: Final = 20.0
LOCK: Final = 10.0
CROWDED: Final = 8.0
FULL: Final = 8.0
LAG: Final = 30.0
LOOK: Final = 0.5
WAITERS: Final = "SELECT count(*) FROM pg_locks WHERE relation = 'sessions'::regclass AND NOT granted"
SOURCES: Final = ("replica", "primary")
"""Of `fleet_reads_total`."""


async def restarted(ground: Ground) -> None:
    """A fast shutdown, which ends all sessions, and a start."""
    with ground.diary.moment("postgres", "PostgreSQL is restarted, fast"):
        await ground.engines.postgres.restart()


async def killed_twice(ground: Ground) -> None:
    """Kill -9, away for a while, and recovery from its log; then once more, as people come."""
    for blow in range(2):
        if blow:
            await returned(ground)
            await ground.burst()
        with ground.diary.moment("postgres", "kill -9 of PostgreSQL"):
            await ground.engines.postgres.kill()
            await asyncio.sleep(AWAY)
            await ground.engines.postgres.start()


async def stopped_immediately(ground: Ground) -> None:
    """An immediate shutdown: no checkpoint, sessions are cut."""
    postgres = ground.engines.postgres
    with ground.diary.moment("postgres", "PostgreSQL is restarted, immediately"):
        await postgres.child.stop(20, signal.SIGQUIT)
        await postgres.start()


async def frozen(ground: Ground) -> None:
    """The server and all its sessions stand still."""
    what = f"PostgreSQL is frozen for {FREEZE:.0f} s"
    with ground.diary.moment("postgres", what), all_frozen(ground.engines.postgres.child.pid):
        await asyncio.sleep(FREEZE)
        await not_ready(ground, "PostgreSQL is frozen")


async def cut(ground: Ground) -> None:
    """Every connection to the primary ends at once, and new ones are refused for a while."""
    with ground.diary.moment("postgres", f"connections to PostgreSQL are cut for {AWAY:.0f} s"):
        await ground.lines.postgres.cut()
        await asyncio.sleep(AWAY)
        await not_ready(ground, "nobody is connected to PostgreSQL")
        await ground.lines.postgres.heal()


async def half_open(ground: Ground) -> None:
    """The network swallows what is sent; nobody hears that the connection is gone."""
    with ground.diary.moment("postgres", f"nothing gets through to PostgreSQL for {FREEZE:.0f} s"):
        ground.lines.postgres.freeze()
        await asyncio.sleep(FREEZE)
        await not_ready(ground, "nothing gets through to PostgreSQL")
        await ground.lines.postgres.heal()


async def locked(ground: Ground) -> None:
    """Somebody holds a lock on the table that every check-in writes."""
    connection = await asyncpg.connect(ground.engines.postgres.database_url(DATABASE))
    with ground.diary.moment("postgres", f"a lock on sessions is held for {LOCK:.0f} s"):
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
                if not await _waited(connection):
                    ground.diary.accident("nobody waited for the lock")
        finally:
            await connection.close()


async def _waited(connection: asyncpg.Connection) -> bool:
    """Hold the lock for LOCK seconds; returns whether anybody was seen to wait for it."""
    seen, until = False, time.monotonic() + LOCK
    while time.monotonic() < until:
        seen = seen or bool(await connection.fetchval(WAITERS))
        await asyncio.sleep(LOOK)
    return seen


async def crowded(ground: Ground) -> None:
    """Others hold every connection that there is; those of the services are ended."""
    with ground.diary.moment("postgres", f"no connection is free for {CROWDED:.0f} s"):
        async with all_connections_taken(ground.engines.postgres):
            await asyncio.sleep(CROWDED)
            await not_ready(ground, "PostgreSQL has no connection for anybody")


async def full(ground: Ground) -> None:
    """Not a byte is left where the primary writes; PostgreSQL may go down by it, and is started when there is room."""
    assert ground.disk is not None  # the scenario says that it needs one
    postgres = ground.engines.postgres
    refused = _refusals(postgres)
    with ground.diary.moment("postgres", f"PostgreSQL's disk is full for {FULL:.0f} s"):
        async with disk_full(postgres, ground.disk):
            await asyncio.sleep(FULL)
            if _refusals(postgres) == refused:
                ground.diary.accident("PostgreSQL found room on its full disk")


def _refusals(postgres: Postgres) -> int:
    return postgres.log.read_text(errors="replace").count("No space left on device")


def _no_disk(ground: Ground) -> str:
    return "" if ground.disk else "only root may make a file system of its own for PostgreSQL"


async def replicas_lag(ground: Ground) -> None:
    """Replicas receive what is written and do not show it."""
    with ground.diary.moment("postgres", f"both replicas lag for {LAG:.0f} s"):
        async with contextlib.AsyncExitStack() as paused:
            for replica in ground.replicas:
                await paused.enter_async_context(replay_paused(replica.url))
            await _looked_at(ground, LAG, "primary")


async def replica_killed(ground: Ground) -> None:
    """One replica is away for a while."""
    replica = ground.replicas[0]
    with ground.diary.moment("postgres", "kill -9 of a replica"):
        await replica.kill()
        await _looked_at(ground, AWAY, "replica", "primary")
        await replica.start()


async def replicas_frozen(ground: Ground) -> None:
    """Both replicas stand still with all connections open."""
    with ground.diary.moment("postgres", f"both replicas are frozen for {FREEZE:.0f} s"), _both_frozen(ground):
        await _looked_at(ground, FREEZE, "primary")


async def _looked_at(ground: Ground, seconds: float, *sources: str) -> None:
    """So long, during which these must have served people's looks, and nobody else."""
    before = {source: await reads(ground, source) for source in SOURCES}
    await asyncio.sleep(seconds)
    served = {source: await reads(ground, source) - before[source] for source in SOURCES}
    if not sum(served[source] for source in sources) or any(served[one] for one in SOURCES if one not in sources):
        ground.diary.accident(f"looks were served so: {served}")


@contextlib.contextmanager
def _both_frozen(ground: Ground) -> Iterator[None]:
    with all_frozen(ground.replicas[0].child.pid), all_frozen(ground.replicas[1].child.pid):
        yield


async def promoted(ground: Ground) -> None:
    """The primary dies, and a replica takes its place that had all that was committed.

    Without synchronous replication the last commits would be lost with the primary, whoever waits for an answer.
    """
    replica = ground.replicas[0]
    waits_for_all = f"ALTER SYSTEM SET synchronous_standby_names = 'ANY {REPLICAS} (*)'"
    await ask(ground.engines.postgres.url, waits_for_all, "SELECT pg_reload_conf()")
    await asyncio.sleep(1)
    with ground.diary.moment("postgres", "kill -9 of the primary, and promotion of a replica"):
        await ground.engines.postgres.kill()
        await promote(replica)
        ground.promoted = replica


SCENARIOS: Final = (
    Scenario("restart-postgres", "PostgreSQL is restarted, fast", restarted),
    Scenario("quit-postgres", "PostgreSQL is restarted, immediately", stopped_immediately),
    Scenario("kill-postgres", "kill -9 of PostgreSQL, away for 3 s, twice", killed_twice, short=True),
    Scenario("freeze-postgres", "PostgreSQL stands still for 20 s", frozen),
    Scenario("cut-postgres", "connections to PostgreSQL are cut for 3 s", cut),
    Scenario("half-open-postgres", "connections to PostgreSQL are half open for 20 s", half_open),
    Scenario("lock-postgres", "a lock on the sessions is held for 10 s", locked),
    Scenario("connections-postgres", "no connection is free for 8 s", crowded),
    Scenario("disk-postgres", "PostgreSQL's disk is full for 8 s", full, lacks=_no_disk),
    Scenario("lag-replicas", "both replicas lag for 30 s", replicas_lag),
    Scenario("kill-replica", "kill -9 of a replica, away for 3 s", replica_killed),
    Scenario("freeze-replicas", "both replicas stand still for 20 s", replicas_frozen),
    Scenario("promote-replica", "the primary is lost and a synchronous replica promoted", promoted, ruins=True),
)
