"""Where the programs are that judge our manifests: in `.local/deploy-tools`, which `make deploy-check` fills."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local.folders import PROJECT

TOOLS = Path(os.environ.get("DEPLOY_TOOLS", PROJECT / ".local" / "deploy-tools")) / "bin"
KUBECTL = shutil.which("kubectl", path=f"{TOOLS}:{os.environ.get('PATH', '')}")

needs_tools = pytest.mark.skipif(
    not (TOOLS / "kubernetes-validate").exists(), reason=f"{TOOLS} is not there; `make deploy-check` makes it"
)


def tool(name: str, *words: object, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run one of the programs, with this on its standard input."""
    return subprocess.run(  # noqa: S603 - our own tools on our own files
        [str(TOOLS / name), *map(str, words)], input=said, capture_output=True, text=True, check=False, cwd=PROJECT
    )
