"""Makes overlays as docs/deploy.md has readers make them: a copy of production, with other components and patches."""

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from local.folders import PROJECT
from tests.deploy.manifests import K8S

PRODUCTION = K8S / "overlays" / "production"
PAGE = (PROJECT / "docs" / "deploy.md").read_text()
AFTER = {"postgres-backup": "postgres"}
"""Components that must stand right after another one; others are the last."""


def page_patches() -> list[dict[str, Any]]:
    """The patches that the page shows, in its order."""
    blocks = re.findall(r"^( *)```yaml\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    said = [yaml.safe_load(re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)) for indent, text in blocks]
    return [patch for one in said for patch in one.get("patches", ())]


def copied(folder: Path, more: Iterable[str] = (), without: Iterable[str] = ()) -> Path:
    """A copy of production in `folder`, with more components, and without some, and with the page's patches."""
    shutil.copytree(PRODUCTION, folder)
    file = folder / "kustomization.yaml"
    said = yaml.safe_load(file.read_text())
    names = [path.rpartition("/")[2] for path in said["components"]]
    names = [name for name in names if name not in set(without)]
    for name in more:
        names.insert(names.index(AFTER[name]) + 1 if name in AFTER else len(names), name)
    said["components"] = [f"../../components/{name}" for name in names]
    for kind in ("resources", "components", "transformers"):
        said[kind] = [os.path.relpath(PRODUCTION / path, folder) for path in said.get(kind, ())]
    said["patches"] += page_patches()
    file.write_text(yaml.safe_dump(said))
    return folder
