"""Replicas as tests see them: a primary to lose, those that follow one, frozen or promoted, and who served reads."""

import contextlib
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import asyncpg
from prometheus_client import REGISTRY

from local.families import descendants
from local.postgres import Postgres
from local.replica import Replica
from tests.integration.broker_side import until

RECEIVES = "SELECT EXISTS (SELECT FROM pg_stat_wal_receiver)"

_numbers = itertools.count(1)


@contextlib.asynccontextmanager
async def own_primary(run: Path) -> AsyncIterator[Postgres]:
    """A PostgreSQL of the test's own, to be lost, or for what is the whole server's."""
    folder = run / f"primary-{next(_numbers)}"
    folder.mkdir()
    folder.chmod(0o755)
    primary = Postgres(folder, "secret", fsync=False)
    try:
        await primary.start()
        yield primary
    finally:
        await primary.discard()


@contextlib.asynccontextmanager
async def follower(primary: Postgres, run: Path) -> AsyncIterator[Replica]:
    """A replica of the primary, which runs as long as the block."""
    folder = run / f"follower-{next(_numbers)}"
    folder.mkdir()
    folder.chmod(0o755)
    replica = Replica(folder, primary)
    try:
        await replica.start()
        yield replica
    finally:
        await replica.discard()


async def twin(replica: Replica, database_url: str) -> str:
    """The address on the replica of a database of the primary, which is there; the replica receives what is written."""
    url = replica.database_url(database_url.rpartition("/")[2])

    async def it_is_there() -> bool:
        with contextlib.suppress(asyncpg.InvalidCatalogNameError):
            return bool(await ask(url, RECEIVES))
        return False

    await until(it_is_there)
    return url


async def ask(url: str, *statements: str) -> object:
    """Say these to the server; returns what the last one says."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def promote(replica: Replica) -> None:
    """Let it follow nobody, and take writes."""
    assert await ask(replica.url, "SELECT pg_promote()")


@contextlib.contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process where it stands, and all below it: connections stay open, and nobody answers in the block."""
    _send(signal.SIGSTOP, [pid])  # first, so that it starts no others
    family = [pid, *descendants(pid)]
    try:
        _send(signal.SIGSTOP, family)
        while not all(map(_stands, family)):
            time.sleep(0.001)
        yield
    finally:
        _send(signal.SIGCONT, family)


def _stands(pid: int) -> bool:
    """Whether each thread of the process is stopped, or gone: a signal comes to one that runs a moment later."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        states = {
            thread.read_text().rpartition(")")[2].split()[0] for thread in Path(f"/proc/{pid}/task").glob("*/stat")
        }
        return states <= {"T", "Z"}
    return True


def _send(number: signal.Signals, pids: Sequence[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@contextlib.asynccontextmanager
async def replay_paused(url: str) -> AsyncIterator[None]:
    """Let the replica receive what is written, and not show it."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_wal_replay_pause()")
        while await connection.fetchval("SELECT pg_get_wal_replay_pause_state()") != "paused":
            pass
        yield
    finally:
        await connection.execute("SELECT pg_wal_replay_resume()")
        await connection.close()


def reads(source: str) -> float:
    """How many reads of this process a `replica` or the `primary` has served."""
    return REGISTRY.get_sample_value("fleet_reads_total", {"source": source}) or 0
