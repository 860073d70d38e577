"""`deploy/k8s/roll-out` does things in the order that a release needs; here with a kubectl that only writes down."""

import os
import subprocess
from pathlib import Path

import pytest

from local.folders import PROJECT

SCRIPT = PROJECT / "deploy" / "k8s" / "roll-out"
WRITES_DOWN = """#!/bin/sh
echo "$*" >>"$ASKED"
case "$*" in *"$REFUSES"*) exit 1 ;; esac
"""


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(WRITES_DOWN)
    kubectl.chmod(0o755)
    return tmp_path / "asked"


def roll_out(asked: Path, refuses: str = "never") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{asked.parent}:{os.environ['PATH']}", "ASKED": str(asked), "REFUSES": refuses}
    return subprocess.run([SCRIPT, "overlay"], env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own script


def steps(asked: Path) -> list[str]:
    return [line.replace("--namespace checkin-fleet ", "") for line in asked.read_text().splitlines()]


def test_first_the_migration_then_the_pods_then_telegram(asked: Path) -> None:
    assert roll_out(asked).returncode == 0
    said = steps(asked)
    order = [
        "kustomize overlay",
        "delete job --ignore-not-found --selector app.kubernetes.io/name in (migrate, webhook, menu)",
        "apply --kustomize overlay --selector app.kubernetes.io/name notin (webhook, menu)",
        "wait job/migrate --for=condition=complete --timeout=20m",
        *(
            f"rollout status deployment/{one} --timeout=20m"
            for one in ("ingress", "checkin-worker", "geo-worker", "sender")
        ),
        "apply --kustomize overlay --selector app.kubernetes.io/name in (webhook, menu)",
        "wait job --for=condition=complete --selector app.kubernetes.io/name in (webhook, menu) --timeout=5m",
    ]
    assert said == order


def test_a_failed_migration_ends_it_before_telegram_is_told(asked: Path) -> None:
    done = roll_out(asked, refuses="wait job/migrate")
    assert done.returncode == 1
    assert "Mend it and say this again" in done.stderr
    assert not any("in (webhook" in step and step.startswith("apply") for step in steps(asked) if "notin" not in step)


def test_an_overlay_that_does_not_render_changes_nothing(asked: Path) -> None:
    assert roll_out(asked, refuses="kustomize overlay").returncode != 0
    assert steps(asked) == ["kustomize overlay"]
