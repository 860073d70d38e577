"""What checkov, hadolint and the Compose specification say, and why some of it does not hold for us."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from local.folders import PROJECT
from tests.deploy.manifests import OVERLAYS, needs_kubectl, rendered
from tests.deploy.tools import needs_tools, tool

DOCKERFILE = PROJECT / "deploy" / "docker" / "Dockerfile"

ACCEPTED: Mapping[str, str] = MappingProxyType(
    {
        "CKV_DOCKER_2": "Kubernetes has probes of its own, and Compose says what healthy means for each service",
        "CKV_DOCKER_7": "the version stands in an argument, which it does not read",
        "CKV_K8S_11": "a limit of CPU throttles in the middle of a burst; requests share it out",
        "CKV_K8S_15": "every image is pinned by a whole version, which never means another one",
        "CKV_K8S_43": "digests are known where the registry is: docs/deploy.md says how an overlay pins them",
    }
)
"""Checks that do not hold for anything of ours, each with the reason."""
ACCEPTED_FOR: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("CKV_K8S_8", "desk"): "it does nothing but wait to be told to end",
        ("CKV_K8S_9", "desk"): "nobody sends it anything",
        ("CKV_K8S_22", "photon"): "it unpacks its data beside itself",
        ("CKV_K8S_22", "rabbitmq"): "the laptop's: the image's start script writes beside its data",
        ("CKV_K8S_35", "redis"): "HAProxy reads no file for its checks; the laptop's one is known to everybody",
        ("CKV_K8S_35", "postgres"): "the laptop's: its password is known to everybody",
        ("CKV_K8S_35", "rabbitmq"): "the laptop's: its password is known to everybody",
        ("CKV_K8S_40", "photon"): "the number is the image's own, whose files it owns",
        ("CKV_K8S_40", "postgres"): "the laptop's: the number is the image's own",
        ("CKV_K8S_40", "rabbitmq"): "the laptop's: the number is the image's own",
    }
)
"""And for one workload."""


def failures(said: str) -> set[tuple[str, str]]:
    """The checks that failed, each with the workload's name."""
    reports = json.loads(said)
    return {
        (check["check_id"], check["resource"].rpartition(".")[2])
        for report in (reports if isinstance(reports, list) else [reports])
        for check in report["results"]["failed_checks"]
    }


@needs_tools
@needs_kubectl
@pytest.mark.timeout(600)
def test_checkov_finds_nothing_but_what_is_accepted_with_a_reason(tmp_path: Path) -> None:
    shutil.copy(DOCKERFILE, tmp_path)
    for overlay in OVERLAYS:
        (tmp_path / f"{overlay.name}.yaml").write_text(rendered(overlay))
    said = tool(
        *("checkov", "--directory", tmp_path, "--framework", "kubernetes", "dockerfile"),
        *("--skip-download", "--compact", "--quiet", "--output", "json"),
    )
    found = failures(said.stdout)
    assert {check for check, _ in found} >= set(ACCEPTED), "an exception that nothing needs any more"
    left = {one for one in found if one[0] not in ACCEPTED}
    assert left == set(ACCEPTED_FOR)


@needs_tools
def test_hadolint_has_nothing_to_say() -> None:
    said = tool("hadolint", DOCKERFILE)
    assert said.stdout + said.stderr == ""


@needs_tools
def test_compose_takes_its_file_with_every_profile() -> None:
    env = PROJECT / "deploy" / "docker" / "demo.env"
    profiles = [word for name in ("demo", "photon", "tools") for word in ("--profile", name)]
    said = tool("docker-compose", "--env-file", env, *profiles, "config", "--quiet")
    assert (said.returncode, said.stderr) == (0, "")
    said = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", PROJECT / "docker-compose.yml")
    assert said.returncode == 0, said.stdout


@needs_tools
def test_compose_without_its_secrets_says_where_they_belong(tmp_path: Path) -> None:
    empty = tmp_path / "empty.env"
    empty.touch()
    said = tool("docker-compose", "--env-file", empty, "config", "--quiet")
    assert said.returncode != 0
    assert "deploy/docker/compose.env.example" in said.stderr


def test_ci_brings_the_tools_without_which_most_of_this_is_left_out() -> None:
    assert re.search(r"^make deploy-check$", (PROJECT / ".ci" / "run").read_text(), re.MULTILINE)


def test_scripts_end_at_the_first_failure() -> None:
    scripts = [file for file in (PROJECT / "deploy").rglob("*") if file.suffix == ".sh" or file.name == "roll-out"]
    assert len(scripts) >= 6
    for script in scripts:
        assert re.search(r"^set -eu(o pipefail)?$", script.read_text(), re.MULTILINE), script
