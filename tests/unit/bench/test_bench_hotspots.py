"""Where a profile says that time goes: to packages, with what they call in C, and to functions."""

import cProfile
import json
from pathlib import Path

import pytest

from bench.hotspots import hotspots, package
from shared.contracts import Order, encode


def run() -> None:
    """Encode, by ourselves and by the standard library."""
    order = Order(subject="bulk", state="running", given_at=1.0)
    for _ in range(2000):
        encode(order)
        json.dumps([1, 2, 3])


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("profile") / "one.prof"
    profiler = cProfile.Profile()
    profiler.runcall(run)
    profiler.dump_stats(str(file))
    return file


def test_what_is_written_in_c_counts_to_the_package_that_calls_it(profile: Path) -> None:
    shares = dict(hotspots([profile]).packages)
    assert shares["shared"] > 0.05
    assert shares["Python"] > shares["shared"]
    assert 0.9 < sum(shares.values()) <= 1.0 + 1e-9


def test_a_function_is_named_with_its_package(profile: Path) -> None:
    assert "shared/contracts.encode" in dict(hotspots([profile], functions=100).functions)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("/x/.venv/lib/python3.11/site-packages/asyncpg/pool.py", "asyncpg"),
        ("/x/fleet/checkin_worker/book.py", "checkin_worker"),
        ("/usr/lib/python3.11/asyncio/tasks.py", "Python"),
    ],
)
def test_a_file_belongs_to_its_package(file: str, name: str) -> None:
    assert package(file) == name
