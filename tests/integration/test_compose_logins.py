"""`deploy/docker/postgres/logins.sh` makes each service's login; docker-compose.yml runs it before each migration."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from local import binaries
from local.folders import PROJECT
from local.ports import LOOPBACK
from local.postgres import USER, Postgres
from ops.roles import GEO, OPS, READER, WORKER
from tests.integration.ops_side import connection, fleet
from tests.integration.replica_side import own_primary

SCRIPT = PROJECT / "deploy" / "docker" / "postgres" / "logins.sh"
LOGINS = {"checkin_worker": WORKER, "geo_worker": GEO, "operator": OPS, "replica_reader": READER}
PASSWORDS = {
    "checkin_worker": "WORKER",
    "geo_worker": "GEO",
    "operator": "OPS",
    "replica_reader": "READER",
    "exporter": "EXPORTER",
}
"""Whose password the variable is, `..._PASSWORD`."""
MEMBER_OF = "SELECT array_agg(roleid::regrole::text) FROM pg_auth_members WHERE member = $1::text::regrole"


@pytest.fixture
async def server(run: Path) -> AsyncIterator[Postgres]:
    """Of the test's own: roles are the whole server's."""
    async with own_primary(run) as server:
        yield server


async def make_logins(server: Postgres, password: str) -> None:
    """Run the script, for which each password is `password` and the login's name."""
    given = {f"{variable}_PASSWORD": f"{password} of {login}" for login, variable in PASSWORDS.items()}
    where = {"PGHOST": LOOPBACK, "PGPORT": str(server.port), "PGUSER": USER, "PGDATABASE": "fleet"}
    path = f"{Path(binaries.postgres('psql')).parent}:{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        str(SCRIPT),
        env={"PATH": path, "PGPASSWORD": server.password, **where, **given},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert (process.returncode, said.decode()) == (0, "")


async def connected_as(server: Postgres, login: str, password: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=LOOPBACK, port=server.port, user=login, password=f"{password} of {login}", database="fleet"
    )


async def test_data_of_before_gets_roles_logins_and_with_the_next_migration_rights(server: Postgres) -> None:
    url = await server.create_database("fleet")
    assert (await fleet(url, "migrate")).status == 0
    await make_logins(server, "first")
    assert "rights of the services' roles brought up to date" in (await fleet(url, "migrate")).out
    assert (await fleet(url, "roles")).out == "-- nothing to do\n"
    for login, role in LOGINS.items():
        db = await connected_as(server, login, "first")
        assert await db.fetchval(MEMBER_OF, login) == [role]
        assert await db.fetchval("SELECT version_num FROM alembic_version")
        await db.close()


async def test_each_start_takes_the_passwords_of_now_and_changes_nothing_else(server: Postgres) -> None:
    url = await server.create_database("fleet")
    await make_logins(server, "first")
    await make_logins(server, "it's a second")
    assert (await fleet(url, "migrate")).status == 0
    async with connection(url) as owner:
        for role in LOGINS.values():
            assert not await owner.fetchval("SELECT rolcanlogin OR rolsuper FROM pg_roles WHERE rolname = $1", role)
        assert await owner.fetchval("SELECT pg_has_role('replica_reader', 'pg_read_all_stats', 'MEMBER')")
    for login in PASSWORDS:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await connected_as(server, login, "first")
        db = await connected_as(server, login, "it's a second")
        assert not await db.fetchval("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        await db.close()


async def test_who_tells_prometheus_sees_how_the_server_is_and_nothing_that_is_stored(server: Postgres) -> None:
    url = await server.create_database("fleet")
    await make_logins(server, "first")
    assert (await fleet(url, "migrate")).status == 0
    db = await connected_as(server, "exporter", "first")
    assert await db.fetchval(MEMBER_OF, "exporter") == ["pg_monitor"]
    assert await db.fetchval("SELECT pg_database_size('fleet')") > 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.fetch("SELECT * FROM employees")
    await db.close()
