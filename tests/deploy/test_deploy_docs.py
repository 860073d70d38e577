"""What docs/deploy.md says of sizes, versions and files is what the manifests have."""

import re
import tomllib

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from local.folders import PROJECT
from ops.cli import app
from tests.deploy.manifests import BASE, K8S, OVERLAYS, Object, needs_kubectl, of_kind, ours, settings_of
from tests.docs.pages import code, rows

PAGE = (PROJECT / "docs" / "deploy.md").read_text()
[SIZES] = re.findall(r"^## Sizes\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
[PRODUCTION] = [folder for folder in OVERLAYS if folder.name == "production"]


def asks(template: Object, what: str) -> float:
    """What a pod asks for, in cores or MiB."""
    quantity: str = template["spec"]["containers"][0]["resources"]["requests"][what]
    return float(re.sub(r"[A-Za-z]+$", "", quantity)) / (1000 if quantity.endswith("m") else 1)


def most(cell: str) -> int:
    """The larger end of `2 to 6`."""
    return int(re.findall(r"\d+", cell)[-1])


@needs_kubectl
@pytest.mark.parametrize("row", rows(SIZES), ids=lambda row: row[0])
def test_a_row_of_the_sizing_table_is_the_sum_of_its_requests(row: list[str]) -> None:
    pods = ours(BASE)
    copies = {"ingress": most(row[2]), "checkin-worker": most(row[3]), "geo-worker": 2, "sender": 2, "desk": 1}
    cores = sum(number * asks(pods[name], "cpu") for name, number in copies.items())
    memory = sum(number * asks(pods[name], "memory") for name, number in copies.items()) / 1024
    assert row[5] == f"{cores:.1f} cores, {memory:.1f} GiB"
    each = int(settings_of(BASE)["DB_POOL_MAX"])
    assert int(row[4]) == (copies["checkin-worker"] + copies["geo-worker"]) * each


@needs_kubectl
def test_the_largest_row_is_what_scaling_allows() -> None:
    last = rows(SIZES)[-1]
    assert most(last[3]) == of_kind(PRODUCTION, "ScaledObject")["checkin-worker"]["spec"]["maxReplicaCount"]
    assert most(last[2]) == of_kind(PRODUCTION, "HorizontalPodAutoscaler")["ingress"]["spec"]["maxReplicas"]


def test_the_last_reply_is_what_the_cap_allows() -> None:
    for row in rows(SIZES):
        people = int(re.sub(r"\D", "", row[0]))
        told = {unit: int(number) for number, unit in re.findall(r"(\d+) (min|s)\b", row[1])}
        assert told.get("min", 0) * 60 + told.get("s", 0) == pytest.approx(people / 30, abs=10)


def test_versions_on_the_page_are_those_of_the_files() -> None:
    [python] = re.findall(r"ARG PYTHON_IMAGE=(\S+)", (PROJECT / "deploy" / "docker" / "Dockerfile").read_text())
    assert f"`{python}`" in PAGE
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert set(re.findall(r"checkin-fleet:(\d+\.\d+\.\d+)", PAGE)) == {version}


def test_files_on_the_page_exist() -> None:
    named = set(re.findall(r"\b((?:deploy|tests)/[\w./-]*\w)", code(PAGE))) - {"deploy/desk"}
    assert len(named) > 5
    assert [file for file in named if not (PROJECT / file).exists()] == []
    assert PAGE.index("base/priorities.yaml") < PAGE.index("rabbitmq/cluster.yaml"), "whose pods name a class there"
    components = set(re.findall(r"`components/([\w-]+)`", PAGE))
    assert components <= {folder.name for folder in (K8S / "components").iterdir()}


def test_commands_on_the_page_exist() -> None:
    """Those in backticks, after `-- fleet` at the desk, and after `run --rm fleet`."""
    page = PAGE.replace("\\\n", " ")
    said = set(re.findall(r"(?:`|-- |--rm )fleet ((?:[a-z-]+ ?)+)", page))
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
    beside = ("redis-password", "fleet-keda", "postgres-fleet", "fleet-postgres-reader")
    wanted |= {name for name in beside if name in text}
    assert wanted - made == {"fleet-geocoder"}, "which Photon, the geocoder of that overlay, does not want"
    vault = yaml.safe_load_all((K8S / "components" / "external-secrets" / "secrets.yaml").read_text())
    assert {one["metadata"]["name"] for one in vault} == made
