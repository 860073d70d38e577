"""Owns what each service may do in the database: four roles, the rights of each, and the way from what is to that.

Logins are made members of a role by whoever runs the server. Only the tables' owner, as whom `fleet migrate` connects,
may change or drop them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

WORKER, GEO, READER, OPS = "fleet_worker", "fleet_geo", "fleet_reader", "fleet_ops"

S: Final = ("SELECT",)
READS_AND_DELETES: Final = ("SELECT", "DELETE")
ADDS: Final = ("SELECT", "INSERT")
ADDS_AND_CHANGES: Final = ("SELECT", "INSERT", "UPDATE")
ADDS_AND_DELETES: Final = ("SELECT", "INSERT", "DELETE")
CHANGES: Final = ("SELECT", "UPDATE")
ALL: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")

TABLES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = MappingProxyType(
    {
        WORKER: {
            "absences": S,
            "alembic_version": S,
            "attendance_events": ALL,
            "audit": ADDS_AND_CHANGES,
            "calls": ALL,
            "campaign_recipients": READS_AND_DELETES,
            "campaigns": S,
            "consents": ALL,
            "corrections": ALL,
            "employee_offices": ADDS_AND_DELETES,
            "employees": ADDS_AND_CHANGES,
            "holidays": S,
            "inbox": ADDS_AND_CHANGES,
            "invite_uses": ADDS_AND_DELETES,
            "invites": ADDS_AND_CHANGES,
            "office_managers": ADDS_AND_DELETES,
            "offices": ADDS_AND_CHANGES,
            "pending_offices": ALL,
            "reminders": READS_AND_DELETES,
            "schedule_assignments": S,
            "schedules": S,
            "sessions": ALL,
            "throttles": ALL,
        },
        # Addresses, and of whom they are: no place, no name.
        GEO: {
            "alembic_version": S,
            "attendance_events": (
                *(f"SELECT ({column})" for column in ("user_id", "sent_at", "update_id", "kind", "coarse")),
                "UPDATE (address)",
            ),
            "sessions": (
                *(f"SELECT ({column})" for column in ("user_id", "start_time", "end_time")),
                *(f"SELECT ({column})" for column in ("start_update_id", "end_update_id")),
                "UPDATE (start_address)",
                "UPDATE (end_address)",
            ),
        },
        OPS: {
            "absences": ADDS_AND_DELETES,
            "alembic_version": S,
            "attendance_events": ADDS_AND_CHANGES,
            "calls": READS_AND_DELETES,
            "campaign_recipients": ADDS_AND_CHANGES,
            "campaigns": ALL,
            "employee_offices": ALL,
            "employees": ADDS_AND_CHANGES,
            "holidays": ALL,
            "inbox": READS_AND_DELETES,
            "invite_uses": ("INSERT",),
            "invites": READS_AND_DELETES,
            "office_managers": ADDS_AND_DELETES,
            "offices": ADDS_AND_CHANGES,
            "reminders": ADDS_AND_CHANGES,
            "schedule_assignments": ADDS_AND_CHANGES,
            "schedules": ADDS,
            "sessions": CHANGES,
            "throttles": READS_AND_DELETES,
        },
    }
)
"""Rights by role and table; the reader's follow from the tables that there are. A test compares them with the services'
statements. `alembic_version` says whether the schema is there, for which each waits (ops/gate.py)."""
FUTURE: Final = "future tables"
"""What the reader may read without being told: those that the owner makes later."""

LOCK: Final = "SELECT pg_advisory_xact_lock(x'666c656575'::bigint)"
# Names are quoted where they must be, since they become statements. Other owners' relations in the schema are another
# application's: who connects as our owner could change nothing of them.
NAMES: Final = """
SELECT quote_ident(relname) AS name FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
  AND relowner = (SELECT relowner FROM pg_class WHERE oid = 'employees'::regclass)
