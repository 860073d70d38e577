"""Expand, deploy, contract: the release before this one works with what this one has made of schema and broker."""

import itertools
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from local.engines import Engines
from local.fleet import Launch, python_module
from local.folders import LOGS, PROJECT
from tests.integration import company as companies
from tests.integration.broker_side import until
from tests.integration.company import company
from tests.upgrades import previous
from tests.upgrades.schemas import breaks, schema_of

_numbers = itertools.count(1)

MIGRATE = """
import asyncio, json, sys
from ops.migrate import migrate
asyncio.run(migrate(json.load(sys.stdin)))
print("null")
"""
DECLARE = """
import asyncio, json, sys
import aio_pika
from shared.topology import declare

async def main(url):
    async with await aio_pika.connect(url) as connection:
        await declare(connection)

asyncio.run(main(json.load(sys.stdin)))
print("null")
"""
STATEMENTS = """
import importlib, json, pkgutil, sys
found = {}
for package in json.load(sys.stdin):
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if ".migrations" in module.name or module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            verb = value.lstrip().split(" ")[0] if isinstance(value, str) else ""
            if verb in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
                found[module.name + "." + name] = value
json.dump(found, sys.stdout)
"""
OF_SQL = ["checkin_worker", "geo_worker", "ops"]
CONTRACTED: frozenset[str] = frozenset()
"""What this release takes out of the schema, as `breaks` tells it: nothing of the release before uses it, which its
statements show. Empty again when PREVIOUS moves."""
SERVICES = ("ingress", "checkin_worker", "geo_worker", "sender")
pytestmark = previous.needs_history


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the release before."""
    return previous.unpack(tmp_path_factory.mktemp("previous"))


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> companies.Engines:
    """Fresh rooms on the session's engines, with the schema of this release."""
    return companies.Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


@pytest.fixture
async def its_database(engines: Engines, release: Path) -> AsyncIterator[str]:
    """A database with the schema of the release before."""
    name = f"previous_{next(_numbers)}"
    url = await engines.postgres.create_database(name)
    previous.run(release, MIGRATE, url)
    yield url
    await engines.postgres.drop_database(name)


async def test_the_schema_only_grows(its_database: str, database_url: str) -> None:
    broken = breaks(await schema_of(its_database), await schema_of(database_url))
    assert {*broken} == CONTRACTED, "docs/upgrading.md says how a schema changes"


async def test_the_schema_of_the_release_before_is_migrated_to_this_one(its_database: str, database_url: str) -> None:
    previous.run(PROJECT, MIGRATE, its_database)
    assert await schema_of(its_database) == await schema_of(database_url)


async def test_every_statement_of_the_release_before_fits_the_schema(
    release: Path, its_database: str, database_url: str
) -> None:
    statements = previous.run(release, STATEMENTS, OF_SQL)
    then, now = [await _refused(url, statements) for url in (its_database, database_url)]
    assert len(statements) - len(then) > 50, "what is no whole statement is left out, and it is few"
    assert now.items() - then.items() == set()


async def _refused(url: str, statements: dict[str, str]) -> dict[str, str]:
    refused = {}
    connection = await asyncpg.connect(url)
    try:
        for name, statement in statements.items():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as problem:
                refused[name] = str(problem)
    finally:
        await connection.close()
    return refused


@pytest.mark.parametrize("first", ["before", "this"])
def test_both_releases_declare_the_same_queues(release: Path, rabbitmq_url: str, first: str) -> None:
    order = [release, PROJECT] if first == "before" else [PROJECT, release]
    for folder in order:
        previous.run(folder, DECLARE, rabbitmq_url)


def launch_of(release: Path, modules: Collection[str]) -> Launch:
    """Start these services from the files of the release before, the others from ours."""

    def launch(module: str) -> Sequence[str]:
        return previous.python(release, "-m", module) if module in modules else python_module(module)

    return launch


@pytest.mark.long
@pytest.mark.parametrize("old", [SERVICES[1:], SERVICES[:1], ("sender",)], ids="-".join)
async def test_both_releases_work_together(release: Path, rooms: companies.Engines, old: Sequence[str]) -> None:
    async with company(replace(rooms, launch=launch_of(release, old)), employees=30) as office:
        await office.crowd.everyone_checks_in()
        await office.everybody_answered()
        assert await office.recorded() == (30, 30)
        assert office.figures.replies_per_person == {1: 30}
        assert await office.database.fetchval("SELECT count(*) FROM sessions WHERE start_address IS NOT NULL") == 30
        of_before = [name for name, service in office.fleet.services.items() if service.module in old]
        assert {home_of(office.fleet.child(name).pid) for name in of_before} == {release}

        async def receipts_are_recorded() -> bool:
            query = "SELECT count(*) >= 30 FROM calls WHERE outcome = 'sent'"
            return bool(await office.database.fetchval(query))

        await until(receipts_are_recorded)


def home_of(pid: int) -> Path:
    """The folder that a process runs in."""
    return Path(f"/proc/{pid}/cwd").readlink()
