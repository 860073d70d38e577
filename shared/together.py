"""Owns that the updates of several people share a transaction, and the statements that they need at the same time.

What a burst costs PostgreSQL is transactions and round trips. So those who come while others are served are taken
together: each runs as if it were alone, and when all of them wait for an answer, what they ask alike is asked once
(`shared.several`). They do not know of each other: each statement is about one person, under that person's lock.

Together they stand or fall. Where one fails, is cancelled, keeps the others waiting, or wants a lock that somebody else
holds, the transaction is rolled back, the others are told `Scattered`, and each goes alone: nothing is lost, and
nothing happens twice.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import asyncpg
import structlog

from shared.database import AWAY, PrimaryPool, roll_back
from shared.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from asyncpg import Record

    from shared.database import Connection

log = structlog.get_logger()

GROUPS: Final = 2
"""At once: while PostgreSQL answers one, the other is worked on here."""
MOST: Final = 32
"""People in a group: with more, the first wait longer for the last than all gain."""
PATIENCE: Final = 2.0
"""Seconds that a group waits for one of its own to ask or to leave."""

# In one round trip, as the simple protocol takes several statements; the status tells how many locks were free. Left to
# itself, PostgreSQL plans what is asked for several anew each time, which takes it longer than the asking.
BEGIN: Final = """
BEGIN; SET LOCAL plan_cache_mode = force_generic_plan;
SELECT FROM unnest(ARRAY[{}]::bigint[]) one WHERE pg_try_advisory_xact_lock(one)
"""
_HELD_UP: Final = (TimeoutError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, asyncpg.DataError)
"""What may be about one of them only, though it reads as if the server were away."""
# A lock that is ours is free to us, so this tells which they were.
FREE: Final = "SELECT one FROM unnest($1::bigint[]) one WHERE pg_try_advisory_xact_lock(one)"


class Scattered(Exception):
    """The group came apart, and nothing of this one is stored: it is to be done again, alone."""


@dataclass(slots=True, eq=False)
class _Member:
    user_id: int
    admitted: "asyncio.Future[_Group]"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A statement, to be executed with each of these rows of values.

    Attributes:
        wants: whether rows are wanted back; then there is one row of values. They come with the number of the first
            column that is the query's own.
    """

    statement: str
    values: Sequence[Sequence[Any]]
    wants: bool
    answer: "asyncio.Future[tuple[Sequence[Record], int]]"


class Together:
    """Where those come who may share a transaction.

    Args:
        pool: of the server that takes writes.
        several: by query, the one that asks it for several; others are asked one after the other. What returns no rows
            needs no other form.
    """

    def __init__(self, pool: PrimaryPool, several: Mapping[str, str]) -> None:
        self._pool = pool
        self._several = several
        self._waiting: deque[_Member] = deque()
        self._groups: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def opened(self, user_id: int) -> AsyncIterator["Connection"]:
        """A transaction under the person's lock, committed when all who share it have left.

        Raises:
            Scattered: nothing is stored; to be done again, alone.
            DatabaseUnavailable: the server is away; if it was lost at the end, all may be stored.
        """
        member = _Member(user_id, asyncio.get_running_loop().create_future())
        self._waiting.append(member)
        asyncio.get_running_loop().call_soon(self._gather)  # after those who come in this same moment
        try:
            group = await member.admitted
        except asyncio.CancelledError:
            if member.admitted.done() and not member.admitted.cancelled() and member.admitted.exception() is None:
                member.admitted.result().leave(well=False)
            raise
        well = False
        try:
            yield cast("Connection", _Seat(group))  # the part of it that a check-in uses
            well = True
        finally:
            group.leave(well=well)
        await group.over()

    def _gather(self) -> None:
        """Let those who wait begin, as far as there is room for another group."""
        while len(self._groups) < GROUPS and (members := self._picked()):
            task = asyncio.create_task(self._serve(members), name=f"group of {len(members)}")
            self._groups.add(task)
            task.add_done_callback(self._ended)

    def _picked(self) -> list[_Member]:
        """The first of those who wait, nobody twice; by number, as everybody locks rows of several people."""
        picked: dict[int, _Member] = {}
        later: deque[_Member] = deque()
        for member in self._waiting:
            if member.user_id in picked or len(picked) >= MOST:
                later.append(member)
            elif not member.admitted.done():
                picked[member.user_id] = member
        self._waiting = later
        return sorted(picked.values(), key=lambda member: member.user_id)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._groups.discard(task)
        self._gather()

    async def _serve(self, members: Sequence[_Member]) -> None:
        group, problem = _Group(members, self._several), ""
        try:
            async with self._pool.connection() as connection:
                await group.run(connection)
        except DatabaseUnavailable as away:
            problem = str(away)
        except Exception:
            log.exception("group_failed", people=len(members))
        finally:
            group.end(problem)


