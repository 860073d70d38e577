"""Two schemas compared: what a program that was written for the one finds missing in the other."""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

COLUMNS = """
SELECT table_name, column_name, udt_name, is_nullable = 'YES' AS nullable,
       column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS' AS filled
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""
UNIQUE = """
SELECT table_name.relname AS table_name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i JOIN pg_class table_name ON table_name.oid = i.indrelid
     JOIN pg_namespace n ON n.oid = table_name.relnamespace
WHERE i.indisunique AND n.nspname = 'public' AND table_name.relname <> 'alembic_version'
"""


@dataclass(frozen=True)
class Column:
    """Its type, and what an INSERT that does not name it gets."""

    kind: str
    nullable: bool
    filled: bool


@dataclass(frozen=True)
class Schema:
    """Columns by table and name, and what is unique."""

    columns: Mapping[tuple[str, str], Column]
    unique: frozenset[str]

    @property
    def tables(self) -> set[str]:
        """Names."""
        return {table for table, _ in self.columns}


async def schema_of(url: str) -> Schema:
    """The schema of a database."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(COLUMNS)
        unique = await connection.fetch(UNIQUE)
    finally:
        await connection.close()
    columns = {
        (row["table_name"], row["column_name"]): Column(row["udt_name"], row["nullable"], row["filled"]) for row in rows
    }
    return Schema(columns, frozenset(row["definition"] for row in unique))


def breaks(before: Schema, after: Schema) -> list[str]:
    """What a program of before cannot do any more; an index it may upsert by must stay, and none may come to refuse."""
    problems = []
    for (table, name), was in before.columns.items():
        now = after.columns.get((table, name))
        if now is None:
            problems.append(f"{table}.{name} is gone")
        elif now.kind != was.kind:
            problems.append(f"{table}.{name} was {was.kind} and is {now.kind}")
        elif was.nullable and not now.nullable:
            problems.append(f"{table}.{name} takes no null any more")
        elif was.filled and not now.filled and not now.nullable:
            problems.append(f"{table}.{name} has no default any more")
    for (table, name), now in after.columns.items():
        is_new = table in before.tables and (table, name) not in before.columns
        if is_new and not now.nullable and not now.filled:
            problems.append(f"{table}.{name} is new and has no default")
    problems += [f"gone: {index}" for index in sorted(before.unique - after.unique)]
    new = [
        index
        for index in sorted(after.unique - before.unique)
        if index.split(" ON public.")[1].split()[0] in before.tables
    ]
    return problems + [f"unique is new: {index}" for index in new]
