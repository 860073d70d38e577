"""Owns the check of the replicas: each follows this primary, and has reached what it had written a moment ago."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import asyncpg

from ops.doctor.findings import EngineAway, Finding, ok, warning, wrong
from ops.doctor.postgresql import connected, primary
from ops.doctor.surroundings import Surroundings
from shared.settings import DatabaseSettings

if TYPE_CHECKING:
    from ops.doctor.postgresql import Connection

PATIENCE: Final = 2.0
"""Seconds in which a replica reaches what the primary had when it was asked; ten times what a read waits for it."""
GLANCE: Final = 0.05
REBUILD: Final = "pg_basebackup -R -X stream -d PRIMARY -D DATA"

POSITION: Final = "SELECT pg_current_wal_flush_lsn()::text"
TIMELINE: Final = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"
STARTED: Final = "SELECT pg_postmaster_start_time()"
SYSTEM: Final = "SELECT system_identifier FROM pg_control_system()"
ITSELF: Final = "SELECT NOT pg_is_in_recovery() AND pg_postmaster_start_time() = $1"
# The timeline is that of the last restart point: it may be the one before for some minutes after a failover.
FOLLOWER: Final = """
SELECT pg_is_in_recovery() AS follows,
       pg_is_in_recovery() AND pg_get_wal_replay_pause_state() <> 'not paused' AS paused,
       (SELECT count(*) FROM pg_stat_wal_receiver) > 0 AS receives,
       (SELECT received_tli FROM pg_stat_wal_receiver) AS received,
       (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline,
       coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false) AS reached,
       coalesce(pg_wal_lsn_diff($1::text::pg_lsn, pg_last_wal_replay_lsn()), 0)::bigint AS bytes,
       coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::float8 AS seconds
"""


@dataclass(frozen=True, slots=True)
class Follower:
    """What a replica says of itself.

    Attributes:
        follows: it is in recovery, that is, no primary.
        same: it is a copy of this primary.
        paused: its replay was stopped.
        receives: it is connected to whom it follows.
        received: the timeline of what it receives; None where it receives nothing, or the login may not see that.
        timelines: the primary's, and the one it was on at its last restart point.
        reached: it has what the primary had when it was asked.
        bytes: of the log, that it lacks.
        seconds: since the primary committed what it replayed last.
    """

    follows: bool
    same: bool
    paused: bool
    receives: bool
    received: int | None
    timelines: tuple[int, int]
    reached: bool
    bytes: int
    seconds: float


class _Leader(NamedTuple):
    """The primary: how far it has written, on which timeline, of which system, and when it was started."""

    position: str
    timeline: int
    system: int
    started: datetime


async def replicas(around: Surroundings) -> Sequence[Finding]:
    """Look at all of them at once."""
    urls = around.of(DatabaseSettings).replica_urls
    if not urls:
        return [ok("none is configured: the primary serves reads")]
    async with primary(around) as db:
        if await db.fetchval("SELECT pg_is_in_recovery()"):
            return [wrong("DATABASE_URL leads to a replica itself", "correct DATABASE_URL")]
        position, timeline = await db.fetchval(POSITION), await db.fetchval(TIMELINE)
        leader = _Leader(position, timeline, await db.fetchval(SYSTEM), await db.fetchval(STARTED))
    looked = (_look(url, f"replica {number}", leader) for number, url in enumerate(urls, 1))
    return await asyncio.gather(*looked)


async def _look(url: str, name: str, leader: _Leader) -> Finding:
    try:
        async with connected(url, name) as db:
            if await db.fetchval(ITSELF, leader.started):
                return ok(f"{name} is the primary itself: reads by its login go there")
            row = await _until_reached(db, leader.position)
            same = await db.fetchval(SYSTEM) == leader.system
    except EngineAway as problem:
        mend = "start it, or take it out of DATABASE_REPLICA_URLS"
        return wrong(f"{problem}; reads go to the others, or the primary", mend)
    told = dict(row)
    return judge(name, Follower(**told | {"same": same, "timelines": (leader.timeline, told.pop("timeline"))}))


async def _until_reached(db: "Connection", position: str) -> asyncpg.Record:
    until = asyncio.get_running_loop().time() + PATIENCE
    while True:
        row = await db.fetchrow(FOLLOWER, position)
        assert row is not None  # noqa: S101 - a SELECT without FROM has one row
        if row["reached"] or row["paused"] or not row["follows"] or asyncio.get_running_loop().time() > until:
            return row
        await asyncio.sleep(GLANCE)


def judge(name: str, seen: Follower) -> Finding:
    """How a replica is."""
    if not seen.same:
        return wrong(f"{name} is a copy of another server: reads would show that one's data", f"rebuild: {REBUILD}")
    if not seen.follows:
        said = f"{name} is in recovery no more: it was promoted, and reads may show what is not so"
        return wrong(said, f"correct DATABASE_URL and DATABASE_REPLICA_URLS, or rebuild: {REBUILD}")
    if seen.received not in {None, seen.timelines[0]}:
        said = (
            f"{name} receives timeline {seen.received} and the primary writes {seen.timelines[0]}: it follows another"
        )
        return wrong(said, f"see its primary_conninfo; then pg_rewind, or rebuild: {REBUILD}")
    if not (seen.reached and seen.receives):
        return _judge_lag(name, seen)
    said = f"{name} has reached what the primary had written"
    if seen.received is None:
        said = f"{said}; this login may not see whether it follows that one, or one from before a failover"
        return warning(said, "GRANT pg_read_all_stats TO fleet_reader   (at the primary, as an administrator)")
    return ok(said)


def _judge_lag(name: str, seen: Follower) -> Finding:
    """Why one lags, or will: reads go to the others, or to the primary."""
    leads, was_on = seen.timelines
    said = f"{name} is {seen.bytes:,} bytes and {seen.seconds:,.0f} s behind"
    if seen.paused:
        return wrong(f"{said}: its replay is paused", 'psql REPLICA -c "SELECT pg_wal_replay_resume()"')
    if seen.receives:
        mend = 'psql REPLICA -c "SELECT * FROM pg_stat_activity"   (long queries hold replay up)'
        return wrong(f"{said}, {PATIENCE:.0f} s after it was asked", mend)
    if leads != was_on:
        said = f"{said}: it is on timeline {was_on} and the primary on {leads}, so it cannot follow"
        return wrong(said, f"pg_rewind, or rebuild: {REBUILD}")
    return wrong(
        f"{said}: it is connected to no primary", "see its log, primary_conninfo, and the primary's pg_hba.conf"
    )
