"""Owns what happens around the fleet: the host's clock jumps, the schema changes."""

import asyncio
import glob
from typing import Final

import asyncpg

from local.command import operate
from local.stage import DATABASE
from tests.faults.ground import Ground
from tests.faults.scenario import Door, Scenario, SkippedError

JUMPED: Final = 8.0
LIBRARY: Final = "/usr/lib/*/faketime/libfaketime.so.1"
NEXT_RELEASE: Final = (
    "SET lock_timeout = '2s'",
    "ALTER TABLE sessions ADD COLUMN of_the_next_release text",
    "ALTER TABLE attendance_events ADD COLUMN of_the_next_release text",
    "CREATE INDEX CONCURRENTLY of_the_next_release ON attendance_events (recorded_at)",
)
"""What an expanding migration does."""


async def clock_jumps(ground: Ground) -> None:
    """The clock of every service goes ten minutes ahead, then twenty back, then right again."""
    found = glob.glob(LIBRARY)  # noqa: PTH207 - an absolute pattern
    if not found:
        raise SkippedError("libfaketime is not installed")
    offset = ground.stage.run / "offset"
    offset.write_text("+0")
    faked = {
        "LD_PRELOAD": found[0],
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    await _all_restarted(ground, faked)
    for jump in ("+10m", "-10m", "+0"):
        with ground.diary.moment("clock", f"the services' clocks are {jump}"):
            offset.write_text(jump)
            await asyncio.sleep(JUMPED)
    await _all_restarted(ground, {})


async def _all_restarted(ground: Ground, environment: dict[str, str]) -> None:
    names = list(ground.fleet.services)
    with ground.away(*names), ground.diary.moment("term", "SIGTERM to all services", hits_active=True):
        await ground.fleet.stop_all()
        await asyncio.gather(*(ground.fleet.start(name, **environment) for name in names))


async def migrated(ground: Ground) -> None:
    """A migration expands the schema, and `fleet migrate` runs."""
    with ground.diary.moment("migration", "a migration"):
        connection = await asyncpg.connect(ground.engines.postgres.database_url(DATABASE))
        try:
            for statement in NEXT_RELEASE:
                await connection.execute(statement)
        finally:
            await connection.close()
        await operate("migrate", environment=ground.stage.environment, logs=ground.stage.logs)


SCENARIOS: Final = (
    Scenario("clock-jumps", "the services' clocks jump by 10 minutes, ahead and back", clock_jumps, Door.CLOSED),
    Scenario("migration", "a migration that expands the schema", migrated),
)
