"""Grafana finds the dashboards, in Compose and in the cluster, and Prometheus finds what they read."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.folders import PROJECT
from tests.deploy.manifests import K8S, needs_kubectl, of_kind
from tests.deploy.test_deploy_compose import SERVICES

GRAFANA = PROJECT / "deploy" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
APPLIED = 256 * 1024
"""Bytes; what `kubectl apply` writes of an object into an annotation of it must fit."""


def of(file: str) -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load((GRAFANA / "provisioning" / file).read_text())


def test_compose_shows_grafana_the_files_where_its_provider_looks() -> None:
    mounted = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])
    assert mounted["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    [provider] = of("dashboards/fleet.yml")["providers"]
    assert mounted["./deploy/grafana/dashboards"] == provider["options"]["path"]
    assert len({json.loads(file.read_text())["uid"] for file in FILES}) == len(FILES) > 0


def test_composes_grafana_has_one_prometheus_which_dashboards_take_by_themselves() -> None:
    [source] = of("datasources/prometheus.yml")["datasources"]
    assert source["isDefault"]
    for file in FILES:
        kinds = {variable["name"]: variable for variable in json.loads(file.read_text())["templating"]["list"]}
        assert (kinds["datasource"]["type"], kinds["datasource"]["query"]) == ("datasource", source["type"])


def test_composes_prometheus_scrapes_machines_that_are_there() -> None:
    jobs = yaml.safe_load((PROJECT / "deploy" / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    named = {
        target.partition(":")[0]
        for job in jobs
        for static in job.get("static_configs", ())
        for target in static["targets"]
    }
    asked = {name for job in jobs for found in job.get("dns_sd_configs", ()) for name in found["names"]}
    assert named | asked <= set(SERVICES)
    assert {"rabbitmq", "postgres-exporter", "redis-exporter"} <= named


@needs_kubectl
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_clusters_grafana_is_shown_each_dashboard_in_a_config_map(file: Path) -> None:
    found = of_kind(K8S / "overlays" / "production", "ConfigMap")[f"dashboard-{file.stem}"]
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["data"] == {file.name: file.read_text()}
    assert len(json.dumps(found)) < APPLIED
