"""What has an owner in the code, and a deployment could break: the cap, the connections, the limits."""

import re
from datetime import time

import yaml

from ingress.webhook import MAX_BODY
from local.folders import PROJECT
from local.rabbitmq import SLEEPS
from ops.plan.connections import Claim
from ops.plan.page import CAP
from ops.plan.sizes import Plan
from ops.plan.timetable import cron
from ops.reference import READERS
from sender.settings import SenderSettings
from shared.lease import LEASE
from shared.topology import GEO_TURN, INGRESS_TURN, SENDER_TURN, UPDATES
from tests.deploy.manifests import BASE, K8S, OVERLAYS, needs_kubectl, of_kind, settings_of

[PRODUCTION] = [folder for folder in OVERLAYS if folder.name == "production"]
FALLING_OVER = 2
"""A rollout has the old release's pods and the new one's."""
RESERVED = 3
"""Connections that PostgreSQL keeps for superusers, such as the operator (superuser_reserved_connections)."""
BACKEND = 5
"""MiB of one that has served a while: its caches of the schema, its plans."""


@needs_kubectl
def test_the_cap_has_one_owner_and_the_deployment_names_it() -> None:
    rates = {settings_of(folder)["SENDER_RATE"] for folder in (BASE, *OVERLAYS)}
    assert {int(rate) for rate in rates} == {SenderSettings.model_fields["sender_rate"].default}
    readers = {reader for reader, kind in READERS.items() if "sender_rate" in kind.model_fields}
    services = {reader for reader in readers if not reader.startswith("fleet")}
    assert services == {"sender"}, "another one that reads it would be a second owner"
    assert SENDER_TURN.single_active
    manifest = (BASE / "sender" / "deployment.yaml").read_text()
    named = {"sender/pacer.py", "shared/lease.py", SENDER_TURN.name}
    assert all(what in manifest for what in named)
    assert all((PROJECT / what).exists() for what in named if what.endswith(".py"))


@needs_kubectl
def test_the_senders_rollout_never_has_a_third_and_waits_until_it_is_clear_whose_turn_it_is() -> None:
    for folder in (BASE, *OVERLAYS):
        spec = of_kind(folder, "Deployment")["sender"]["spec"]
        assert spec["replicas"] == 2
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
        assert spec["minReadySeconds"] > LEASE


@needs_kubectl
def test_of_what_one_may_do_there_are_two() -> None:
    assert (GEO_TURN.single_active, INGRESS_TURN.single_active) == (True, True)
    for folder in (BASE, *OVERLAYS):
        deployments = of_kind(folder, "Deployment")
        assert deployments["geo-worker"]["spec"]["replicas"] == 2
        scaled = of_kind(folder, "HorizontalPodAutoscaler")
        least = scaled["ingress"]["spec"]["minReplicas"] if scaled else deployments["ingress"]["spec"]["replicas"]
        assert least >= 2


@needs_kubectl
def test_scaling_looks_at_the_queue_of_updates() -> None:
    spec = of_kind(PRODUCTION, "ScaledObject")["checkin-worker"]["spec"]
    queues = [trigger["metadata"] for trigger in spec["triggers"] if trigger["type"] == "rabbitmq"]
    assert {one["queueName"] for one in queues} == {UPDATES.name}
    assert {one["mode"] for one in queues} == {"QueueLength", "MessageRate"}
    assert {one["protocol"] for one in queues} == {"http"}, "amqp does not count what workers hold"
    assert not any("vhostName" in one for one in queues), "it would count more than the one in fleet-keda's `host`"
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 50)


