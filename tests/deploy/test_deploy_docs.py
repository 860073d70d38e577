"""What docs/deploy.md says of sizes, versions, files, objects and Secrets is what the manifests have."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

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
from tests.deploy.manifests import BASE, K8S, OVERLAYS, Object, needs_kubectl, objects, of_kind, ours, settings_of
from tests.deploy.overlays import copied
from tests.docs.pages import code, rows

PAGE = (PROJECT / "docs" / "deploy.md").read_text()
[SIZES] = re.findall(r"^## Sizes\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
[PRODUCTION] = [folder for folder in OVERLAYS if folder.name == "production"]
SHELL = re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
BASH = "/bin/bash"
YOURS = {"deploy/k8s/overlays/mine"}
"""Files that whoever follows the page makes."""
MADE_BY_OPERATORS = {"secret/rabbitmq-default-user", "certificate/bot-tls", "cluster/postgres-restored"}


def asks(template: Object, what: str) -> float:
    """What a pod asks for, in cores or MiB."""
    quantities = [str(one["resources"]["requests"][what]) for one in template["spec"]["containers"]]
    unit = {"m": 0.001, "Mi": 1, "Gi": 1024}
    return sum(float(re.sub(r"[A-Za-z]+$", "", one)) * unit[re.sub(r"[\d.]+", "", one)] for one in quantities)


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


def engines() -> Iterator[tuple[int, Object]]:
    """The engines of production, but for Photon: how many of each there are, and what one asks for."""
    for one in objects(PRODUCTION):
        spec = one.get("spec", {})
        if one["kind"] in {"Cluster", "RabbitmqCluster"}:
            yield spec.get("instances") or spec["replicas"], {"spec": {"containers": [spec]}}
        elif one["kind"] == "Pooler":
            yield spec["instances"], spec["template"]
        elif one["kind"] in {"Deployment", "StatefulSet"} and one["metadata"]["name"].startswith("redis"):
            yield spec["replicas"], spec["template"]


@needs_kubectl
def test_what_engines_ask_for_is_in_the_sizing_table() -> None:
    found = list(engines())
    assert len(found) == 5
    cores = sum(number * asks(pod, "cpu") for number, pod in found)
    memory = sum(number * asks(pod, "memory") for number, pod in found) / 1024
    assert f"three of each, {cores:.1f} cores, {memory:.1f} GiB" in SIZES


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
    missing = [file for file in named if not (PROJECT / file).exists()]
    assert [file for file in missing if not file.startswith(tuple(YOURS))] == []
    assert [file for file in missing if not (PROJECT / file.replace("/mine", "/production")).exists()] == []
    assert components_named() <= {folder.name for folder in (K8S / "components").iterdir()}


def components_named() -> set[str]:
    return set(re.findall(r"\bcomponents/([\w-]+)", PAGE))


def test_every_component_that_one_may_choose_is_on_the_page() -> None:
    chosen = {folder.name for folder in (K8S / "components").iterdir()} - {"engines-small"}
    assert chosen <= components_named() | set(code(PAGE).splitlines())


def test_shell_on_the_page_is_understood_by_a_shell() -> None:
    assert len(SHELL) > 15
    for block in SHELL:
        done = subprocess.run([BASH, "-n"], input=block, text=True, capture_output=True, check=False)  # noqa: S603 - our own page
        assert (done.returncode, done.stderr) == (0, ""), block


def test_what_is_installed_has_a_version_and_a_place() -> None:
    lines = "".join(SHELL).replace("\\\n", " ").splitlines()
    charts = [line for line in lines if line.startswith("helm install")]
    assert len(charts) >= 6
    for chart in charts:
        assert re.search(r"--version v?\d+\.\d+\.\d+ ", chart), chart
        assert re.search(r"-n ([\w-]+) --create-namespace", chart), chart
        assert " oci://" in chart or " --repo https://" in chart, chart
    for address in re.findall(r"apply .*-f (https://\S+)", "\n".join(lines)):
        assert re.search(r"\d+\.\d+\.\d+", address), address


def test_classes_are_there_before_pods_that_name_them() -> None:
    assert PAGE.index("base/priorities.yaml") < PAGE.index("rabbitmq/cluster.yaml")


@needs_kubectl
def test_neighbours_are_installed_where_policies_let_them_in() -> None:
    installed = set(re.findall(r"-n ([\w-]+) --create-namespace", PAGE)) | {"cnpg-system", "kube-system"}
    text = "\n".join(
        file.read_text()
        for name in ("network-policies", "ingress-classic")
        for file in (K8S / "components" / name).glob("*.yaml")
    )
    assert set(re.findall(r"kubernetes.io/metadata.name: ([\w-]+)", text)) <= installed


KINDS = (
    "deploy|deployment|statefulset|scaledobject|cluster|pooler|scheduledbackup|rabbitmqcluster|gateway|ingress|"
    "externalsecret|secret|certificate"
)


def named_objects() -> Iterator[str]:
    """`kind/name` of what kubectl is told about on the page."""
    for block in SHELL:
        for line in block.replace("\\\n", " ").splitlines():
            said = re.sub(r"deploy/k8s\S*", "", line.partition(" #")[0])
            if "kubectl" in said:
                for kind, found in re.findall(rf"(?<![\w./-])({KINDS})[/ ]([a-z][\w-]+)", said):
                    yield f"{'deployment' if kind == 'deploy' else kind}/{found}"


@needs_kubectl
def test_objects_that_commands_name_exist(tmp_path: Path) -> None:
    chosen = copied(tmp_path / "mine", ["postgres-backup", "ingress-classic"])
    there = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in objects(chosen)}
    there |= {one.replace("externalsecret", "secret") for one in there}
    named = {one for one in named_objects() if not one.startswith(("secret/generic", "secret/docker-registry"))}
    assert len(named) > 15
    assert named - there - MADE_BY_OPERATORS == set()


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


def timetable() -> set[tuple[str, str]]:
    """The hours of the CronJobs, and what each of them says."""
    there = set()
    for file in (BASE / "jobs").glob("*.yaml"):
        for one in filter(None, yaml.safe_load_all(file.read_text())):
            if one["kind"] == "CronJob":
                [container] = one["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
                there.add((one["spec"]["schedule"], " ".join(container["command"])))
    return there


def test_one_machines_timetable_is_that_of_the_cluster() -> None:
    lines = re.findall(
        # Alone: with what they depend on they would start what is stopped for a restore.
        r"^(\S+ \S+ \S+ \S+ \S+) +root  cd \$FLEET && docker compose run --no-deps --rm -T (fleet .*)$",
        (PROJECT / "deploy" / "docker" / "crontab").read_text(),
        re.MULTILINE,
    )
    assert set(lines) == timetable()


def test_programs_that_readers_need_are_as_new_as_what_is_asked_of_them() -> None:
    assert len(set(re.findall(r"kubectl (\d+\.\d+) or newer", PAGE))) == 1
    [docker] = re.findall(r"^Docker (\d+) or newer with Compose", PAGE, re.MULTILINE)
    assert "start_interval" not in (PROJECT / "docker-compose.yml").read_text() or int(docker) >= 25


def test_a_release_comes_after_a_look_at_the_backup() -> None:
    [one_machine] = [block.splitlines() for block in SHELL if "git pull" in block]
    assert one_machine[0].startswith("docker compose exec -T postgres pg_dump ")
    [upgrade] = re.findall(r"^## Upgrade and rollback\n.*?```sh\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    assert upgrade.startswith("kubectl get backups.postgresql.cnpg.io ")


def test_redis_servers_without_a_majority_all_begin_anew() -> None:
    """One that is restarted alone waits for a leader that does not come, and a rolling update waits for it."""
    told = re.findall(r"^kubectl (.*\bstatefulset/redis-server\b.*)$", PAGE, re.MULTILINE)
    anew = [f"scale statefulset/redis-server --replicas {number}" for number in (0, 3)]
    assert told == [*anew, *anew]
