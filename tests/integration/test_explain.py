"""No query of a check-in, of one's own time or of /now reads 2 million sessions or events from end to end."""

import ast
import importlib
import inspect
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from local.engines import Engines
from tests.integration import years
from tests.integration.years import MANAGER, NOON, OFFICE, SOMEBODY, TODAY, UPDATE, day

pytestmark = pytest.mark.long

MODULES = (
    "book",
    "inbox",
    "people",
    "updates",
    "throttle",
    "mytime",
    "why",
    "presence",
    "oversight",
    "reports.queries",
)
"""Of `checkin_worker`: whose queries are explained, every one."""
FRAGMENTS = {"book._EVENT", "book._DAY", "oversight.VISIBLE", "oversight.DECIDABLE", "oversight.MANAGED"}
"""What stands within other queries."""
MORE_THAN_ONE = {"inbox.BEGIN"}
"""More than one statement, which nothing explains: `inbox.LOCK` behind a BEGIN."""
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b")
LARGE = {"sessions", "attendance_events", "inbox", "audit", "corrections", "absences"}
"""Tables that grow with time; none is ever read from end to end."""
PEOPLE = {"employees", "employee_offices", "schedule_assignments", "consents", "throttles"}
"""Tables that grow with the company; read from end to end only where everybody is asked about."""

SENT = NOON - timedelta(hours=3)
MORNING, NEXT = datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)
FIRST, LAST = day(23), day(0)
EVERYBODY = list(range(1_000_001, 1_000_001 + years.PEOPLE))
PAGE = EVERYBODY[40:48]
CREWS = (EVERYBODY, [1] * len(EVERYBODY), [TODAY], [MORNING], [SENT])
EITHER = "sessions_pkey or idx_sessions_workday"
"""Both begin with the person and the day, in one order or the other."""


@dataclass(frozen=True)
class Asked:
    """A query with the values of an ordinary day, and the indexes that must serve it, some by one of two.

    `everybody`: it is about all people, so their tables may be read from end to end.
    """

    values: tuple[object, ...]
    indexes: set[str] = field(default_factory=set)
    everybody: bool = False


STORED = (SOMEBODY, TODAY, 0, NEXT, SENT, None, "tap", None, UPDATE, None, None, None, None, None, 7, None, 0, False)
PLACE = (SOMEBODY, MORNING, NEXT, TODAY)
NEAR = {"attendance_events_pkey", "idx_events_corrections", "sessions_pkey", "idx_sessions_open"}
QUERIES = {
    "book.APPEND": Asked((*PLACE, NOON, UPDATE, "location", 40.37, 49.85, None, NOON, NOON, False, *4 * (None,)), NEAR),
    "book.APPEND_SEVERAL": Asked(
        (
            PAGE,
            *([one] * len(PAGE) for one in (MORNING, NEXT, TODAY, NOON, UPDATE, "location", 40.37, 49.85, None)),
            *([one] * len(PAGE) for one in (NOON, NOON, False, *4 * (None,))),
        ),
        NEAR,
    ),
    "book.UNDO": Asked((SOMEBODY, SENT, UPDATE, NOON)),
    "book.RECORDED": Asked((SOMEBODY, SENT, UPDATE), {"attendance_events_pkey"}),
    "book.CORRECT": Asked((SOMEBODY, SENT, UPDATE, NOON, TODAY, SENT, NOON, MANAGER, "Unutdum")),
    "book.EVENTS": Asked(PLACE, {"attendance_events_pkey", "idx_events_corrections"}),
    "book.AROUND": Asked(PLACE, {"attendance_events_pkey", "sessions_pkey", "idx_sessions_open"}),
    "book.READ": Asked(PLACE, NEAR),
    "book.MAKE_ROOM": Asked((SOMEBODY, TODAY, 1, MORNING, NEXT), {"idx_sessions_open", EITHER}),
    "book.STORE": Asked(STORED, {"sessions_pkey"}),
    "inbox.LOCK": Asked((SOMEBODY,)),
    "inbox.ANSWERED": Asked((777, SOMEBODY), {"inbox_pkey"}),
    "inbox.ANSWERED_SEVERAL": Asked(([777] * len(PAGE), PAGE), {"inbox_pkey"}),
    "inbox.ANSWER": Asked((777, SOMEBODY, b"[]"), {"inbox_pkey"}),
    "people.KNOW": Asked((SOMEBODY,), {"employees_pkey", "employee_offices_pkey", "schedule_assignments_pkey"}),
    "people.KNOW_SEVERAL": Asked((PAGE,), {"employees_pkey", "employee_offices_pkey", "schedule_assignments_pkey"}),
    "people.ENROL": Asked((SOMEBODY, "Vəli", "az", "employee", "active", NOON), {"employees_pkey"}),
    "people.REFRESH": Asked((SOMEBODY, "Vəli", "az"), {"employees_pkey"}),
    "people.REACHED": Asked((SOMEBODY,), {"employees_pkey"}),
    "people.CONSENT": Asked((SOMEBODY, 1, "az", NOON), {"consents_pkey"}),
    "people.CONSENTED": Asked((SOMEBODY, 1), {"employees_pkey"}),
    "people.SPEAK": Asked((SOMEBODY, "az"), {"employees_pkey"}),
    "updates.UNCERTAIN": Asked((SOMEBODY, SENT, NOON, UPDATE), {"attendance_events_pkey"}),
    "throttle.COUNT": Asked((SOMEBODY, "answer", NOON, timedelta(minutes=1)), {"throttles_pkey"}),
    "mytime.SESSIONS": Asked((SOMEBODY, FIRST, LAST), {"sessions_pkey"}),
    "mytime.PERSON": Asked((SOMEBODY, FIRST, LAST), {"employees_pkey", "sessions_pkey", "absences_pkey"}),
    "why.LAST": Asked((SOMEBODY,), {"sessions_pkey", "absences_pkey"}),
    "why.VERDICT": Asked((SOMEBODY, TODAY), {"sessions_pkey", "absences_pkey"}),
    "why.DETAILS": Asked((SOMEBODY, MORNING, NEXT, TODAY), {"attendance_events_pkey"}),
    "presence.ALIKE": Asked((None, day(3)), everybody=True),
    "presence.RULES": Asked((FIRST, LAST)),
    "presence.ROLL": Asked((*CREWS, NOON, "all", 0, 8), {"sessions_pkey"}, everybody=True),
    "presence.POINTS": Asked((PAGE, [MORNING] * 8, [NEXT] * 8), {"attendance_events_pkey", "idx_events_point"}),
    "oversight.SEES": Asked((MANAGER, SOMEBODY), {"employees_pkey"}),
    "oversight.OVERSEERS": Asked((SOMEBODY, [MANAGER]), everybody=True),
    "oversight.NOTE": Asked((MANAGER, "now", PAGE, UPDATE)),
    "oversight.TOLD": Asked(([MANAGER], "correction asked", SOMEBODY, UPDATE)),
    "reports.queries.PEOPLE": Asked((None, FIRST, LAST, OFFICE), everybody=True),
    "reports.queries.SESSIONS": Asked((EVERYBODY, FIRST, LAST)),
    "reports.queries.EVENTS": Asked(
        (
            EVERYBODY,
            [NOON - timedelta(days=24)] * len(EVERYBODY),
            [NOON] * len(EVERYBODY),
            NOON - timedelta(days=24),
            NOON,
            FIRST,
            LAST,
        ),
        everybody=True,
    ),
}


