"""What docs/deploy.md says of sizes, versions and files is what the manifests have."""

import re
import tomllib

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from local.folders import PROJECT
from ops.cli import app
from ops.plan.costs import PODS, Pod
from ops.plan.page import CAP
from ops.plan.scale import CONNECTIONS, POOL
from ops.plan.sizes import Plan
from ops.plan.words import length
from tests.deploy.manifests import BASE, K8S, OVERLAYS, Object, needs_kubectl, of_kind, ours, settings_of
from tests.docs.pages import code, rows

PAGE = (PROJECT / "docs" / "deploy.md").read_text()
[SIZES] = re.findall(r"^## Sizes\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
[PRODUCTION] = [folder for folder in OVERLAYS if folder.name == "production"]


def asks(template: Object, what: str) -> float:
    """What a pod asks for, in cores or MiB."""
    quantity: str = template["spec"]["containers"][0]["resources"]["requests"][what]
    return float(re.sub(r"[A-Za-z]+$", "", quantity)) / (1000 if quantity.endswith("m") else 1)


@pytest.mark.parametrize("row", rows(SIZES), ids=lambda row: row[0])
def test_a_row_of_the_sizing_table_is_what_fleet_plan_says(row: list[str]) -> None:
    [each] = {int(number) for number in re.findall(r"`DB_POOL_MAX=(\d+)`", SIZES)}
    plan = Plan(int(row[0].replace(",", "")), 0, CAP)
    assert row[1:7] == [
        length(plan.told_within(1)),
        length(plan.recording.last_wait),
        str(plan.copies["ingress"]),
        str(plan.copies["checkin_worker"]),
        str(plan.claim(each).total),
        f"{plan.cores:.1f} cores, {plan.memory:.1f} GiB",
    ]


@needs_kubectl
def test_plans_are_made_with_what_the_manifests_ask_for() -> None:
    pods = ours(BASE)
    assert {
        name: Pod(asks(pods[name.replace("_", "-")], "cpu"), int(asks(pods[name.replace("_", "-")], "memory")))
        for name in PODS
    } == PODS
    settings = settings_of(BASE)
    assert (int(settings["SENDER_RATE"]), int(settings["SENDER_GUARD_MS"]) / 1000) == (CAP.rate, CAP.guard)
    assert int(settings["DB_POOL_MAX"]) == POOL
    parameters = of_kind(PRODUCTION, "Cluster")["postgres"]["spec"]["postgresql"]["parameters"]
    assert int(parameters["max_connections"]) == CONNECTIONS


@needs_kubectl
def test_the_page_says_how_far_scaling_goes_and_the_table_stays_below() -> None:
    workers = of_kind(PRODUCTION, "ScaledObject")["checkin-worker"]["spec"]["maxReplicaCount"]
    ingresses = of_kind(PRODUCTION, "HorizontalPodAutoscaler")["ingress"]["spec"]["maxReplicas"]
    assert f"up to {workers} workers and {ingresses} ingresses" in SIZES
    for row in rows(SIZES):
        assert int(row[3]) <= ingresses
        assert int(row[4]) <= workers


def test_versions_on_the_page_are_those_of_the_files() -> None:
    [python] = re.findall(r"ARG PYTHON_IMAGE=(\S+)", (PROJECT / "deploy" / "docker" / "Dockerfile").read_text())
    assert f"`{python}`" in PAGE
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert set(re.findall(r"checkin-fleet:(\d+\.\d+\.\d+)", PAGE)) == {version}


def test_files_on_the_page_exist() -> None:
    named = set(re.findall(r"\b((?:deploy|tests)/[\w./-]*\w)", code(PAGE))) - {"deploy/desk"}
    assert len(named) > 5
    assert [file for file in named if not (PROJECT / file).exists()] == []
    components = set(re.findall(r"`components/([\w-]+)`", PAGE))
    assert components <= {folder.name for folder in (K8S / "components").iterdir()}


def test_commands_on_the_page_exist() -> None:
    """Those in backticks, after `-- fleet` at the desk, and after `run --rm fleet`."""
    page = PAGE.replace("\\\n", " ")
    said = set(re.findall(r"(?:`|-- |--rm )fleet ((?:[a-z][a-z-]* ?)+)", page))
    assert len(said) > 8
    for words in said:
        command: object = get_command(app)
        for word in words.split():
            command = getattr(command, "commands", {}).get(word, command)
        assert command is not get_command(app), words
        assert CliRunner().invoke(app, [*words.split()[:2], "--help"]).exit_code == 0, words


@needs_kubectl
def test_secrets_on_the_page_are_those_that_pods_and_components_want() -> None:
    made = set(re.findall(r"create secret generic (\S+)", PAGE))
    wanted = {
        source["secret"]["name"]
        for template in ours(PRODUCTION).values()
        for volume in template["spec"]["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
    }
    text = "\n".join(
        file.read_text()
        for name in ("redis", "keda", "postgres")
        for file in (K8S / "components" / name).glob("*.yaml")
    )
    wanted |= {name for name in ("redis-password", "fleet-keda", "postgres-fleet") if name in text}
    assert wanted - made == {"fleet-geocoder"}, "which Photon, the geocoder of that overlay, does not want"
    vault = yaml.safe_load_all((K8S / "components" / "external-secrets" / "secrets.yaml").read_text())
    assert {one["metadata"]["name"] for one in vault} == made
