"""What is asked in a crowd is served by indexes from the first day on, when PostgreSQL plans for tables without rows.

A statement is planned once a connection and then carried out as planned, though a thousand people come in between:
where two indexes seem equally cheap for nothing, the wrong one is read whole each time.
"""

import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from geo_worker import requests
from local.engines import Engines
from tests.integration.test_explain import LARGE, PEOPLE, QUERIES, STATEMENTS, nodes, plan
from tests.integration.years import SOMEBODY, UPDATE

MODULES = ("book.", "inbox.", "people.", "updates.")
ASKED = {name: (STATEMENTS[name], asked.values) for name, asked in QUERIES.items() if name.startswith(MODULES)}
ASKED["geo_worker.requests.STORE"] = (requests.STORE, (SOMEBODY, 1.0, UPDATE, "Bakı"))


@pytest.fixture(scope="module")
async def database(engines: Engines, template: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a company of nobody."""
    url = await engines.postgres.create_database("small", template)
    connection = await asyncpg.connect(url)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    yield connection
    await connection.close()
    await engines.postgres.drop_database("small")


@pytest.mark.parametrize("name", ASKED)
async def test_a_query_that_is_planned_before_anybody_came_finds_its_rows_by_a_condition(
    database: asyncpg.Connection, name: str
) -> None:
    query, values = ASKED[name]
    top = await plan(database, query, values)
    for node in nodes(top):
        if node.get("Relation Name") in LARGE | PEOPLE:
            assert node["Node Type"] != "Seq Scan", json.dumps(top, indent=1)
        if node["Node Type"] in {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}:
            # By whose or which rows they are: those of the last days are, in a crowd, all that there are.
            assert " = " in node.get("Index Cond", ""), json.dumps(top, indent=1)
