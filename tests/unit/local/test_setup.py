import os
import shutil
import subprocess
from pathlib import Path

from local.folders import PROJECT

OLD_PYTHON = """#!/bin/sh
[ "$1" = --version ] && echo "Python 3.9.2"
exit 1
"""


def setup_in(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of the script as if `folder` were the project."""
    (folder / "local").mkdir()
    script = shutil.copy(PROJECT / "local" / "setup.sh", folder / "local")
    return subprocess.run(  # noqa: S603 - the project's own script
        ("/bin/bash", script), env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_a_python_that_is_too_old_is_refused_in_one_sentence(tmp_path: Path) -> None:
    python = tmp_path / "python3.9"
    python.write_text(OLD_PYTHON)
    python.chmod(0o755)
    done = setup_in(tmp_path, PYTHON=str(python))
    assert done.returncode == 1
    assert f"Python 3.11, 3.12 or 3.13 is needed, and {python} is Python 3.9.2." in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_python_that_is_not_there_is_refused_too(tmp_path: Path) -> None:
    done = setup_in(tmp_path, PYTHON=str(tmp_path / "none"))
    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
