"""Owns the private PgBouncer, which lends few connections to many, each for one transaction."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import asyncpg

from local import binaries
from local.engine import Engine
from local.ports import LOOPBACK
from local.postgres import SYSTEM_USER, USER, Postgres, identity
from local.processes import Program


class PgBouncer(Engine):
    """A PgBouncer in transaction mode before a PostgreSQL; it has the other's databases and password.

    Args:
        logins: who may come in, beside the one that may do everything.
    """

    name: ClassVar[str] = "pgbouncer"

    def __init__(self, run: Path, server: Postgres, logins: Iterable[str], *, connections: int) -> None:
        super().__init__(run, server.password)
        self._logins = (USER, *logins)
        self._server = server
        self._connections = connections

    @property
    def url(self) -> str:
        """The database that exists from the start, by way of the pooler."""
        return self.before(self._server.url)

    def before(self, url: str) -> str:
        """The address of a database of the server's, by way of the pooler."""
        return url.replace(f":{self._server.port}/", f":{self.port}/") + "?statement_cache_size=0"

    async def prepare(self) -> None:
        """Write the configuration and who may come in."""
        config, users = self.folder / "pgbouncer.ini", self.folder / "users"
        config.write_text(
            "[databases]\n"
            f"* = host={LOOPBACK} port={self._server.port}\n"
            "[pgbouncer]\n"
            f"listen_addr = {LOOPBACK}\n"
            f"listen_port = {self.port}\n"
            "unix_socket_dir =\n"
            "auth_type = scram-sha-256\n"
            f"auth_file = {users}\n"
            "pool_mode = transaction\n"
            "max_client_conn = 1000\n"
            f"default_pool_size = {self._connections}\n"
        )
        users.touch(mode=0o600)
        users.write_text("".join(f'"{login}" "{self.password}"\n' for login in self._logins))
        if identity(self.folder):  # PgBouncer refuses root, as PostgreSQL does
            for path in (self.folder, users):
                shutil.chown(path, SYSTEM_USER, SYSTEM_USER)

    def program(self) -> Program:
        """PgBouncer in the foreground."""
        return Program(
            name=self.name,
            argv=(binaries.pgbouncer(), str(self.folder / "pgbouncer.ini")),
            env=self.plain_environment(),
            log=self.log,
            identity=identity(self.folder),
        )

    async def answers(self) -> bool:
        """Whether a query is answered, through it."""
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            url = self.url.partition("?")[0]
            connection = await asyncpg.connect(url, timeout=2, statement_cache_size=0)
            await connection.close()
            return True
        return False
