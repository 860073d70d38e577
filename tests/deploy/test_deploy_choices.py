"""What whoever deploys may choose beside production's components, made as docs/deploy.md says, and what comes of it."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.deploy.manifests import K8S, Object, needs_kubectl, objects, of_kind, rendered, settings_of
from tests.deploy.overlays import copied, page_patches
from tests.deploy.test_deploy_schemas import judge, judge_by_operators, needs_crds
from tests.deploy.tools import needs_tools

pytestmark = needs_kubectl

COMPONENTS = K8S / "components"
ONCE = [
    COMPONENTS / "gateway" / "class.yaml",
    *((COMPONENTS / "external-secrets" / f"{one}.yaml") for one in ("store", "more")),
]
"""Files that are applied by themselves."""


def once(kind: str) -> dict[str, Object]:
    """Objects of those files, by name."""
    found = [one for file in ONCE for one in yaml.safe_load_all(file.read_text())]
    return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


@pytest.fixture(scope="module")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("classic") / "mine", ["ingress-classic"], without=["gateway"])


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("backed") / "mine", ["postgres-backup", "registry"])


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("restored") / "mine", ["postgres-backup", "postgres-restore"])


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    engines = ["postgres", "rabbitmq", "redis"]
    return copied(tmp_path_factory.mktemp("managed") / "mine", ["managed-engines"], without=engines)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("traced") / "mine", ["tracing"])


def test_the_page_shows_a_patch_for_each_choice_that_has_a_value() -> None:
    assert {patch["target"]["kind"] for patch in page_patches()} == {"NetworkPolicy", "ObjectStore", "Cluster"}


def test_the_classic_way_in_has_the_host_of_the_webhook_and_its_own_issuer(classic: Path) -> None:
    ingress = of_kind(classic, "Ingress")["ingress"]
    [rule], [tls] = ingress["spec"]["rules"], ingress["spec"]["tls"]
    assert tls["hosts"] == [rule["host"]]
    assert settings_of(classic)["TELEGRAM_WEBHOOK_URL"] == f"https://{rule['host']}{rule['http']['paths'][0]['path']}"
    issuer = of_kind(classic, "Issuer")[ingress["metadata"]["annotations"]["cert-manager.io/issuer"]]
    [solver] = issuer["spec"]["acme"]["solvers"]
    assert solver["http01"]["ingress"]["ingressClassName"] == ingress["spec"]["ingressClassName"]
    assert of_kind(classic, "Gateway", "HTTPRoute") == {}


def test_the_classic_controller_reaches_the_ingress_and_the_challenge(classic: Path) -> None:
    policies = of_kind(classic, "NetworkPolicy")
    for beside, ours in (("ingress-classic", "ingress"), ("certificate-challenge-classic", "certificate-challenge")):
        spec = policies[beside]["spec"]
        assert spec["podSelector"] == policies[ours]["spec"]["podSelector"]
        [rule] = spec["ingress"]
        assert rule["ports"] == policies[ours]["spec"]["ingress"][0]["ports"]
        [peer] = rule["from"]
        assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "nginx-ingress"}


def test_a_backup_archives_into_the_store_and_is_made_each_night(backed: Path) -> None:
    store = of_kind(backed, "ObjectStore")["postgres-backup"]
    assert store["spec"]["configuration"]["destinationPath"] == "s3://your-bucket/"
    cluster = of_kind(backed, "Cluster")["postgres"]["spec"]
    [plugin] = cluster["plugins"]
    assert (plugin["isWALArchiver"], plugin["parameters"]) == (True, {"barmanObjectName": "postgres-backup"})
    schedule = of_kind(backed, "ScheduledBackup")["postgres"]["spec"]
    assert (schedule["cluster"]["name"], schedule["method"]) == ("postgres", "plugin")
    assert schedule["pluginConfiguration"]["name"] == plugin["name"]
    assert len(schedule["schedule"].split()) == 6


def test_a_registry_with_a_password_gives_it_to_every_pod(backed: Path) -> None:
    accounts = of_kind(backed, "ServiceAccount")
    assert len(accounts) > 10
    assert all(one["imagePullSecrets"] == [{"name": "registry"}] for one in accounts.values())


def test_what_is_restored_takes_the_old_clusters_place(restored: Path) -> None:
    [cluster] = of_kind(restored, "Cluster").values()
    name = cluster["metadata"]["name"]
    assert (name, cluster["metadata"]["labels"]) == (
        "postgres-restored",
        {"app.kubernetes.io/name": "postgres-restored"},
    )
    assert of_kind(restored, "Pooler")["postgres-pooler"]["spec"]["cluster"]["name"] == name
    assert of_kind(restored, "ScheduledBackup")["postgres"]["spec"]["cluster"]["name"] == name
    assert "cnpg.io/cluster: postgres\n" not in rendered(restored)


def test_what_is_restored_comes_from_the_old_archive_and_goes_into_its_own(restored: Path) -> None:
    spec = of_kind(restored, "Cluster")["postgres-restored"]["spec"]
    recovery = spec["bootstrap"]["recovery"]
    assert set(spec["bootstrap"]) == {"recovery"}
    assert "targetTime: 2026-11-28 10:55:00+04\n" in rendered(restored)
    original = yaml.safe_load((COMPONENTS / "postgres" / "cluster.yaml").read_text())["spec"]["bootstrap"]["initdb"]
    assert {key: recovery[key] for key in original} == original
    [origin] = [one for one in spec["externalClusters"] if one["name"] == recovery["source"]]
    [plugin] = spec["plugins"]
    assert origin["plugin"]["parameters"]["serverName"] == "postgres"
    assert plugin["parameters"]["serverName"] == "postgres-restored"
    assert origin["plugin"]["name"] == plugin["name"]


def test_engines_elsewhere_are_reached_by_every_pod_of_ours(managed: Path) -> None:
    policy = of_kind(managed, "NetworkPolicy")["managed-engines"]["spec"]
    [rule] = policy["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "10.20.0.0/24"}}]
    for workload in of_kind(managed, "Deployment").values():
        if "checkin-fleet" in workload["spec"]["template"]["spec"]["containers"][0]["image"]:
            labels = workload["spec"]["template"]["metadata"]["labels"]
            assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert of_kind(managed, "Cluster", "RabbitmqCluster", "StatefulSet").keys() <= {"photon"}


def test_traces_reach_a_collector_from_the_four_services_and_from_nobody_else(traced: Path) -> None:
    address = urlsplit(settings_of(traced)["OTEL_EXPORTER_OTLP_ENDPOINT"])
    namespace = (address.hostname or "").partition(".")[2]
    to_it = {
        name
        for name, policy in of_kind(traced, "NetworkPolicy").items()
        for rule in policy["spec"].get("egress", ())
        for peer in rule["to"]
        if peer.get("namespaceSelector", {}).get("matchLabels") == {"kubernetes.io/metadata.name": namespace}
        and rule["ports"] == [{"port": address.port}]
    }
    assert to_it == {"ingress", "checkin-worker", "geo-worker", "sender"}


def test_traces_close_nothing_where_nothing_was_closed(tmp_path: Path) -> None:
    open_ = copied(tmp_path / "mine", ["tracing"], without=["network-policies"])
    assert settings_of(open_)["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert [one for one in of_kind(open_, "NetworkPolicy") if "classic" not in one] == []


def test_what_is_applied_once_is_what_the_overlay_names(backed: Path) -> None:
    gateway = of_kind(backed, "Gateway")["public"]["spec"]
    assert set(once("GatewayClass")) == {gateway["gatewayClassName"]}
    assert gateway["infrastructure"]["parametersRef"]["name"] in of_kind(backed, "EnvoyProxy")
    asked = {**of_kind(backed, "ExternalSecret"), **once("ExternalSecret")}
    assert {one["spec"]["secretStoreRef"]["name"] for one in asked.values()} == set(once("ClusterSecretStore"))
    assert "postgres-backup" in asked


def test_the_door_has_two_proxies_and_loses_one_at_a_time(backed: Path) -> None:
    kubernetes = of_kind(backed, "EnvoyProxy")["public"]["spec"]["provider"]["kubernetes"]
    assert kubernetes["envoyDeployment"]["replicas"] == 2
    assert kubernetes["envoyPDB"] == {"maxUnavailable": 1}


@needs_tools
@pytest.mark.parametrize("choice", ["classic", "backed", "restored", "managed", "traced"])
def test_kubernetes_knows_every_field_of_a_choice(choice: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    judge(objects(request.getfixturevalue(choice)), tmp_path)


@needs_tools
@needs_crds
@pytest.mark.timeout(600)
def test_the_operators_know_what_is_restored_and_what_is_applied_once(restored: Path, tmp_path: Path) -> None:
    kinds = {"Cluster", "Pooler", "ScheduledBackup", "PodMonitor"}
    found = [one for one in objects(restored) if one["kind"] in kinds]
    alone = [one for file in ONCE for one in yaml.safe_load_all(file.read_text())]
    assert {"Cluster", "Pooler"} <= judge_by_operators([*found, *alone], tmp_path)
