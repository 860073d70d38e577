"""Backup and restore on one machine: docs/deploy.md's own commands, with PostgreSQL's own programs."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local import binaries
from local.folders import PROJECT
from local.ports import LOOPBACK
from local.postgres import Postgres
from tests.integration.ops_side import connection, fleet
from tests.integration.replica_side import own_primary

PAGE = (PROJECT / "docs" / "deploy.md").read_text()
SECTION = PAGE.partition("\nOn one machine, with Compose:\n")[2]
BACKUP, RESTORE = re.findall(r"^```sh\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)[:2]
DOCKER = """#!/bin/sh
# In the container of PostgreSQL it runs the program; all else it only writes down.
case "$*" in
    "compose exec -T postgres "*) shift 4; exec "$@" ;;
    *) echo "$*" >>"$ASKED" ;;
esac
"""
SUDO = """#!/bin/sh
echo "$*" >>"$ASKED"
"""
ADD = "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) VALUES ($1, 40.4, 49.9, 100, 'Asia/Baku')"


@pytest.fixture
async def server(run: Path) -> AsyncIterator[Postgres]:
    """Of the test's own, since its database is renamed."""
    async with own_primary(run) as server:
        yield server


async def said(server: Postgres, folder: Path, block: str) -> list[str]:
    """Say a block of the page; returns what was said to others than PostgreSQL."""
    for name, script in (("docker", DOCKER), ("sudo", SUDO)):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    path = f"{folder}:{Path(binaries.postgres('psql')).parent}:{os.environ['PATH']}"
    where = {"PGHOST": LOOPBACK, "PGPORT": str(server.port), "PGPASSWORD": server.password}
    process = await asyncio.create_subprocess_exec(
        *("/bin/bash", "-c", block),
        env={"PATH": path, "ASKED": str(folder / "asked"), **where},
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.wait()
    return (folder / "asked").read_text().splitlines() if (folder / "asked").exists() else []


async def names(url: str) -> list[str]:
    async with connection(url) as db:
        return [row["name"] for row in await db.fetch("SELECT name FROM offices ORDER BY name")]


async def test_what_was_backed_up_is_there_again_and_a_newer_schema_is_no_hindrance(
    server: Postgres, tmp_path: Path
) -> None:
    url = await server.create_database("fleet")
    assert (await fleet(url, "migrate")).status == 0
    async with connection(url) as db:
        await db.execute(ADD, "before")
    assert await said(server, tmp_path, BACKUP) == []
    async with connection(url) as db:
        await db.execute(ADD, "after")
        await db.execute("CREATE TABLE newer (office integer REFERENCES offices)")
    told = await said(server, tmp_path, RESTORE)
    assert await names(url) == ["before"]
    assert await names(server.database_url("fleet_before")) == ["after", "before"]
    assert (await fleet(url, "migrate")).status == 0
    assert told == [
        "mv /etc/cron.d/checkin-fleet /etc/checkin-fleet.cron",
        "compose stop checkin-worker geo-worker",
        "compose up --detach",
        "compose run --rm fleet doctor",
        "mv /etc/checkin-fleet.cron /etc/cron.d/checkin-fleet",
    ]


async def test_a_backup_that_is_not_whole_changes_nothing(server: Postgres, tmp_path: Path) -> None:
    url = await server.create_database("fleet")
    assert (await fleet(url, "migrate")).status == 0
    async with connection(url) as db:
        await db.execute(ADD, "there")
    await said(server, tmp_path, BACKUP)
    dump = tmp_path / "fleet.dump"
    dump.write_bytes(dump.read_bytes()[:-2000])
    await said(server, tmp_path, RESTORE)
    assert await names(url) == ["there"]
