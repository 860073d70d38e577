"""Owns the check of PostgreSQL's primary, and the doctor's connections to any PostgreSQL."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

import asyncpg

from ops.doctor import clocks
from ops.doctor.findings import EngineAway, Finding, ok, wrong
from ops.doctor.surroundings import Surroundings
from shared.connecting import Servers
from shared.database import AWAY
from shared.settings import DatabaseSettings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

NAME: Final = "fleet doctor"
"""Its application_name; its own connections count nowhere."""
CONNECT_TIMEOUT: Final = 4.0
COMMAND_TIMEOUT: Final = 4.0
OLDEST: Final = 15
TOGETHER: Final = "SELECT clock_timestamp() AS clock, pg_is_in_recovery() AS follows"


@contextlib.asynccontextmanager
async def connected(url: str, who: str = "PostgreSQL") -> AsyncIterator["Connection"]:
    """Connect for the block as services do, and in the way that a pooler allows even where the address does not say so.

    Raises:
        EngineAway: nobody answers, or lets us in, or, of several, takes writes.
    """
    try:
        db = await Servers(url).connect(
            timeout=CONNECT_TIMEOUT, command_timeout=COMMAND_TIMEOUT, name=NAME, statements=0
        )
    except (*AWAY, asyncpg.PostgresError) as problem:
        raise EngineAway(f"{who} does not answer: {type(problem).__name__}: {problem}") from problem
    try:
        yield db
    finally:
        with contextlib.suppress(TimeoutError):
            await db.close(timeout=1.0)


@contextlib.asynccontextmanager
async def primary(around: Surroundings) -> AsyncIterator["Connection"]:
    """Connect to the primary for the block.

    Raises:
        Unknown: there is no address, or nobody answers.
    """
    async with connected(around.of(DatabaseSettings).database_url.get_secret_value()) as db:
        yield db


async def postgresql(around: Surroundings) -> Sequence[Finding]:
    """Whether it answers, is new enough, takes writes, and has the right time."""
    async with primary(around) as db:
        asked = around.now()
        row = await db.fetchrow(TOGETHER)
        assert row is not None  # noqa: S101 - a SELECT without FROM has one row
        middle = asked + (around.now() - asked) / 2
        version = db.get_server_version()
        return [
            judge_version(version.major, version.minor),
            judge_writes(follows=row["follows"]),
            clocks.judge("PostgreSQL", (row["clock"] - middle).total_seconds()),
        ]


def judge_version(major: int, minor: int) -> Finding:
    """Whether the server is new enough."""
    said = f"PostgreSQL {major}.{minor}"
    if major < OLDEST:
        return wrong(f"{said} is older than {OLDEST}", f"upgrade to PostgreSQL {OLDEST} or newer")
    return ok(f"{said} answers")


def judge_writes(*, follows: bool) -> Finding:
    """Whether it is a primary."""
    if follows:
        said = "DATABASE_URL leads to a replica, which takes no writes"
        return wrong(said, "name all hosts in DATABASE_URL, with ?target_session_attrs=read-write")
    return ok("it takes writes")
