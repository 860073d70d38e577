"""Renders our kustomizations, and reads the objects in them."""

import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.folders import PROJECT
from tests.deploy.tools import KUBECTL

K8S = PROJECT / "deploy" / "k8s"
BASE = K8S / "base"
OVERLAYS = sorted((K8S / "overlays").iterdir())
COMPONENTS = sorted((K8S / "components").iterdir())

Object = dict[str, Any]

needs_kubectl = pytest.mark.skipif(
    KUBECTL is None, reason="kubectl, which renders, is not installed; `make deploy-check` brings one"
)


@functools.cache
def rendered(folder: Path) -> str:
    """What `kubectl kustomize` makes of a kustomization."""
    assert KUBECTL is not None
    command = [KUBECTL, "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own folders
    assert done.returncode == 0, done.stderr
    return done.stdout


@functools.cache
def objects(folder: Path) -> list[Object]:
    """The objects of a kustomization."""
    return [found for found in yaml.safe_load_all(rendered(folder)) if found]


def of_kind(folder: Path, *kinds: str) -> dict[str, Object]:
    """The objects of these kinds, by name; names must differ over all of them."""
    found = [one for one in objects(folder) if one["kind"] in kinds]
    names = [one["metadata"]["name"] for one in found]
    assert len(set(names)) == len(names)
    return dict(zip(names, found, strict=True))


def templates(folder: Path) -> dict[str, Object]:
    """The pod template of each workload, by the workload's name."""
    found: dict[str, Object] = {}
    for name, one in of_kind(folder, "Deployment", "StatefulSet", "Job", "CronJob").items():
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        found[f"{one['kind']}/{name}"] = spec["template"]
    return found


def ours(folder: Path) -> dict[str, Object]:
    """The pod template of each workload that runs our image, by its name alone."""
    return {
        where.partition("/")[2]: template
        for where, template in templates(folder).items()
        if "checkin-fleet" in template["spec"]["containers"][0]["image"]
    }


def made_by_operators(folder: Path) -> dict[str, dict[str, str]]:
    """The labels of the pods that operators make of our objects, by kind."""
    found: dict[str, dict[str, str]] = {}
    for one in objects(folder):
        name = one["metadata"]["name"]
        if one["kind"] == "Cluster":
            found["Cluster"] = {"cnpg.io/cluster": name}
        elif one["kind"] == "Pooler":
            found["Pooler"] = {"cnpg.io/cluster": one["spec"]["cluster"]["name"], "cnpg.io/poolerName": name}
        elif one["kind"] == "RabbitmqCluster":
            found["RabbitmqCluster"] = {"app.kubernetes.io/name": name}
    return found


def specs(folder: Path) -> dict[str, Object]:
    """What all pods are, by who makes them: of those of operators, what we say of them."""
    found = {where: template["spec"] for where, template in templates(folder).items()}
    for one in objects(folder):
        if one["kind"] == "Cluster":
            found["Cluster"] = one["spec"]
        elif one["kind"] == "Pooler":
            found["Pooler"] = one["spec"]["template"]["spec"]
        elif one["kind"] == "RabbitmqCluster":
            found["RabbitmqCluster"] = one["spec"]["override"]["statefulSet"]["spec"]["template"]["spec"]
    return found


def pods(folder: Path) -> dict[str, dict[str, str]]:
    """The labels of all pods, of workloads and of what operators make."""
    ours_and_theirs = {where: template["metadata"]["labels"] for where, template in templates(folder).items()}
    return {**ours_and_theirs, **made_by_operators(folder)}


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a selector with `matchLabels` and `matchExpressions` selects a pod; an empty one selects all."""
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items() and all(
        one["key"] in labels and (one["operator"] == "Exists" or labels[one["key"]] in one["values"])
        for one in selector.get("matchExpressions", ())
    )


def containers(template: Object) -> Iterator[Object]:
    """The containers of a pod, those that come first included."""
    yield from template["spec"].get("initContainers", ())
    yield from template["spec"]["containers"]


def settings_of(folder: Path) -> dict[str, str]:
    """What the ConfigMap `fleet-settings` says."""
    [found] = [one for name, one in of_kind(folder, "ConfigMap").items() if name.startswith("fleet-settings-")]
    data: dict[str, str] = found["data"]
    return data


def secret_files(template: Object) -> dict[str, bool]:
    """The files under /run/secrets, each with whether it may be missing."""
    [volume] = [one for one in template["spec"]["volumes"] if one["name"] == "secrets"]
    return {
        item["path"]: source["secret"].get("optional", False)
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }
