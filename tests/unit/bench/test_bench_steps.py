"""What each step brought: which turn counts, beside what; and where its files come from."""

import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.flow import Flow
from bench.steps import ROOT, unpack
from bench.steps_page import STEPS, Step, StepsReport, rows, section
from local.processes import ChildFailedError


def flow(worker: float, seconds: float = 10.0) -> Flow:
    cpu = {"ingress": 0.1, "checkin_worker": worker, "geo_worker": 0.2, "postgres": 0.3, "rabbitmq": 0.4, "redis": 0.0}
    return Flow(100, seconds, seconds, cpu | {"the crowd": 7.0})


BEFORE, AFTER = Step("aaa", "before"), Step("bbb", "faster")
REPORT = StepsReport({BEFORE: [flow(1.0), flow(1.4)], AFTER: [flow(0.9, 20.0), flow(0.5, 5.0)]}, "a", "b", "c")


def test_the_cheapest_turn_counts_beside_the_step_before_it() -> None:
    head, before, after = rows(REPORT)
    assert head == ("", "a second", "ingress", "worker", "geo", "postgres", "rabbitmq", "all", "x before", "x first")
    assert before == ("before (aaa)", "10", "1.00", "10.00", "2.00", "3.00", "4.00", "20.00", "-", "1.00")
    assert after == ("faster (bbb)", "20", "1.00", "5.00", "2.00", "3.00", "4.00", "15.00", "0.75", "0.75")


def test_the_page_says_how_many_came_and_how_often() -> None:
    said = section(REPORT)
    assert "lets 100 employees" in said
    assert "of the cheapest one of 2 turns" in said


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = ("git", *arguments)
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own words


def history_is_here() -> bool:
    return shutil.which("git") is not None and git("rev-parse", "--is-shallow-repository").stdout.strip() == "false"


has_history = pytest.mark.skipif(not history_is_here(), reason="the project's history is not here")


@has_history
def test_every_step_is_in_the_history_one_after_the_other() -> None:
    for earlier, later in itertools.pairwise(STEPS):
        assert git("merge-base", "--is-ancestor", earlier.commit, later.commit).returncode == 0, (earlier, later)


@has_history
async def test_a_commit_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ChildFailedError, match="git fetch --unshallow"):
        await unpack("no-such-commit", tmp_path / "x")
    await unpack(STEPS[0].commit, tmp_path / "y")
    assert (tmp_path / "y" / "checkin_worker" / "app.py").exists()