@needs_kubectl
def test_workers_are_there_before_the_deadline() -> None:
    settings = settings_of(PRODUCTION)
    [one] = [
        trigger["metadata"]
        for trigger in of_kind(PRODUCTION, "ScaledObject")["checkin-worker"]["spec"]["triggers"]
        if trigger["type"] == "cron"
    ]
    planned = cron(time.fromisoformat(settings["CHECKIN_DEADLINE"]), 300, settings["TIMEZONE"], 0)
    assert (one["timezone"], one["start"], one["end"]) == (planned.zone, planned.start, planned.end)
    assert int(one["desiredReplicas"]) >= Plan(20_000, 0, CAP).copies["checkin_worker"], "as docs/deploy.md says"


@needs_kubectl
def test_all_processes_that_scaling_allows_fit_into_postgresql() -> None:
    each = int(settings_of(PRODUCTION)["DB_POOL_MAX"])
    workers = of_kind(PRODUCTION, "ScaledObject")["checkin-worker"]["spec"]["maxReplicaCount"]
    geo_workers = of_kind(PRODUCTION, "Deployment")["geo-worker"]["spec"]["replicas"]
    pooler = of_kind(PRODUCTION, "Pooler")["postgres-pooler"]["spec"]
    cluster = of_kind(PRODUCTION, "Cluster")["postgres"]["spec"]
    most = int(cluster["postgresql"]["parameters"]["max_connections"])
    parameters = pooler["pgbouncer"]["parameters"]
    claim = Claim(workers, geo_workers, each)
    assert claim.total + RESERVED <= most, "the primary without its pooler; what a replica serves is less"
    assert claim.total * FALLING_OVER <= int(parameters["max_client_conn"])
    logins = sum(one.get("login", False) for one in cluster["managed"]["roles"])
    assert pooler["instances"] * int(parameters["default_pool_size"]) * logins + RESERVED <= most


@needs_kubectl
def test_each_roll_out_asks_whether_postgresql_has_connections_for_as_many_as_may_run() -> None:
    for folder in (BASE, *OVERLAYS):
        deployments = of_kind(folder, "Deployment")
        scaled = of_kind(folder, "ScaledObject")
        worker = deployments["checkin-worker"]["spec"]
        workers = scaled["checkin-worker"]["spec"]["maxReplicaCount"] if scaled else worker["replicas"]
        geo_workers = deployments["geo-worker"]["spec"]["replicas"]
        [asked] = [
            one["command"]
            for one in of_kind(folder, "Job")["migrate"]["spec"]["template"]["spec"]["initContainers"]
            if one["name"] == "budget"
        ]
        assert asked == budget_of(workers, geo_workers), folder


def test_compose_asks_the_same_before_it_starts_a_service() -> None:
    services = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
    copies = [services[name]["deploy"]["replicas"] for name in ("checkin-worker", "geo-worker")]
    assert services["budget"]["command"] == budget_of(*copies)


def budget_of(workers: int, geo_workers: int) -> list[str]:
    return ["fleet", "doctor", "--only", "pool", "--workers", f"{workers}", "--geo-workers", f"{geo_workers}"]


@needs_kubectl
def test_postgresql_has_memory_for_all_its_connections() -> None:
    cluster = of_kind(PRODUCTION, "Cluster")["postgres"]["spec"]
    parameters = cluster["postgresql"]["parameters"]
    shared, most = int(parameters["shared_buffers"].removesuffix("MB")), int(parameters["max_connections"])
    memory = int(cluster["resources"]["requests"]["memory"].removesuffix("Gi")) * 1024
    assert cluster["resources"]["limits"]["memory"] == cluster["resources"]["requests"]["memory"]
    assert shared + most * BACKEND <= memory


@needs_kubectl
def test_the_edge_takes_what_the_ingress_takes() -> None:
    limits = of_kind(PRODUCTION, "BackendTrafficPolicy")["ingress"]["spec"]
    assert limits["requestBuffer"]["limit"] == f"{MAX_BODY // 1024**2}Mi"
    [classic] = yaml.safe_load_all((K8S / "components" / "ingress-classic" / "ingress.yaml").read_text())
    annotations = classic["metadata"]["annotations"]
    assert annotations["nginx.org/client-max-body-size"] == f"{MAX_BODY // 1024**2}m"
    rate = limits["rateLimit"]["local"]["rules"][0]["limit"]
    assert annotations["nginx.org/limit-req-rate"] == f"{rate['requests']}r/s"


