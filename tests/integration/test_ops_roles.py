"""`fleet roles`: each login can do its service's work and nothing more; who may make no roles is told what to do."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from geo_worker.requests import LOCK, TO_END, TO_EVENT, TO_START
from local.fleet import LOGINS
from local.postgres import Postgres
from ops.roles import GEO, OPS, READER, ROLES, WORKER, wanted
from tests.integration.database_side import as_login
from tests.integration.ops_side import connection, fleet
from tests.integration.replica_side import own_primary

MEMBERS = {**LOGINS, "operator": OPS, "replica_reader": READER}
HOSTILE = ("Order", "x TO fleet_reader; ALTER ROLE somebody SUPERUSER; --")
"""Names of tables."""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"


@pytest.fixture(scope="module")
async def server(run: Path) -> AsyncIterator[Postgres]:
    """Of this file's own: roles are the whole server's."""
    async with own_primary(run) as server:
        yield server


async def test_an_owner_who_may_make_no_roles_migrates_and_is_told_whom_to_ask(server: Postgres) -> None:
    async with connection(server.url) as root:
        await root.execute(f"CREATE ROLE owner LOGIN PASSWORD '{server.password}'")
        await root.execute("CREATE DATABASE managed OWNER owner")
        url = server.database_url("managed", "owner")
        assert (await fleet(url, "migrate")).status == 0
        said = await fleet(url, "roles", "--write")
        assert said.status == 2
        (problem,) = said.problems
        assert "have an administrator run: CREATE ROLE fleet_worker NOLOGIN; CREATE ROLE fleet_geo NOLOGIN;" in problem
        shown = (await fleet(url, "roles")).out.splitlines()
        assert shown[: len(ROLES)] == [f"CREATE ROLE {role} NOLOGIN;" for role in ROLES]
        for statement in shown[: len(ROLES)]:
            await root.execute(statement)
    said = await fleet(url, "roles", "--write")
    assert (said.status, said.problems) == (0, [])
    assert (await fleet(url, "roles")).out == "-- nothing to do\n"
    assert (await fleet(server.database_url("managed"), "roles")).out == "-- nothing to do\n", "whoever asks"


async def test_migrating_brings_rights_up_to_date_and_takes_those_that_are_too_much(server: Postgres) -> None:
    url = server.database_url("managed", "owner")
    async with connection(url) as owner:
        await owner.execute("GRANT DELETE, TRUNCATE ON audit TO fleet_worker")
        await owner.execute("REVOKE UPDATE (address) ON attendance_events FROM fleet_geo")
        shown = (await fleet(url, "roles")).out.splitlines()
        assert shown == [
            "GRANT UPDATE (address) ON TABLE attendance_events TO fleet_geo;",
            "REVOKE DELETE ON TABLE audit FROM fleet_worker;",
            "REVOKE TRUNCATE ON TABLE audit FROM fleet_worker;",
        ]
        assert (await fleet(url, "migrate")).out.endswith("\n3 rights of the services' roles brought up to date\n")
        assert (await fleet(url, "roles")).out == "-- nothing to do\n"


async def test_names_become_no_statements_and_another_applications_tables_are_left_alone(server: Postgres) -> None:
    url = server.database_url("managed", "owner")
    async with connection(server.database_url("managed")) as root, connection(url) as owner:
        await root.execute("CREATE ROLE somebody")
        await root.execute("CREATE TABLE theirs (a int); CREATE SEQUENCE their_numbers")
        await root.execute("ALTER TABLE theirs OWNER TO somebody")
        await root.execute("GRANT ALL ON theirs, their_numbers TO fleet_worker")
        await root.execute("GRANT SELECT (a) ON theirs TO fleet_geo")
        for name in HOSTILE:
            await owner.execute(f'CREATE TABLE "{name}" ("Of, all" int)')
            await owner.execute(f'REVOKE ALL ON "{name}" FROM fleet_reader')
            await owner.execute(f'GRANT UPDATE ("Of, all") ON "{name}" TO fleet_geo')
        assert (await fleet(url, "migrate")).out.endswith("\n4 rights of the services' roles brought up to date\n")
        assert (await fleet(url, "roles")).out == "-- nothing to do\n"
        for name in HOSTILE:
            assert await root.fetchval("SELECT has_table_privilege('fleet_reader', $1::text, 'SELECT')", f'"{name}"')
        assert not await root.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = 'somebody'")
        assert await root.fetchval("SELECT has_table_privilege('fleet_worker', 'theirs', 'DELETE')")
        assert not await root.fetchval("SELECT has_table_privilege('fleet_reader', 'theirs', 'SELECT')")


async def test_the_rights_of_a_newer_releases_schema_are_left_to_that_release(database_url: str) -> None:
    async with connection(database_url) as owner:
        await owner.execute("UPDATE alembic_version SET version_num = '9999'")
        await owner.execute("GRANT DELETE ON audit TO fleet_worker")
        said = await fleet(database_url, "roles", "--write")
        assert (said.status, said.out.partition(":")[0]) == (0, "the schema is a newer release's")
        assert await owner.fetchval("SELECT has_table_privilege('fleet_worker', 'audit', 'DELETE')")


@pytest.mark.parametrize("login", MEMBERS)
async def test_no_login_of_a_service_can_change_the_schema(database_url: str, login: str) -> None:
    async with connection(as_login(database_url, login)) as db:
        for statement in (
            "DROP TABLE sessions",
            "ALTER TABLE sessions ADD COLUMN mine text",
            "TRUNCATE throttles",
            "CREATE TABLE mine (a int)",
            "DROP INDEX idx_sessions_open",
            "UPDATE alembic_version SET version_num = 'mine'",
            "CREATE ROLE mine",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(statement)


async def test_the_reader_reads_every_table_also_a_new_one_and_writes_none(database_url: str) -> None:
    async with connection(database_url) as owner, connection(as_login(database_url, "replica_reader")) as reader:
        await owner.execute("CREATE TABLE of_tomorrow (user_id bigint)")
        for row in await owner.fetch(TABLES):
            name = row["relname"]
            await reader.fetch(f"TABLE {name}")
            for statement in (f"DELETE FROM {name}", f"INSERT INTO {name} DEFAULT VALUES"):  # noqa: S608 - our schema's
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await reader.execute(statement)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.fetchval("SELECT nextval('forgotten_people')")


async def test_a_table_that_is_in_no_list_is_closed_to_services(database_url: str) -> None:
    async with connection(database_url) as owner, connection(as_login(database_url, "checkin_worker")) as worker:
        await owner.execute("CREATE TABLE of_tomorrow (user_id bigint)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await worker.fetch("SELECT * FROM of_tomorrow")


async def test_the_geo_worker_sees_no_name_and_no_place(database_url: str) -> None:
    async with connection(as_login(database_url, "geo_worker")) as db:
        for query in ("SELECT full_name FROM employees", "SELECT latitude FROM attendance_events", "TABLE sessions"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.fetch(query)


async def test_the_geo_worker_needs_each_of_its_rights(database_url: str) -> None:
    rights = [right for right in wanted(["attendance_events", "sessions"]) if right.role == GEO]
    assert len(rights) == 13
    async with connection(database_url) as owner, connection(as_login(database_url, "geo_worker")) as db:
        await store_addresses(db)
        for right in rights:
            await owner.execute(right.statement("REVOKE", "fleet"))
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await store_addresses(db)
            await owner.execute(right.statement("GRANT", "fleet"))
        await store_addresses(db)


async def test_the_worker_counts_those_who_are_forgotten(database_url: str) -> None:
    async with connection(as_login(database_url, "checkin_worker")) as db:
        assert await db.fetchval("SELECT nextval('forgotten_people')") == -1
    assert any(right.role == WORKER and right.on.startswith("SEQUENCE") for right in wanted([]))


async def store_addresses(db: asyncpg.Connection) -> None:
    """What a geo worker does with an address."""
    async with db.transaction():
        await db.execute(LOCK, 1)
        for statement in (TO_EVENT, TO_START, TO_END):
            await db.execute(statement, 1, 1.0, 1, "Bakı")