class _Group:
    """Those of one transaction."""

    def __init__(self, members: Sequence[_Member], several: Mapping[str, str]) -> None:
        self._members = members
        self._several = several
        self._inside = 0
        self._asked: list[_Asked] = []
        self._look = asyncio.Event()
        self._over = asyncio.Event()
        self._apart = False
        self._stored = False
        self._problem = ""

    async def ask(
        self, statement: str, values: Sequence[Sequence[Any]], *, wants: bool
    ) -> "tuple[Sequence[Record], int]":
        """Wait until the others want something too, and return what comes back for this one."""
        if self._apart:
            raise Scattered
        asked = _Asked(statement, values, wants, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        self._look.set()
        return await asked.answer

    def leave(self, *, well: bool) -> None:
        """One has nothing more to ask."""
        self._inside -= 1
        self._apart = self._apart or not well
        self._look.set()

    async def over(self) -> None:
        """Return when all is stored.

        Raises:
            Scattered, DatabaseUnavailable: it is not.
        """
        await self._over.wait()
        if (problem := self._failure()) is not None:
            raise problem

    async def run(self, connection: "Connection") -> None:
        """Serve them in a transaction."""
        try:
            await self._admit(connection)
            while self._inside and not self._apart:
                if not await self._looked():
                    self._come_apart("kept waiting")
                elif len(self._asked) == self._inside and not self._apart:
                    await self._answer(connection)
        except BaseException:
            self._apart = True
            await roll_back(connection)
            raise
        if self._apart:
            await roll_back(connection)
        else:
            self._stored = await connection.execute("COMMIT") == "COMMIT"  # what is in doubt is done again, alone

    def end(self, problem: str) -> None:
        """Tell everybody that it is over."""
        self._problem = problem
        self._over.set()
        refused = self._failure() or Scattered()
        for member in self._members:
            if not member.admitted.done():
                member.admitted.set_exception(refused)
        for asked in self._asked:
            if not asked.answer.done():
                asked.answer.set_exception(refused)

    async def _looked(self) -> bool:
        """Wait until there is something to do; False if one of them keeps all others waiting."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._look.wait()
        except TimeoutError:
            return False
        self._look.clear()
        return True

    def _come_apart(self, why: str) -> None:
        log.warning("group_came_apart", people=len(self._members), reason=why)
        self._apart = True

    async def _admit(self, connection: "Connection") -> None:
        """Begin, and let those in whose lock is free."""
        users = [member.user_id for member in self._members]
        status = await connection.execute(BEGIN.format(",".join(f"{user:d}" for user in users)))
        free = {*users}
        if status != f"SELECT {len(users)}":
            free = {row["one"] for row in await connection.fetch(FREE, users)}
        for member in self._members:
            if member.admitted.done():
                continue
            if member.user_id in free:
                self._inside += 1
                member.admitted.set_result(self)
            else:
                member.admitted.set_exception(Scattered())

    async def _answer(self, connection: "Connection") -> None:
        """Execute what is asked; a statement that fails for whomever leaves nothing to go on with."""
        asked, self._asked = self._asked, []
        alike: dict[tuple[str, bool], list[_Asked]] = {}
        for one in asked:
            alike.setdefault((one.statement, one.wants), []).append(one)
        try:
            for (statement, wants), those in alike.items():
                if not wants:
                    await _executed(connection, statement, those)
                elif len(those) == 1 or statement not in self._several:
                    await _fetched(connection, statement, those)
                else:
                    await _fetched_at_once(connection, self._several[statement], those)
        except Exception as problem:
            self._asked = [*asked, *self._asked]  # who was answered before may have asked again
            if isinstance(problem, AWAY) and not isinstance(problem, _HELD_UP):
                raise
            self._come_apart(type(problem).__name__)  # whose fault it is shows when each goes alone

    def _failure(self) -> Exception | None:
        if self._problem:
            return DatabaseUnavailable(self._problem)
        return None if self._stored else Scattered()


class _Seat:
    """What one of them has of the connection."""

    def __init__(self, group: _Group) -> None:
        self._group = group

    async def fetch(self, query: str, *values: object) -> "Sequence[Record]":
        """All rows."""
        rows, _ = await self._group.ask(query, [values], wants=True)
        return rows

    async def fetchrow(self, query: str, *values: object) -> "Record | None":
        """The first row."""
        rows, _ = await self._group.ask(query, [values], wants=True)
        return rows[0] if rows else None

    async def fetchval(self, query: str, *values: object) -> Any:  # noqa: ANN401 - as asyncpg has it
        """The first row's first value."""
        rows, first = await self._group.ask(query, [values], wants=True)
        return rows[0][first] if rows else None

    async def execute(self, statement: str, *values: object) -> None:
        """Without a status: nobody looks at it."""
        await self._group.ask(statement, [values], wants=False)

    async def executemany(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Once for each row of values."""
        await self._group.ask(statement, rows, wants=False)


async def _executed(connection: "Connection", statement: str, asked: Sequence[_Asked]) -> None:
    await connection.executemany(statement, [values for one in asked for values in one.values])
    for one in asked:
        _give(one, [], 0)


async def _fetched(connection: "Connection", query: str, asked: Sequence[_Asked]) -> None:
    for one in asked:
        _give(one, await connection.fetch(query, *one.values[0]), 0)


async def _fetched_at_once(connection: "Connection", query: str, asked: Sequence[_Asked]) -> None:
    columns = zip(*(one.values[0] for one in asked), strict=True)
    found: list[list[Record]] = [[] for _ in asked]
    for row in await connection.fetch(query, *map(list, columns)):
        found[row["nth"] - 1].append(row)
    for one, rows in zip(asked, found, strict=True):
        _give(one, rows, 1)


def _give(one: _Asked, rows: "Sequence[Record]", first: int) -> None:
    if not one.answer.done():  # its task may have been cancelled
        one.answer.set_result((rows, first))
