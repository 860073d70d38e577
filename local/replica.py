"""Owns the private PostgreSQL that follows another one, for reading."""

from pathlib import Path
from typing import ClassVar

from local.ports import LOOPBACK
from local.postgres import USER, Postgres


class Replica(Postgres):
    """A PostgreSQL that follows another and can only be read; it has the other's databases, users and password."""

    name: ClassVar[str] = "replica"

    def __init__(self, run: Path, primary: Postgres) -> None:
        super().__init__(run, primary.password, fsync=primary.fsync)
        self._primary = primary

    async def _make_data(self) -> None:
        secret = self._handed_over("pgpass")
        secret.write_text(f"{LOOPBACK}:{self._primary.port}:*:{USER}:{self.password}\n")
        followed = f"host={LOOPBACK} port={self._primary.port} user={USER} passfile={secret}"
        await self._run(
            *("pg_basebackup", "-D", str(self._data), "--dbname", followed),
            *("--checkpoint", "fast", "--no-sync"),  # at once: the primary would write at leisure, for minutes
            "--write-recovery-conf",  # whom it follows, and by which password file: it connects again by itself
        )