ORDER BY 1
"""
THERE: Final = "SELECT rolname FROM pg_roles WHERE rolname = ANY($1)"
OWNER: Final = "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'employees'::regclass"
HELD: Final = """
WITH owner (oid) AS (
    SELECT relowner FROM pg_class WHERE oid = 'employees'::regclass
), objects (oid, name, acl) AS (
    SELECT c.oid, CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || quote_ident(relname), relacl
    FROM pg_class c JOIN owner o ON o.oid = c.relowner
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
), rights (grantee, privilege, name) AS (
    SELECT a.grantee, a.privilege_type, o.name FROM objects o, aclexplode(o.acl) a
    UNION ALL
    SELECT a.grantee, format('%s (%I)', a.privilege_type, t.attname), o.name
    FROM objects o JOIN pg_attribute t ON t.attrelid = o.oid, aclexplode(t.attacl) a
    WHERE t.attnum > 0 AND NOT t.attisdropped
    UNION ALL
    SELECT a.grantee, a.privilege_type, 'future tables'
    FROM pg_default_acl d JOIN owner o ON o.oid = d.defaclrole, aclexplode(d.defaclacl) a
    WHERE d.defaclnamespace = 'public'::regnamespace AND d.defaclobjtype = 'r'
)
SELECT g.rolname, r.privilege, r.name FROM rights r JOIN pg_roles g ON g.oid = r.grantee WHERE g.rolname = ANY($1)
"""

ROLES: Final = (WORKER, GEO, READER, OPS)


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """That a role may do something: to `TABLE sessions`, `SEQUENCE forgotten_people`, or to future tables.

    Both `on` and `privilege` are parts of a statement: names in them are quoted.
    """

    role: str
    on: str
    privilege: str

    def statement(self, verb: str, owner: str) -> str:
        """The SQL that gives it (GRANT) or takes it away (REVOKE), where tables are this owner's (quoted)."""
        towards = "TO" if verb == "GRANT" else "FROM"
        if self.on == FUTURE:
            change = f"{verb} {self.privilege} ON TABLES {towards} {self.role}"
            return f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public {change}"
        return f"{verb} {self.privilege} ON {self.on} {towards} {self.role}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        missing: roles that do not exist.
        rights: statements that give what lacks and take what is too much.
    """

    missing: Sequence[str]
    rights: Sequence[str]

    @property
    def creations(self) -> Sequence[str]:
        """The statements for which one must be allowed to make roles."""
        return [f"CREATE ROLE {role} NOLOGIN" for role in self.missing]


def wanted(tables: Sequence[str]) -> set[Right]:
    """All rights, where there are these tables (quoted)."""
    given = {
        Right(role, f"TABLE {table}", privilege)
        for role, rights in TABLES.items()
        for table, privileges in rights.items()
        if table in tables
        for privilege in privileges
    }
    read = {Right(READER, f"TABLE {table}", "SELECT") for table in tables}
    # people who are forgotten get a number of it
    return given | read | {Right(READER, FUTURE, "SELECT"), Right(WORKER, "SEQUENCE forgotten_people", "USAGE")}


async def plan(db: "Connection") -> Plan:
    """Compare what the roles may do with what they should.

    Raises:
        asyncpg.UndefinedTableError: the database has no schema.
    """
    there = {row["rolname"] for row in await db.fetch(THERE, ROLES)}
    held = {Right(row["rolname"], row["name"], row["privilege"]) for row in await db.fetch(HELD, ROLES)}
    should = wanted([row["name"] for row in await db.fetch(NAMES)])
    owner = await db.fetchval(OWNER)
    given = [right.statement("GRANT", owner) for right in sorted(should - held)]
    taken = [right.statement("REVOKE", owner) for right in sorted(held - should)]
    return Plan([role for role in ROLES if role not in there], [*given, *taken])


async def write(db: "Connection") -> Plan:
    """Make the roles that are missing, and bring the rights of all up to date; returns what was done.

    Raises:
        asyncpg.InsufficientPrivilegeError: this login may not; nothing is changed.
    """
    async with db.transaction():
        await db.execute(LOCK)
        todo = await plan(db)
        for statement in (*todo.creations, *todo.rights):
            await db.execute(statement)
    return todo


async def refresh(db: "Connection") -> int:
    """Bring the rights up to date if all roles exist; returns how many were given or taken."""
    async with db.transaction():
        await db.execute(LOCK)
        todo = await plan(db)
        if todo.missing:
            return 0
        for statement in todo.rights:
            await db.execute(statement)
    return len(todo.rights)
