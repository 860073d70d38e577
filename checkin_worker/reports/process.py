"""Owns the process in which a file is made: how it is started, what it may take, and how it is ended."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from checkin_worker.reports.request import MADE, Made, ReportRequest
from shared.contracts import encode
from shared.errors import DatabaseUnavailable

TIME_LIMIT: Final = 90.0
"""Seconds that making a file may take."""
_COMMAND: Final = (sys.executable, "-m", "checkin_worker.reports")


class NotMadeError(Exception):
    """The process ended without a file; says how."""


async def make_in(folder: Path, request: ReportRequest, environment: Mapping[str, str]) -> Made:
    """Let a process make the file in the folder; it has ended when this returns, raises or is cancelled.

    Raises:
        DatabaseUnavailable: it found no database; to be asked for again, uncounted.
        NotMadeError: it failed, on the database that it had found or otherwise, was killed, or took too long.
    """
    child = await asyncio.create_subprocess_exec(
        *_COMMAND, folder, stdin=asyncio.subprocess.PIPE, env=dict(environment)
    )
    try:
        async with asyncio.timeout(TIME_LIMIT):
            await child.communicate(encode(request))
    except TimeoutError:
        raise NotMadeError(f"took longer than {TIME_LIMIT:.0f} s") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == os.EX_TEMPFAIL:
        raise DatabaseUnavailable("the process that makes a file found no database")
    if child.returncode != 0:
        raise NotMadeError(f"the process ended with status {child.returncode}")
    return msgspec.json.decode((folder / MADE).read_bytes(), type=Made)