@needs_kubectl
def test_the_way_in_is_one_host_one_path_and_post() -> None:
    [route] = of_kind(PRODUCTION, "HTTPRoute").values()
    [rule] = route["spec"]["rules"]
    assert rule["matches"] == [{"method": "POST", "path": {"type": "Exact", "value": "/webhook"}}]
    gateway = of_kind(PRODUCTION, "Gateway")["public"]
    hosts = {listener["hostname"] for listener in gateway["spec"]["listeners"]} | set(route["spec"]["hostnames"])
    assert {f"https://{host}/webhook" for host in hosts} == {settings_of(PRODUCTION)["TELEGRAM_WEBHOOK_URL"]}


@needs_kubectl
def test_everybody_is_scraped() -> None:
    [fleet] = [one for name, one in of_kind(PRODUCTION, "PodMonitor").items() if name == "fleet"]
    [chosen] = fleet["spec"]["selector"]["matchExpressions"]
    scraped = yaml.safe_load((PROJECT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    services = {"ingress", "checkin-worker", "geo-worker", "sender"}
    assert set(chosen["values"]) == services
    [found] = scraped["scrape_configs"][0]["dns_sd_configs"]
    assert set(found["names"]) == services
    assert found["port"] == int(settings_of(BASE)["METRICS_PORT"])


def test_all_that_run_an_engine_run_the_same() -> None:
    """What was tried in containers is what clusters get."""
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
    text = "\n".join(file.read_text() for file in (K8S / "components").rglob("*.yaml"))
    for engine in ("rabbitmq", "redis", "redis-exporter", "photon"):
        repository = compose[engine]["image"].partition(":")[0]
        assert set(re.findall(rf"image: ({re.escape(repository)}:\S+)", text)) == {compose[engine]["image"]}
    version = compose["postgres"]["image"].partition(":")[2]
    assert set(re.findall(r"postgres(?:ql)?:(\d+\.[\w.]+)", text)) == {version}


@needs_kubectl
def test_cloudnativepgs_image_names_its_flavour_and_its_debian() -> None:
    """https://github.com/cloudnative-pg/postgres-containers: tags that do not are given up one day."""
    image = of_kind(PRODUCTION, "Cluster")["postgres"]["spec"]["imageName"]
    assert re.fullmatch(r"ghcr\.io/cloudnative-pg/postgresql:\d+\.\d+-(minimal|standard)-\w+", image)


def test_an_own_photon_holds_the_same_data_wherever_it_runs() -> None:
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]["photon"]["environment"]
    [photon] = yaml.safe_load_all((K8S / "components" / "photon" / "statefulset.yaml").read_text())
    said = {one["name"]: one["value"] for one in photon["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert said == {variable: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for variable, value in compose.items()}


@needs_kubectl
def test_a_cluster_survives_the_loss_of_one_node_of_each_engine() -> None:
    cluster = of_kind(PRODUCTION, "Cluster")["postgres"]["spec"]
    assert (cluster["instances"], cluster["postgresql"]["synchronous"]["number"]) == (3, 1)
    assert of_kind(PRODUCTION, "RabbitmqCluster")["rabbitmq"]["spec"]["replicas"] == 3
    assert of_kind(PRODUCTION, "StatefulSet")["redis-server"]["spec"]["replicas"] == 3


def test_rabbitmq_sleeps_wherever_it_shares_processors_as_it_did_when_it_was_measured() -> None:
    runs = [
        file
        for file in (PROJECT / "docker-compose.yml", *K8S.rglob("*.yaml"))
        if "image: rabbitmq:" in file.read_text()
    ]
    assert len(runs) == 3
    assert [file for file in runs if SLEEPS not in file.read_text()] == []
