"""What every pod must have, whoever adds the next one."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from local.folders import PROJECT
from shared.lifecycle import DRAIN_SECONDS
from tests.deploy.manifests import (
    BASE,
    K8S,
    OVERLAYS,
    Object,
    containers,
    needs_kubectl,
    objects,
    of_kind,
    ours,
    pods,
    selects,
    settings_of,
    specs,
    templates,
)

pytestmark = needs_kubectl
EVERY = [BASE, *OVERLAYS]
SERVICES = ("ingress", "checkin-worker", "geo-worker", "sender")
CLOSING = 5.0
"""Seconds for closing connections after the drain; `shared.database` and `shared.broker` take two each at most."""
WRITABLE = {"photon", "rabbitmq"}
"""Whose images write beside their data, which their manifests say."""


def name(folder: Path) -> str:
    return folder.name


def mebibytes(quantity: str) -> float:
    [(number, unit)] = re.findall(r"^(\d+)([MG]i)$", quantity)
    return int(number) * {"Mi": 1, "Gi": 1024}[unit]


def seconds(probe: Object) -> int:
    return int(probe["periodSeconds"]) * int(probe["failureThreshold"])


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_every_pod_is_restricted(folder: Path) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards, `restricted`, and a little more."""
    [namespace] = [one for one in objects(folder) if one["kind"] == "Namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for where, template in templates(folder).items():
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False, where
        assert spec["securityContext"]["runAsNonRoot"] is True, where
        assert spec["securityContext"]["runAsUser"] > 0, where
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, where
        for container in containers(template):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, where
            assert context["capabilities"] == {"drop": ["ALL"]}, where
            assert context.get("readOnlyRootFilesystem") is True or container["name"] in WRITABLE, where


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_each_has_an_account_of_its_own_without_a_token(folder: Path) -> None:
    accounts = of_kind(folder, "ServiceAccount")
    for where, template in templates(folder).items():
        workload = where.partition("/")[2]
        assert template["spec"]["serviceAccountName"] == workload
        assert accounts[workload]["automountServiceAccountToken"] is False
    kinds = {one["kind"] for one in objects(folder)}
    assert kinds & {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"} == set()


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_every_image_is_pinned_by_a_whole_version(folder: Path) -> None:
    images = {container["image"] for template in templates(folder).values() for container in containers(template)}
    images |= {one["spec"]["imageName"] for one in objects(folder) if one["kind"] == "Cluster"}
    images |= {one["spec"]["image"] for one in objects(folder) if one["kind"] == "RabbitmqCluster"}
    assert [image for image in images if not re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)*$", image)] == []


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_every_container_asks_for_what_it_needs_and_is_bounded_in_memory(folder: Path) -> None:
    for where, template in templates(folder).items():
        for container in containers(template):
            asked, limits = container["resources"]["requests"], container["resources"]["limits"]
            assert set(asked) == {"cpu", "memory"}, where
            assert mebibytes(asked["memory"]) <= mebibytes(limits["memory"]), where
            assert "cpu" not in limits, f"{where}: a throttled process stalls in the middle of a burst"


def measured() -> dict[str, float]:
    """The memory that the README's demo saw, in MiB, the largest of each service."""
    rows = re.findall(r"│ memory of (\w+?)(?:-\d)? +│ (\d+) MiB", (PROJECT / "README.md").read_text())
    found: dict[str, float] = {}
    for service, figure in rows:
        found[service] = max(found.get(service, 0.0), float(figure))
    return found


def test_a_service_asks_for_the_memory_that_was_measured_and_may_have_what_is_promised() -> None:
    services = ours(BASE)
    assert {service.replace("_", "-") for service in measured()} == set(SERVICES)
    for service, figure in measured().items():
        resources = services[service.replace("_", "-")]["spec"]["containers"][0]["resources"]
        assert figure <= mebibytes(resources["requests"]["memory"]) <= figure * 1.25, service
        assert mebibytes(resources["limits"]["memory"]) >= 250, f"{service}: 250 MiB are promised whatever waits"


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_the_grace_is_longer_than_all_that_comes_before_the_end(folder: Path) -> None:
    for service, template in ours(folder).items():
        if service in SERVICES:
            stops = template["spec"]["containers"][0].get("lifecycle", {}).get("preStop", {})
            before = stops.get("sleep", {}).get("seconds", 0)
            assert template["spec"]["terminationGracePeriodSeconds"] >= before + DRAIN_SECONDS + CLOSING, service


def test_compose_gives_the_same_grace() -> None:
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    assert int(compose["x-service"]["stop_grace_period"].removesuffix("s")) >= DRAIN_SECONDS + CLOSING


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_liveness_asks_no_engine(folder: Path) -> None:
    for service, template in ours(folder).items():
        if service not in SERVICES:
            continue
        container = template["spec"]["containers"][0]
        assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}
        startup = container["startupProbe"]
        if startup["httpGet"]["path"] == "/readyz":  # a start that waits for an engine must not be cut short
            assert seconds(startup) >= 24 * 3600


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_a_release_that_reaches_no_engine_replaces_nobody(folder: Path) -> None:
    for service, template in ours(folder).items():
        if service in SERVICES:
            container = template["spec"]["containers"][0]
            asked = [container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe")]
            assert "/readyz" in asked, service


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_ports_are_those_of_the_settings(folder: Path) -> None:
    said = settings_of(folder)
    for service, template in ours(folder).items():
        if service in SERVICES:
            ports = {port["name"]: port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
            wanted = {"metrics": int(said["METRICS_PORT"])}
            if service == "ingress":
                wanted["webhook"] = int(said["HTTP_PORT"])
            assert ports == wanted


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_every_selector_selects_its_own_and_nothing_else(folder: Path) -> None:
    for one in objects(folder):
        selector = one.get("spec", {}).get("selector", {})
        if one["kind"] in {"Deployment", "StatefulSet", "Service", "PodDisruptionBudget"}:
            wanted = {"matchLabels": selector} if one["kind"] == "Service" else selector
            chosen = [where for where, labels in pods(folder).items() if selects(wanted, labels)]
            assert selector, one["metadata"]["name"]
            assert len(chosen) == 1, f"{one['kind']} {one['metadata']['name']} selects {chosen}"


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_copies_are_spread_by_their_own_labels(folder: Path) -> None:
    for where, spec in specs(folder).items():
        for constraint in spec.get("topologySpreadConstraints", ()):
            assert selects(constraint["labelSelector"], pods(folder)[where]), where
            if constraint["whenUnsatisfiable"] == "DoNotSchedule":
                assert constraint["nodeTaintsPolicy"] == "Honor", f"{where} would wait for nodes that take nobody"


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_target_ports_are_ports_of_the_pods(folder: Path) -> None:
    for service in of_kind(folder, "Service").values():
        selector = {"matchLabels": service["spec"]["selector"]}
        [template] = [one for one in templates(folder).values() if selects(selector, one["metadata"]["labels"])]
        names = {port["name"] for container in template["spec"]["containers"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_two_copies_of_each_service_lie_apart_and_one_at_a_time_may_go(folder: Path) -> None:
    budgets = of_kind(folder, "PodDisruptionBudget")
    for service, template in ours(folder).items():
        if service in SERVICES:
            assert budgets[service]["spec"]["maxUnavailable"] == 1
            spread = template["spec"]["topologySpreadConstraints"]
            assert {one["topologyKey"] for one in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_a_release_may_wait_longer_for_its_schema_than_a_deployment_usually_may(folder: Path) -> None:
    for service, one in of_kind(folder, "Deployment").items():
        if service in SERVICES:
            assert one["spec"]["progressDeadlineSeconds"] >= 1800, service


@pytest.mark.parametrize("folder", OVERLAYS, ids=name)
def test_a_number_of_copies_has_one_owner(folder: Path) -> None:
    """Said in a Deployment too, each `kubectl apply` would reset what an autoscaler has chosen."""
    scaled = {
        one["spec"]["scaleTargetRef"]["name"] for one in objects(folder) if "scaleTargetRef" in one.get("spec", {})
    }
    for service, one in of_kind(folder, "Deployment").items():
        assert ("replicas" in one["spec"]) == (service not in scaled), service


def test_cron_pods_are_as_others_are() -> None:
    usual, crons = ((BASE / file).read_text() for file in ("pod.yaml", "cron-pod.yaml"))
    steps = yaml.safe_load(crons)
    assert yaml.safe_load(usual) == [{**one, "path": one["path"].replace("/spec/jobTemplate", "", 1)} for one in steps]


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_jobs_are_on_the_companys_clock(folder: Path) -> None:
    assert zones(folder) == {settings_of(folder)["TIMEZONE"]}


@pytest.mark.parametrize("overlay", OVERLAYS, ids=name)
def test_an_overlays_time_zone_is_that_of_its_jobs_and_of_its_scaling(overlay: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(K8S.parent, tmp_path / "deploy") / K8S.name / "overlays" / overlay.name
    said = copy / "kustomization.yaml"
    literals = "\n    literals:\n"
    assert said.read_text().count(literals) == 1
    said.write_text(said.read_text().replace(literals, f"{literals}      - TIMEZONE=Europe/Istanbul\n"))
    assert zones(copy) == {"Europe/Istanbul"}


def zones(folder: Path) -> set[str]:
    """Where it is what time, for all that happens at a time."""
    scaled = [trigger["metadata"] for one in objects(folder) for trigger in one.get("spec", {}).get("triggers", ())]
    return {one["spec"]["timeZone"] for one in of_kind(folder, "CronJob").values()} | {
        trigger["timezone"] for trigger in scaled if "timezone" in trigger
    }


def test_services_that_use_the_database_wait_for_the_migration_and_nobody_else_does() -> None:
    for service, template in ours(BASE).items():
        waits = [one["command"] for one in template["spec"].get("initContainers", ())]
        assert (waits == [["fleet", "migrate", "--wait"]]) == (service in {"checkin-worker", "geo-worker"})
