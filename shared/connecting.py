"""Owns how a connection to PostgreSQL comes about: to which of several servers, and through a pooler or not.

An address may name several servers, `postgresql://user:password@one:5432,two:5432/name`, of which the one that takes
writes is looked for. asyncpg could do that, but it gives all of them one time limit: a frozen one that stands first
would use it up, and a connection would never be made. Here each has a share of its own, and who served last is asked
first.
"""

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    _Connection = asyncpg.Connection  # which knows no parameters when it runs

POOLER: Final = "statement_cache_size"
"""Of an address's query; 0 says that PgBouncer stands before the server, handing out another one for each
transaction: then no statement that a transaction has prepared may be used by the next."""
CACHED: Final = 100
"""Statements that stay prepared in a connection when the address does not say; asyncpg's own number."""


class Origin(NamedTuple):
    """Where a connection leads, and how many losses were known when it was begun."""

    server: int
    losses: int


class Connected(_Connection):
    """A connection that knows where it leads, and that keeps nothing of one loan for the next."""

    __slots__ = ("origin",)
    origin: Origin

    def get_reset_query(self) -> str:
        """Nothing is to be said when it is given back to its pool, but the end of a transaction that is still open.

        We set, lock, listen and open cursors within transactions alone, whose end undoes it: a pooler may stand before
        the server, and would hand the rest to a stranger. asyncpg would clear up all the same, by a round trip.
        """
        return ""


class Servers:
    """The servers of one address.

    Args:
        url: the address; where it names several servers, only one that takes writes is connected to, or what the
            address's own `target_session_attrs` says.

    Raises:
        ValueError: the address's `statement_cache_size` is no number.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self._statements = _number(query.pop(POOLER, str(CACHED)))
        who, at, hosts = parts.netloc.rpartition("@")
        names = hosts.split(",")
        if len(names) > 1:
            query.setdefault("target_session_attrs", "read-write")
        self._urls = [urlunsplit(parts._replace(netloc=f"{who}{at}{name}", query=urlencode(query))) for name in names]
        self._names = names
        self._first = 0
        self._losses = 0

    @property
    def pooled(self) -> bool:
        """Whether a pooler stands before the server, so that a session is ours for one transaction only."""
        return self._statements == 0

    def leave(self, lost: Origin) -> bool:
        """Note that a connection of this origin was lost: its server is asked last from now on, if it was the first.

        Returns whether that is news. It is not if another was lost since this one was made: what has been connected
        since then is of another server, or of the same one as it is now, and this loss says nothing of it.
        """
        if lost.losses != self._losses:
            return False
        self._losses += 1
        if lost.server == self._first:
            self._first = (lost.server + 1) % len(self._urls)
        return True

    async def connect(
        self,
        *,
        timeout: float,  # noqa: ASYNC109 - shared out below
        command_timeout: float | None = None,
        name: str | None = None,
        statements: int | None = None,
    ) -> Connected:
        """Connect to the first server that answers and is of the right kind.

        Args:
            timeout: seconds for all servers together.
            command_timeout: seconds of each statement later; no bound when not given.
            name: the application_name that the server shows; none when not given.
            statements: how many stay prepared, whatever the address says; 0 is right with a pooler and without.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError: the only server refuses or is away.
            ConnectionError: each of several servers does; the text says of each why.
        """
        refusals, losses = [], self._losses
        for server in self._in_turn():
            try:
                connection = await asyncpg.connect(
                    self._urls[server],
                    timeout=timeout / len(self._urls),
                    statement_cache_size=self._statements if statements is None else statements,
                    command_timeout=command_timeout,
                    server_settings={} if name is None else {"application_name": name},
                    connection_class=Connected,
                )
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as problem:
                if len(self._urls) == 1:
                    raise
                refusals.append(f"{self._names[server]}: {_said(problem)}")
            else:
                self._first = server
                connection.origin = Origin(server, losses)
                return connection
        raise ConnectionError("; ".join(refusals))

    def _in_turn(self) -> list[int]:
        servers = list(range(len(self._urls)))
        return servers[self._first :] + servers[: self._first]


def _number(said: str) -> int:
    if not said.isdecimal():
        msg = f"{POOLER} in an address of PostgreSQL must be a number: 0 behind PgBouncer, else leave it out"
        raise ValueError(msg)
    return int(said)


def _said(problem: Exception) -> str:
    if isinstance(problem, asyncpg.TargetServerAttributeNotMatched):
        return "takes no writes"
    return repr(problem)
