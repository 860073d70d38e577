"""`fleet migrate`: once, however often and by however many it is asked, and in plain words when it cannot be done."""

import asyncio
import io
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command

from local.command import FLEET
from local.engines import Engines
from local.ports import LOOPBACK, free_port
from ops.migrate import alembic_config, migrate_within

_numbers = itertools.count(1)

FIVE = """
import asyncio, os
from ops.migrate import migrate

async def main():
    for before, after in await asyncio.gather(*(migrate(os.environ["URL"]) for _ in range(5))):
        print(before, after)

asyncio.run(main())
"""

SQUAWK_EXCLUDED = (
    "prefer-text-field",  # alembic's own table
    "require-lock-timeout",  # what exists so far only makes new tables: nobody waits for their locks
    "require-statement-timeout",  # as above
)


@pytest.fixture
async def empty(engines: Engines) -> AsyncIterator[str]:
    """A database without anything."""
    name = f"empty_{next(_numbers)}"
    yield await engines.postgres.create_database(name)
    await engines.postgres.drop_database(name)


async def fleet(*words: str, **environment: str) -> tuple[int | None, str]:
    """Run `fleet ...`; returns its exit status and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *map(str, (FLEET, *words)),
        env={"PATH": os.environ["PATH"], "COLUMNS": "200", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {
            row["tablename"]
            for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        }
    finally:
        await connection.close()


async def test_migrate_makes_the_schema_once_and_has_nothing_to_do_again(empty: str) -> None:
    status, said = await fleet("migrate", DATABASE_URL=empty)
    assert (status, said.split(" -> ")[0]) == (0, "schema empty")
    made = await tables(empty)
    assert {"employees", "attendance_events", "sessions", "inbox", "alembic_version"} <= made
    status, said = await fleet("migrate", DATABASE_URL=empty)
    assert status == 0
    assert said.endswith("nothing to do\n")
    assert await tables(empty) == made


async def test_ten_that_migrate_at_once_make_one_schema(empty: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", FIVE),
            env={"PATH": os.environ["PATH"], "URL": empty},
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    said = [line for process in processes for line in (await process.communicate())[0].decode().splitlines()]
    assert [process.returncode for process in processes] == [0] * 2
    assert len(said) == 10
    assert sum(line.startswith("None ") for line in said) == 1
    assert len({line.split()[1] for line in said}) == 1
    assert "sessions" in await tables(empty)


async def test_migrate_without_a_database_url_is_status_2_and_a_line() -> None:
    status, said = await fleet("migrate")
    assert status == 2
    assert said.startswith("DATABASE_URL: missing (")
    assert said.count("\n") == 1


async def test_migrate_that_cannot_reach_the_database_is_status_1_and_a_sentence(engines: Engines, empty: str) -> None:
    password = engines.postgres.password
    wrong = {
        "Connection refused": f"postgresql://fleet:{password}@{LOOPBACK}:{free_port()}/x",
        "password authentication failed": empty.replace(password, "guess"),
        "does not exist": engines.postgres.database_url("no_such_database"),
        "gaierror": f"postgresql://fleet:{password}@no-such-host.invalid/x",
    }
    ends = await asyncio.gather(*(fleet("migrate", DATABASE_URL=url) for url in wrong.values()))
    for why, (status, said) in zip(wrong, ends, strict=True):
        assert status == 1, said
        assert said.startswith("Migrating (is DATABASE_URL right and the server up?) failed: ")
        assert why in said
        assert "Traceback" not in said
        assert password not in said
        assert said.count("\n") == 1


async def test_a_newer_releases_schema_and_rights_are_left_as_they_are(empty: str) -> None:
    await fleet("migrate", DATABASE_URL=empty)
    connection = await asyncpg.connect(empty)
    try:
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
        before = await tables(empty)
        said = await fleet("migrate", DATABASE_URL=empty)
        assert said == (0, "schema 9999: a newer release's, left so\n")
        assert await connection.fetchval("SELECT version_num FROM alembic_version") == "9999"
    finally:
        await connection.close()
    assert await tables(empty) == before


async def test_a_database_that_is_away_is_waited_for_as_long_as_is_said() -> None:
    told = asyncio.Queue[str]()
    url = f"postgresql://fleet:secret@{LOOPBACK}:{free_port()}/x"
    with pytest.raises(ConnectionRefusedError):
        await migrate_within(0, url, told.put_nowait)
    waiting = asyncio.create_task(migrate_within(600, url, told.put_nowait))
    assert (await told.get()).startswith("waiting: the database is away: ConnectionRefusedError")
    assert not waiting.done()
    waiting.cancel()


def sql(revision: str, *, down: bool = False) -> str:
    """The SQL of the migrations, as alembic would run it."""
    config = alembic_config()
    config.output_buffer = io.StringIO()
    (command.downgrade if down else command.upgrade)(config, revision, sql=True)
    return config.output_buffer.getvalue()


async def test_the_way_back_drops_everything_and_the_way_there_works_again(database_url: str) -> None:
    assert "sessions" in await tables(database_url)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(sql("head:base", down=True))
    finally:
        await connection.close()
    assert await tables(database_url) <= {"alembic_version"}
    status, _ = await fleet("migrate", DATABASE_URL=database_url)
    assert status == 0
    assert "sessions" in await tables(database_url)


def test_the_migrations_pass_squawk(tmp_path: Path) -> None:
    file = tmp_path / "upgrade.sql"
    file.write_text(sql("head"))
    squawk = Path(sys.executable).parent / "squawk"
    excluded = [f"--exclude={rule}" for rule in SQUAWK_EXCLUDED]
    linted = subprocess.run(  # noqa: S603 - our own tool on our own file
        [squawk, "--pg-version=15", *excluded, file], capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr
