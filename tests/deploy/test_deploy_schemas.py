"""Every kustomization renders, and what it renders is what the clusters' own schemas describe, field by field."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import BASE, COMPONENTS, OVERLAYS, Object, needs_kubectl, objects, rendered
from tests.deploy.tools import needs_tools, tool
from tests.deploy.typed import PACKAGES

pytestmark = needs_kubectl

EVERY = [BASE, *OVERLAYS]
UNKNOWN = {
    "gateway.networking.k8s.io",
    "gateway.envoyproxy.io",
    "external-secrets.io",
    "postgresql.cnpg.io",
    "rabbitmq.com",
    "barmancloud.cnpg.io",
}
"""Groups of which neither Kubernetes nor a package that we use has schemas; docs/deploy.md says so."""


def name(folder: Path) -> str:
    return folder.name


def group(one: Object) -> str:
    return str(one["apiVersion"].rpartition("/")[0])


def known_to_kubernetes(one: Object) -> bool:
    return group(one) not in UNKNOWN | {kind.rpartition("/")[0] for kind in PACKAGES}


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kustomization with all components that can live together."""
    folder = tmp_path_factory.mktemp("everything")
    together = [one for one in COMPONENTS if one.name not in {"engines-small", "postgres-restore"}]
    paths = {one: os.path.relpath(one, folder) for one in (BASE, *together)}
    (folder / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {"kind": "Kustomization", "resources": [paths[BASE]], "components": [paths[one] for one in together]}
        )
    )
    return folder


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_it_renders_and_no_object_is_there_twice(folder: Path) -> None:
    names = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in objects(folder)]
    assert names
    assert len(set(names)) == len(names)


def test_every_component_is_used_by_an_overlay_or_chosen_by_whoever_deploys() -> None:
    used = {
        path.rpartition("/")[2]
        for overlay in OVERLAYS
        for path in yaml.safe_load((overlay / "kustomization.yaml").read_text())["components"]
    }
    chosen = {"ingress-classic", "managed-engines", "postgres-backup", "postgres-restore", "registry", "tracing"}
    assert {one.name for one in COMPONENTS} - used == chosen


@needs_tools
@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_kubernetes_knows_every_field(folder: Path, tmp_path: Path) -> None:
    judge(objects(folder), tmp_path)


@needs_tools
def test_kubernetes_knows_every_field_of_all_components_together(everything: Path, tmp_path: Path) -> None:
    judge(objects(everything), tmp_path)


def judge(found: list[Object], tmp_path: Path) -> None:
    file = tmp_path / "rendered.yaml"
    file.write_text(yaml.safe_dump_all([one for one in found if known_to_kubernetes(one)]))
    said = tool("kubernetes-validate", "--strict", file)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "WARN" not in said.stdout + said.stderr


@needs_tools
def test_a_field_that_does_not_exist_is_found(tmp_path: Path) -> None:
    service = next(one for one in objects(BASE) if one["kind"] == "Service")
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump({**service, "spec": {**service["spec"], "selektor": {}}}))
    assert tool("kubernetes-validate", "--strict", file).returncode != 0


@needs_tools
def test_packages_know_every_field_of_keda_prometheus_and_cert_manager(everything: Path) -> None:
    found = [one for one in objects(everything) if one["apiVersion"] in PACKAGES]
    assert {one["apiVersion"] for one in found} == set(PACKAGES)
    assert tool("python", "-m", "tests.deploy.typed", said=json.dumps(found)).stdout == ""


@needs_tools
def test_packages_find_a_field_that_does_not_exist(everything: Path) -> None:
    scaled = next(one for one in objects(everything) if one["kind"] == "ScaledObject")
    wrong = {**scaled, "spec": {**scaled["spec"], "minReplicas": 2}}
    said = tool("python", "-m", "tests.deploy.typed", said=json.dumps([wrong])).stdout
    assert said == "ScaledObject: .spec.minReplicas: no such field\n"


def strict(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """The schema as an API server with strict field validation has it: a field that is not named is refused."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(part) for name, part in schema.items()}
    if isinstance(schema.get("pattern"), str) and "(?i)" in schema["pattern"]:
        del made["pattern"]  # Go's; who judges here takes the whole schema for wrong
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        made["type"] = ["integer", "string"]
    return made


def schemas(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The kinds that CRDs of a folder describe, as `group/version/Kind`, each with its schema."""
    for file in sorted(folder.glob("*.yaml")):
        for crd in filter(None, yaml.safe_load_all(file.read_text())):
            spec = crd["spec"]
            for version in spec["versions"]:
                schema = strict(version["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                yield f"{spec['group']}/{version['name']}/{spec['names']['kind']}", schema


def judge_by_operators(found: list[Object], tmp_path: Path) -> set[str]:
    """Judge objects by the CRDs in CRD_SCHEMAS; returns the kinds that are described there."""
    known = dict(schemas(Path(os.environ["CRD_SCHEMAS"])))
    judged = set()
    for number, one in enumerate(found):
        kind = f"{one['apiVersion']}/{one['kind']}"
        if kind not in known:
            continue
        schema, instance = tmp_path / "schema.json", tmp_path / f"{number}.json"
        schema.write_text(json.dumps(known[kind]))
        # PyYAML takes a moment that is a string to Kubernetes for a date.
        instance.write_text(json.dumps(one, default=str))
        said = tool("check-jsonschema", "--schemafile", schema, instance)
        assert said.returncode == 0, f"{kind} {one['metadata']['name']}: {said.stdout}{said.stderr}"
        judged.add(one["kind"])
    return judged


needs_crds = pytest.mark.skipif(
    "CRD_SCHEMAS" not in os.environ, reason="CRD_SCHEMAS names no folder with the operators' CRDs"
)


@needs_tools
@needs_crds
@pytest.mark.timeout(600)
def test_the_operators_schemas_know_every_field(everything: Path, tmp_path: Path) -> None:
    judged = judge_by_operators(objects(everything), tmp_path)
    assert {"Cluster", "Pooler", "RabbitmqCluster", "ScaledObject", "TriggerAuthentication", "PodMonitor"} <= judged


def test_the_strict_schema_refuses_what_it_does_not_name() -> None:
    schema = {"properties": {"a": {"properties": {"b": {"x-kubernetes-int-or-string": True}}}}}
    made = strict(schema)
    assert (made["additionalProperties"], made["properties"]["a"]["additionalProperties"]) == (False, False)


def test_of_a_schema_that_speaks_gos_regular_expressions_the_rest_still_judges() -> None:
    schema = {"properties": {"pattern": {"type": "string", "pattern": "^(?i)(abort|warn)?$"}, "b": {"pattern": "^b$"}}}
    properties = strict(schema)["properties"]
    assert properties == {"pattern": {"type": "string"}, "b": {"pattern": "^b$"}}


def test_nothing_is_left_to_a_namespace_that_is_not_ours() -> None:
    cluster_wide = {"Namespace", "PriorityClass"}
    for folder in EVERY:
        for one in objects(folder):
            if one["kind"] not in cluster_wide:
                assert one["metadata"].get("namespace") == "checkin-fleet", one["metadata"]["name"]


def test_a_changed_setting_is_a_new_name_and_so_a_rolling_update() -> None:
    for folder in EVERY:
        assert set(re.findall(r"name: (fleet-settings\S*)", rendered(folder))) == {
            one["metadata"]["name"]
            for one in objects(folder)
            if one["kind"] == "ConfigMap" and one["metadata"]["name"].startswith("fleet-settings-")
        }
