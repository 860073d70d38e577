"""Which server a report reads is decided by types: the primary cannot be handed out for a replica."""

from pathlib import Path

from mypy import api

WIRED = """
from shared.database import PrimaryPool, ReplicaPool
from shared.replicas import Reader

def right(pool: ReplicaPool) -> Reader:
    return Reader([pool])

def wrong(pool: PrimaryPool) -> Reader:
    return Reader([pool])
"""


def test_a_primary_where_a_replica_is_wanted_does_not_pass_the_type_check(tmp_path: Path) -> None:
    file = tmp_path / "wired.py"
    file.write_text(WIRED)
    said, complaint, _ = api.run([str(file)])
    assert complaint == ""
    (error, summary) = said.splitlines()
    assert ":9: error:" in error
    assert 'has incompatible type "PrimaryPool"; expected "ReplicaPool"' in error
    assert summary.startswith("Found 1 error")
