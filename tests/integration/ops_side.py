"""The command `fleet` as an operator has it, but within the test's process: starting one takes more than a second."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import asyncpg
from pydantic import SecretStr
from typer.testing import CliRunner

from local.command import FLEET
from ops.cli import app
from ops.settings import CompanySettings
from tests.integration.database_side import as_login

BAKU = ZoneInfo("Asia/Baku")
OWNERS = ("migrate", "roles")
"""Words that need the owner of the tables, as whom tests are connected; an operator's rights do for the others."""


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    status: int
    out: str
    problems: list[str]


async def fleet(database_url: str, *words: object, **environment: str) -> Said:
    """Run `fleet ...`, on a thread: it has an event loop of its own. It connects as it should."""
    url = database_url if words[0] in OWNERS else as_login(database_url, "operator")
    environment = {"DATABASE_URL": url, "CONSENT": "off", **environment}
    result = await asyncio.to_thread(CliRunner().invoke, app, [str(word) for word in words], env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr.splitlines())


async def operator(environment: Mapping[str, str], *words: object) -> str:
    """Run `fleet ...` as a process, with these settings and no others; returns what it said when it was done."""
    process = await asyncio.create_subprocess_exec(
        *map(str, (FLEET, *words)),
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


@contextlib.asynccontextmanager
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The test's own look into the database."""
    opened = await asyncpg.connect(database_url)
    try:
        yield opened
    finally:
        await opened.close()


def company_settings() -> CompanySettings:
    """The usual ones: due at 11:00 in Baku, until 18:00."""
    return CompanySettings(database_url=SecretStr("postgresql://not-asked"))


def baku(day: date, clock: str) -> datetime:
    """That time of day in Baku, in UTC."""
    return datetime.combine(day, time.fromisoformat(clock), BAKU).astimezone(UTC)


async def hire(  # noqa: PLR0913 - a row's columns, each with its usual value
    db: asyncpg.Connection,
    *user_ids: int,
    chat: bool = True,
    language: str | None = None,
    status: str = "active",
    since: datetime = datetime(2026, 1, 5, tzinfo=UTC),
    consent: int | None = None,
) -> None:
    """People of the company; `chat`: they have written to the bot."""
    await db.executemany(
        "INSERT INTO employees (user_id, chat_id, full_name, language, status, enrolled_at, consent_version) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [(one, one if chat else None, f"Ləman No{one}", language, status, since, consent) for one in user_ids],
    )


async def came(db: asyncpg.Connection, user_id: int, day: date, arrived: datetime, boundary: datetime) -> None:
    """An open session."""
    await db.execute(
        "INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, start_update_id) "
        "VALUES ($1, $2, 0, $3, $4, 1)",
        *(user_id, day, boundary, arrived),
    )
