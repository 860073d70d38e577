"""What the roles may do is what the statements of their services do, no more and no less."""

import importlib

import pytest

from ops.roles import FUTURE, GEO, OPS, READER, TABLES, WORKER, Right, wanted
from tests.sql_scan import touched

SCHEMA = frozenset(importlib.import_module("ops.migrations.versions.0001_company").TABLES)
NO_SERVICE = ("ops.migrations", "ops.roles")
VERSION = ("alembic_version", "SELECT")
"""What `fleet migrate --wait` reads of alembic's own table as each service, and `fleet doctor` as the operator."""


def given(role: str) -> set[tuple[str, str]]:
    return {(table, privilege) for table, privileges in TABLES[role].items() for privilege in privileges}


def test_the_worker_may_do_what_its_statements_do() -> None:
    assert given(WORKER) - {VERSION} == touched("checkin_worker", SCHEMA)


def test_operators_may_do_what_the_statements_of_fleet_do() -> None:
    assert given(OPS) - {VERSION} == touched("ops", SCHEMA, NO_SERVICE)


def test_the_geo_worker_has_rights_on_columns_of_the_tables_that_its_statements_change() -> None:
    changed, rights = touched("geo_worker", SCHEMA), given(GEO) - {VERSION}
    assert {(table, privilege.partition(" ")[0]) for table, privilege in rights} == changed
    assert all("(" in privilege for _, privilege in rights)


@pytest.mark.parametrize("role", [WORKER, GEO, OPS])
def test_who_waits_for_the_schema_may_see_whether_it_is_there(role: str) -> None:
    assert VERSION in given(role)


def test_a_statement_is_seen_whatever_its_shape() -> None:
    package = "tests.unit.ops.statements"
    assert touched(package, frozenset({"one", "two", "three", "four"})) == {
        ("one", "SELECT"),
        ("one", "INSERT"),
        ("one", "UPDATE"),
        ("two", "SELECT"),
        ("two", "UPDATE"),
        ("three", "DELETE"),
        ("three", "SELECT"),
        ("four", "SELECT"),
    }


def test_the_reader_reads_every_table_and_those_to_come_and_writes_nothing() -> None:
    reader = {right for right in wanted([*SCHEMA, "a_new_one"]) if right.role == READER}
    assert {right.on for right in reader} == {*(f"TABLE {name}" for name in (*SCHEMA, "a_new_one")), FUTURE}
    assert {right.privilege for right in reader} == {"SELECT"}


@pytest.mark.parametrize("verb", ["GRANT", "REVOKE"])
def test_a_right_is_given_and_taken_by_a_statement(verb: str) -> None:
    towards = "TO" if verb == "GRANT" else "FROM"
    one = Right(GEO, "TABLE sessions", "UPDATE (end_address)")
    assert one.statement(verb, "me") == f"{verb} UPDATE (end_address) ON TABLE sessions {towards} fleet_geo"
    future = Right(READER, FUTURE, "SELECT").statement(verb, "me")
    assert (
        future
        == f"ALTER DEFAULT PRIVILEGES FOR ROLE me IN SCHEMA public {verb} SELECT ON TABLES {towards} fleet_reader"
    )