def constants(module: str) -> dict[str, str]:
    """The queries that a module defines, by their names with the module's; not those that it imports."""
    loaded = importlib.import_module(f"checkin_worker.{module}")
    found = {}
    for statement in ast.parse(inspect.getsource(loaded)).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        for target in targets:
            value = getattr(loaded, target.id, None) if isinstance(target, ast.Name) else None
            if isinstance(target, ast.Name) and isinstance(value, str) and SQL.search(value):
                found[f"{module}.{target.id}"] = value
    return found


STATEMENTS = {name: query for module in MODULES for name, query in constants(module).items()}


@pytest.fixture(scope="module")
async def database(engines: Engines, template: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the company after its thousand days."""
    url = await engines.postgres.create_database("years", template)
    await years.fill(url)
    connection = await asyncpg.connect(url)
    await connection.execute("SET jit = off")
    yield connection
    await connection.close()
    await engines.postgres.drop_database("years")


_numbers = itertools.count(1)


async def plan(database: asyncpg.Connection, query: str, values: tuple[object, ...]) -> dict[str, Any]:
    """How PostgreSQL would carry it out, as a statement that was prepared, like all of ours."""
    types = [parameter.name for parameter in (await database.prepare(query)).get_parameters()]
    written = [
        await database.fetchval(f"SELECT quote_nullable(($1::{kind})::text)", value)
        for kind, value in zip(types, values, strict=True)
    ]
    name = f"explained_{next(_numbers)}"
    await database.execute(f"PREPARE {name} AS {query}")
    arguments = f"({', '.join(written)})" if written else ""
    said = await database.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE {name}{arguments}")
    top: dict[str, Any] = json.loads(said)[0]["Plan"]
    return top


def nodes(top: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The node and all below it."""
    yield top
    for below in top.get("Plans", ()):
        yield from nodes(below)


def indexes(top: dict[str, Any]) -> set[str]:
    """The indexes that it uses, to find rows or to find that they are there already."""
    used = {node["Index Name"] for node in nodes(top) if "Index Name" in node}
    return used | {name for node in nodes(top) for name in node.get("Conflict Arbiter Indexes", ())}


def read_whole(top: dict[str, Any]) -> set[str]:
    """The tables that it reads from end to end."""
    return {node["Relation Name"] for node in nodes(top) if node["Node Type"] == "Seq Scan"}


def test_every_query_of_these_modules_is_explained() -> None:
    assert set(STATEMENTS) - FRAGMENTS - MORE_THAN_ONE == set(QUERIES)
    assert len(STATEMENTS) > 20


@pytest.mark.timeout(300)  # the first one waits for the thousand days
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_is_served_by_indexes(database: asyncpg.Connection, name: str, mode: str) -> None:
    """Planned for the values of a day, and, as PostgreSQL does from the sixth time on, for any."""
    asked = QUERIES[name]
    await database.execute(f"SET plan_cache_mode = {mode}")
    top = await plan(database, STATEMENTS[name], asked.values)
    whole = read_whole(top)
    assert not whole & LARGE, json.dumps(top, indent=1)
    assert asked.everybody or not whole & PEOPLE
    used = indexes(top)
    missing = {index for index in asked.indexes if not used.intersection(index.split(" or "))}
    assert not missing, json.dumps(top, indent=1)


async def test_two_million_sessions_were_there(database: asyncpg.Connection) -> None:
    assert await database.fetchval("SELECT count(*) FROM sessions") == years.PEOPLE * years.DAYS
    assert await database.fetchval("SELECT count(*) FROM attendance_events") == years.PEOPLE * years.DAYS
