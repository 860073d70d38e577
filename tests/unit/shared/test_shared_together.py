"""What becomes of a group when a statement, its end, or one of its own goes wrong, each at its worst moment."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import asyncpg
import pytest
from structlog.testing import capture_logs

from shared import together
from shared.database import AWAY
from shared.errors import DatabaseUnavailable
from shared.together import Scattered, Together

if TYPE_CHECKING:
    from shared.database import Connection, PrimaryPool

Fails = Callable[[str], BaseException | None]
Ask = Callable[["Connection"], Awaitable[object]]


class Server:
    """A pool of one connection that answers everything, but for what `fails` says of a statement."""

    def __init__(self, fails: Fails) -> None:
        self._fails = fails
        self.said: list[str] = []

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator["Server"]:
        try:
            yield self
        except AWAY as problem:
            raise DatabaseUnavailable(repr(problem)) from problem

    async def execute(self, statement: str, **_: Any) -> str:  # noqa: ANN401 - as asyncpg's
        words = statement.split(maxsplit=1)[0].rstrip(";")
        if words != "BEGIN":
            self._say(words)
            return words
        self._say("BEGIN")
        return f"SELECT {statement.count(',') + 1}"

    async def fetch(self, query: str, *_: object) -> Sequence[object]:
        self._say(query)
        await asyncio.sleep(0)  # so that who has been answered runs on
        return []

    async def executemany(self, statement: str, _: object) -> None:
        self._say(statement)

    def _say(self, words: str) -> None:
        self.said.append(words)
        if (problem := self._fails(words)) is not None:
            raise problem


async def outcomes(server: Server, *asks: Ask) -> list[str]:
    """What each of them, in a group, hears at the end."""
    group = Together(cast("PrimaryPool", server), {})

    async def one(number: int, ask: Ask) -> str:
        try:
            async with group.opened(number) as connection:
                await ask(connection)
        except (Scattered, DatabaseUnavailable, RuntimeError) as problem:
            return type(problem).__name__
        return "stored"

    async with asyncio.timeout(10):
        return await asyncio.gather(*(one(number, ask) for number, ask in enumerate(asks, 1)))


def asks(*queries: str) -> Ask:
    async def ask(connection: "Connection") -> None:
        for query in queries:
            await connection.fetchval(query)

    return ask


def failing(words: str, problem: BaseException) -> Fails:
    return lambda said: problem if said == words else None


def never(_: str) -> None:
    return None


async def test_a_group_in_which_nothing_goes_wrong_is_stored_by_one_commit() -> None:
    server = Server(never)
    assert await outcomes(server, asks("a", "b"), asks("a"), asks("c")) == ["stored"] * 3
    assert (server.said[0], server.said[-1], server.said.count("COMMIT")) == ("BEGIN", "COMMIT", 1)


@pytest.mark.parametrize(
    ("problem", "heard"),
    [
        (asyncpg.CheckViolationError("x"), "Scattered"),
        (asyncpg.DeadlockDetectedError("x"), "Scattered"),
        (asyncpg.LockNotAvailableError("x"), "Scattered"),
        (asyncpg.DataError("x"), "Scattered"),
        (TimeoutError(), "Scattered"),
        (asyncpg.ConnectionDoesNotExistError("x"), "DatabaseUnavailable"),
        (ConnectionResetError(), "DatabaseUnavailable"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
async def test_who_was_answered_before_another_failed_hears_of_it_too(problem: Exception, heard: str) -> None:
    """The first two go on to their next question while the third one's is asked, or come to it when all is over."""
    server = Server(failing("refused", problem))
    *before, last = await outcomes(server, asks("a", "b"), asks("a", "b"), asks("refused"))
    assert last == heard
    assert {*before} <= {heard, "Scattered"}
    assert server.said[-1] == "ROLLBACK"


@pytest.mark.parametrize(
    ("problem", "heard"),
    [
        (RuntimeError("the handler is closed"), "Scattered"),
        (asyncpg.DataCorruptedError("x"), "Scattered"),
        (ConnectionResetError(), "DatabaseUnavailable"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
async def test_what_is_not_known_to_be_stored_is_not_taken_for_stored(problem: Exception, heard: str) -> None:
    with capture_logs():
        assert await outcomes(Server(failing("COMMIT", problem)), asks("a"), asks("a")) == [heard] * 2


async def test_a_commit_that_was_a_rollback_stores_nothing() -> None:
    class Aborted(Server):
        async def execute(self, statement: str, **more: Any) -> str:  # noqa: ANN401 - as above
            said = await super().execute(statement, **more)
            return "ROLLBACK" if said == "COMMIT" else said

    assert await outcomes(Aborted(never), asks("a"), asks("a")) == ["Scattered"] * 2


async def test_one_who_neither_asks_nor_leaves_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "PATIENCE", 0.05)
    others: list[asyncio.Event] = [asyncio.Event(), asyncio.Event()]

    async def hangs(connection: "Connection") -> None:
        del connection
        for event in others:
            await event.wait()

    def told(number: int) -> Ask:
        async def ask(connection: "Connection") -> None:
            try:
                await connection.fetchval("a")
            finally:
                others[number].set()

        return ask

    with capture_logs() as lines:
        assert await outcomes(Server(never), told(0), hangs, told(1)) == ["Scattered"] * 3
    assert [(line["event"], line["reason"]) for line in lines] == [("group_came_apart", "kept waiting")]
