"""From which server a report reads is decided by types: the primary cannot be handed out for a replica."""

import re
from pathlib import Path

from mypy import api

WIRED = """
from pathlib import Path

from checkin_worker import roll
from checkin_worker.desk import Desk
from checkin_worker.reports.own_data import own_data_file
from checkin_worker.reports.request import ReportRequest
from shared.database import PrimaryPool, ReplicaPool
from shared.replicas import Reader

def wire(primary: PrimaryPool, replica: ReplicaPool) -> None:
    Reader([replica])
    Reader([primary])  # expected "ReplicaPool"

async def read(desk: Desk, asked: roll.Asked, request: ReportRequest) -> None:
    async with desk.reader.connection(desk.db) as lent:
        await roll.read(lent, asked, desk.settings)
        await own_data_file(lent, request, Path())
    await roll.read(desk.db, asked, desk.settings)  # expected "ReadConnection"
    await own_data_file(desk.db, request, Path())  # expected "ReadConnection"

async def lend(pool: PrimaryPool, request: ReportRequest) -> None:
    async with pool.connection() as lent:
        await own_data_file(lent, request, Path())  # expected "ReadConnection"
"""


def test_a_primary_where_a_replica_is_wanted_does_not_pass_the_type_check(tmp_path: Path) -> None:
    file = tmp_path / "wired.py"
    file.write_text(WIRED)
    said, complaint, _ = api.run([str(file)])
    assert complaint == ""
    expected = re.findall(r'# (expected "\w+")', WIRED)
    lines = [str(number) for number, line in enumerate(WIRED.split("\n"), 1) if "# expected" in line]
    *errors, summary = said.splitlines()
    assert re.findall(r":(\d+): error:", said) == lines
    assert [words in error for words, error in zip(expected, errors, strict=True)] == [True] * len(lines)
    assert summary.startswith(f"Found {len(lines)} errors")
