"""`python -m checkin_worker.reports FOLDER`: make the file that a request on standard input asks for, and end.

Started by the worker (`making.py`), with its environment.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from checkin_worker.reports.attendance_file import attendance_file
from checkin_worker.reports.login import as_reader
from checkin_worker.reports.own_data import own_data_file
from checkin_worker.reports.request import MADE, Made, ReportRequest
from checkin_worker.settings import WorkerSettings
from shared.contracts import decode
from shared.database import PrimaryPool, replica_pools
from shared.errors import DatabaseUnavailable
from shared.replicas import Reader
from shared.settings import read
from shared.telemetry import configure_logging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.database import ReadConnection

log = structlog.get_logger()

_KINDNESS: Final = 10
"""Of the least to the most kind: check-ins come first when the processor is short."""
_WAIT: Final = 5.0
"""Seconds that a replica may take; more than what a person waits for, as the connections are new in each process."""


@contextlib.asynccontextmanager
async def reading(settings: WorkerSettings) -> "AsyncIterator[ReadConnection]":
    """Lend a connection that sees what was committed, of a login that can only read if one is known."""
    few = as_reader(settings).model_copy(update={"db_pool_min": 0, "db_pool_max": 2})
    async with (
        contextlib.aclosing(PrimaryPool(few)) as pool,
        contextlib.aclosing(Reader(replica_pools(few), _WAIT)) as reader,
        pool.connection() as primary,
        reader.connection(primary) as db,
    ):
        yield db


@contextlib.asynccontextmanager
async def snapshot(settings: WorkerSettings) -> "AsyncIterator[ReadConnection]":
    """Lend a connection that sees one moment and writes nothing: a replica's that has reached all, if there is one."""
    async with reading(settings) as db, db.transaction(isolation="repeatable_read", readonly=True):
        yield db


class BrokenOffError(Exception):
    """PostgreSQL was found, and failed while the file was made; says how."""


async def make(request: ReportRequest, settings: WorkerSettings, folder: Path) -> Made:
    """Make the file that is asked for in the folder.

    Raises:
        DatabaseUnavailable: no database was to be had; nothing has been asked of it.
        BrokenOffError: a query was cancelled, took too long, found no column, or lost its server. The request itself
            may be to blame, if it reads too much.
    """
    lent = False
    try:
        async with snapshot(settings) as db:
            lent = True
            if request.kind == "mydata":
                return await own_data_file(db, request, folder)
            return await attendance_file(db, request, settings, folder)
    except DatabaseUnavailable as problem:
        if lent:
            raise BrokenOffError(str(problem)) from problem
        raise


def peak_mib() -> int:
    """The most memory that this process had resident, in MiB; nothing of the one that started it, as ru_maxrss has."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def main() -> None:
    """Read the request, and leave the file and what is to be known of it in the folder.

    The status is EX_TEMPFAIL if no database was to be had, and 1 if making the file failed.
    """
    folder = Path(sys.argv[1])
    os.nice(_KINDNESS)
    settings = read(WorkerSettings)
    configure_logging("checkin_worker reports", settings)
    request = decode(ReportRequest, sys.stdin.buffer.read())
    try:
        made = asyncio.run(make(request, settings, folder))
    except DatabaseUnavailable as problem:
        log.warning("report_waits", kind=request.kind, month=request.month, error=str(problem))
        sys.exit(os.EX_TEMPFAIL)
    except Exception:
        log.exception("report_failed", kind=request.kind, month=request.month)
        sys.exit(1)
    (folder / MADE).write_bytes(msgspec.json.encode(msgspec.structs.replace(made, peak_mib=peak_mib())))


if __name__ == "__main__":
    main()
