"""`deploy/k8s/roll-out` does things in the order that a release needs; here with a kubectl that only writes down."""

import os
import subprocess
from pathlib import Path

import pytest

from local.folders import PROJECT

SCRIPT = PROJECT / "deploy" / "k8s" / "roll-out"
WRITES_DOWN = """#!/bin/sh
echo "$*" >>"$ASKED"
case "$*" in
    *"$REFUSES"*) exit 1 ;;
    *"get job/$FAILED "*) echo "FailureTarget Failed" ;;
    *"get job/"*) echo "SuccessCriteriaMet Complete" ;;
    *"get job "*) for name in "$@"; do :; done; echo "job.batch/$name" ;;
esac
"""
STATE = '--output jsonpath={.status.conditions[?(@.status=="True")].type}'


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(WRITES_DOWN)
    kubectl.chmod(0o755)
    return tmp_path / "asked"


def roll_out(asked: Path, refuses: str = "never", failed: str = "none") -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{asked.parent}:{os.environ['PATH']}",
        "ASKED": str(asked),
        "REFUSES": refuses,
        "FAILED": failed,
    }
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
        f"get job/migrate {STATE}",
        *(
            f"rollout status deployment/{one} --timeout=1200s"
            for one in ("ingress", "checkin-worker", "geo-worker", "sender", "desk")
        ),
        "apply --kustomize overlay --selector app.kubernetes.io/name in (webhook, menu)",
        "get job --ignore-not-found --output name webhook",
        f"get job/webhook {STATE}",
        "get job --ignore-not-found --output name menu",
        f"get job/menu {STATE}",
    ]
    assert said == order


def test_a_failed_migration_ends_it_at_once_before_telegram_is_told(asked: Path) -> None:
    done = roll_out(asked, failed="migrate")
    assert done.returncode == 1
    assert "Mend it and say this again" in done.stderr
    assert steps(asked)[-1] == "logs job/migrate --all-containers --prefix --tail=20"


def test_a_service_that_does_not_come_up_ends_it_and_says_where_to_look(asked: Path) -> None:
    done = roll_out(asked, refuses="rollout status deployment/geo-worker")
    assert done.returncode == 1
    assert "describe pods --selector app.kubernetes.io/name=geo-worker" in done.stderr
    assert steps(asked)[-1].startswith("rollout status deployment/geo-worker")


def test_when_telegram_refuses_it_says_so(asked: Path) -> None:
    done = roll_out(asked, failed="webhook")
    assert done.returncode == 1
    assert "logs job/webhook" in done.stderr


def test_an_overlay_that_does_not_render_changes_nothing(asked: Path) -> None:
    assert roll_out(asked, refuses="kustomize overlay").returncode != 0
    assert steps(asked) == ["kustomize overlay"]
