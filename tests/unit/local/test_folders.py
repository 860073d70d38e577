from pathlib import Path

import pytest

from local import folders
from local.folders import LOGS, RUNS, run_folder, runs_in_memory


def test_what_a_run_stored_goes_with_it_and_its_logs_stay(tmp_path: Path) -> None:
    with run_folder("demo", tmp_path) as folder:
        (folder / "postgres").mkdir()
        (folder / LOGS / "ingress.log").write_text("hello")
    assert not (folder / "postgres").exists()
    assert (folder / LOGS / "ingress.log").read_text() == "hello"


def test_the_next_run_deletes_what_an_ended_run_left(tmp_path: Path) -> None:
    with run_folder("demo", tmp_path) as first:
        pass
    assert first.exists()
    with run_folder("demo", tmp_path):
        assert not first.exists()


def test_a_run_leaves_a_living_run_alone(tmp_path: Path) -> None:
    with run_folder("demo", tmp_path) as first, run_folder("tests", tmp_path) as second:
        assert first.is_dir()
        assert second.is_dir()
        assert first != second


def test_a_folder_without_a_lock_belongs_to_nobody(tmp_path: Path) -> None:
    left_over = tmp_path / "demo-old" / "postgres"
    left_over.mkdir(parents=True)
    with run_folder("demo", tmp_path):
        assert not left_over.exists()


def test_a_failed_run_cleans_up_too(tmp_path: Path) -> None:
    def fail() -> None:
        with run_folder("demo", tmp_path) as folder:
            (folder / "redis").mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not list(tmp_path.glob("*/redis"))


def test_tests_run_in_memory_if_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "ROOM", 1)
    assert runs_in_memory(tmp_path).parent == tmp_path
    monkeypatch.setattr(folders, "ROOM", 2**62)
    assert runs_in_memory(tmp_path) == RUNS
    assert runs_in_memory(tmp_path / "none") == RUNS
