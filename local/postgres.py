"""Owns the private PostgreSQL: the cluster, its settings, and databases made from a template."""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import ClassVar

import asyncpg

from local import binaries
from local.engine import START_LIMIT_SECONDS, Engine
from local.ports import LOOPBACK
from local.processes import Child, Program

USER = "fleet"
ADMIN_DATABASE = "postgres"
SYSTEM_USER = "postgres"
AS_SYSTEM_USER = (f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--init-groups")
# For a project below a folder that only root may enter, as /root is: to pass through it, and no more.
PASS_CLOSED_FOLDERS = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


class Postgres(Engine):
    """A PostgreSQL that answers on 127.0.0.1 only. `fsync=False` is for tests that never cut the power."""

    name: ClassVar[str] = "postgres"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # ends the sessions, then itself: a "fast" shutdown

    def __init__(self, run: Path, password: str, *, fsync: bool = True) -> None:
        super().__init__(run, password)
        self.fsync = fsync

    @property
    def url(self) -> str:
        """The database that exists from the start; the services' own one is made by `create_database`."""
        return self.database_url(ADMIN_DATABASE)

    def database_url(self, database: str, login: str = USER) -> str:
        """One database, as the login that may do everything, or as one of those that `create_logins` made."""
        return f"postgresql://{login}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    async def prepare(self) -> None:
        """Make the cluster, and write its settings."""
        await self._make_data()
        with (self._data / "postgresql.conf").open("a") as config:
            config.writelines(f"{name} = {value}\n" for name, value in self._settings().items())

    def program(self) -> Program:
        """The server in the foreground."""
        return self._as_user("postgres", "-D", str(self._data))

    async def answers(self) -> bool:
        """Whether a query is answered."""
        # Refused while nobody listens, PostgresError while it starts up or recovers.
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            connection = await asyncpg.connect(self.url, timeout=2)
            await connection.close()
            return True
        return False

    async def create_database(self, name: str, template: str = "template0") -> str:
        """Make a database, a copy of `template`, to which nobody may be connected; returns its address."""
        async with self._connected() as connection:
            # Five times as fast as through the log, which is what PostgreSQL 15 does when it is not told.
            by_files = " STRATEGY FILE_COPY" if connection.get_server_version() >= (15,) else ""
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{by_files}')
        return self.database_url(name)

    async def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        async with self._connected() as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def create_logins(self, roles: Mapping[str, str]) -> None:
        """Make logins, each a member of the role beside it, with the password that opens everything here."""
        async with self._connected() as connection:
            for login, role in roles.items():
                await connection.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{self.password}' IN ROLE {role}")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.url, timeout=START_LIMIT_SECONDS)
        try:
            yield connection
        finally:
            await connection.close()

    async def _make_data(self) -> None:
        """Leave the data directory, with the settings that its maker gives it."""
        secret = self._handed_over("password")
        secret.write_text(self.password)
        await self._run(
            *("initdb", "-D", str(self._data), "--username", USER, "--pwfile", str(secret)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"),
            "--no-sync",  # a power cut now only means to start again
        )
        secret.unlink()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _handed_over(self, name: str) -> Path:
        """An empty file for the user that PostgreSQL runs as, and for nobody else, in a folder that is theirs too."""
        secret = self.folder / name
        secret.touch(mode=0o600)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                shutil.chown(path, SYSTEM_USER, SYSTEM_USER)
        return secret

    async def _run(self, program: str, *arguments: str) -> None:
        child = await Child.spawn(self._as_user(program, *arguments))
        if await child.wait() != 0:
            raise child.failure()

    def _settings(self) -> dict[str, str]:
        return {
            "listen_addresses": f"'{LOOPBACK}'",
            "port": str(self.port),
            "unix_socket_directories": "''",
            "max_connections": "300",
            "wal_level": "replica",
            "max_wal_senders": "10",
            "wal_keep_size": "'256MB'",  # a replica that was away for a moment must find what it has missed
            "shared_buffers": "'128MB'",
            "timezone": "'UTC'",
            "log_timezone": "'UTC'",
            "fsync": "on" if self.fsync else "off",
        }

    def _as_user(self, program: str, *arguments: str) -> Program:
        return Program(
            name=self.name,
            argv=(binaries.postgres(program), *arguments),
            env=self.plain_environment(),
            log=self.log,
            identity=identity(self.folder),
        )


def identity(folder: Path) -> tuple[str, ...]:
    """How to become the user that PostgreSQL runs as: it refuses root."""
    if os.geteuid() != 0:
        return ()
    closed = any(not parent.stat().st_mode & 0o001 for parent in folder.parents)
    return (*AS_SYSTEM_USER, *PASS_CLOSED_FOLDERS) if closed else AS_SYSTEM_USER
