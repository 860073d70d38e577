"""Owns what happens around the fleet: the host's clock jumps, the schema changes."""

import asyncio
import glob
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
import asyncpg

from local.command import operate
from local.stage import DATABASE
from tests.faults.ground import Ground
from tests.faults.health import returned
from tests.faults.load import CROWD
from tests.faults.scenario import Door, Scenario

JUMPED: Final = 8.0
NEAR: Final = timedelta(minutes=1)
LIBRARY: Final = "/usr/lib/*/faketime/libfaketime.so.1"
NEXT_RELEASE: Final = (
    "SET lock_timeout = '2s'",
    "ALTER TABLE sessions ADD COLUMN of_the_next_release text",
    "ALTER TABLE attendance_events ADD COLUMN of_the_next_release text",
    "CREATE INDEX CONCURRENTLY of_the_next_release ON attendance_events (recorded_at)",
)
"""What an expanding migration does."""
RECORDED_SINCE: Final = "SELECT count(*) FROM attendance_events WHERE recorded_at >= $1"
AMID: Final = CROWD // 3
"""Updates that must be recorded while it runs: some of a crowd, more than the steady stream brings."""


async def clock_jumps(ground: Ground) -> None:
    """The clock of every service goes ten minutes ahead, then twenty back, then right again; people come each time.

    The engines keep their time. On a real host theirs jumps too, but nothing that the fleet asks of them goes by it.
    """
    offset = ground.stage.run / "offset"
    offset.write_text("+0")
    faked = {
        "LD_PRELOAD": _libraries()[0],
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    await _all_restarted(ground, faked)
    for minutes in (10, -10, 0):
        with ground.diary.moment("clock", f"the services' clocks are {minutes:+} minutes wrong"):
            offset.write_text(f"{minutes:+}m")
            await ground.burst()
            await asyncio.sleep(JUMPED)
            if wrong := await _not_off_by(ground, timedelta(minutes=minutes)):
                ground.diary.accident(f"the clock of {wrong} did not jump")
    await _all_restarted(ground, {})


async def _not_off_by(ground: Ground, wanted: timedelta) -> list[str]:
    """The services whose own clock is not so much ahead, by the date of their answers."""
    found = []
    async with aiohttp.ClientSession() as session:
        for name, service in ground.fleet.services.items():
            async with session.get(service.ready_url) as response:
                ahead = parsedate_to_datetime(response.headers["Date"]) - datetime.now(UTC)
            if abs(ahead - wanted) > NEAR:
                found.append(name)
    return found


def _libraries() -> list[str]:
    return glob.glob(LIBRARY)  # noqa: PTH207 - an absolute pattern


def _no_library(_ground: Ground) -> str:
    return "" if _libraries() else "libfaketime is not installed"


async def _all_restarted(ground: Ground, environment: dict[str, str]) -> None:
    names = list(ground.fleet.services)
    with ground.away(*names), ground.diary.moment("term", "SIGTERM to all services", hands_over=True):
        await ground.fleet.stop_all()
        await asyncio.gather(*(ground.fleet.launch(name, **environment) for name in names))
    await returned(ground)


async def migrated(ground: Ground) -> None:
    """A migration expands the schema, and `fleet migrate` runs, while a crowd comes."""
    with ground.diary.moment("migration", "a migration"):
        connection = await asyncpg.connect(ground.engines.postgres.database_url(DATABASE))
        try:
            begun = await connection.fetchval("SELECT clock_timestamp()")
            await ground.burst()
            for statement in NEXT_RELEASE:
                await connection.execute(statement)
            await operate("migrate", environment=ground.stage.environment, logs=ground.stage.logs)
            meanwhile = await connection.fetchval(RECORDED_SINCE, begun)
        finally:
            await connection.close()
        if meanwhile < AMID:
            ground.diary.accident(f"only {meanwhile} updates were recorded while it ran")


SCENARIOS: Final = (
    Scenario(
        "clock-jumps",
        "the services' clocks jump by 10 minutes, ahead and back",
        clock_jumps,
        Door.CLOSED,
        lacks=_no_library,
    ),
    Scenario("migration", "a migration that expands the schema", migrated),
)
