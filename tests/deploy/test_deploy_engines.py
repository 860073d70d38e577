"""Engines: nobody takes their room, one node at a time may go, and each pod that an operator makes has a policy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.manifests import BASE, OVERLAYS, Object, needs_kubectl, of_kind, ours, pods, selects, specs

pytestmark = needs_kubectl
EVERY = [BASE, *OVERLAYS]
[PRODUCTION] = [folder for folder in OVERLAYS if folder.name == "production"]
ENGINES = {"postgres", "rabbitmq", "redis", "redis-server", "Cluster", "Pooler", "RabbitmqCluster"}
BY_THEMSELVES = {"Cluster"}
"""For whom the operator makes budgets."""
FOR_ALL = {"nothing", "names"}


def name(folder: Path) -> str:
    return folder.name


def is_engine(where: str) -> bool:
    """Whether that is who runs an engine."""
    return where.rpartition("/")[2] in ENGINES


@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_engines_come_before_whoever_needs_them_and_everybody_says_its_place(folder: Path) -> None:
    classes = {one: found["value"] for one, found in of_kind(folder, "PriorityClass").items()}
    highest = max(classes, key=lambda one: int(classes[one]))
    assert highest == "checkin-fleet-engines"
    for where, spec in specs(folder).items():
        assert spec.get("priorityClassName") in classes, where
        assert (spec["priorityClassName"] == highest) == is_engine(where), where


def test_of_each_engine_one_node_at_a_time_may_go_also_one_that_is_broken() -> None:
    budgets = of_kind(PRODUCTION, "PodDisruptionBudget").values()
    for where, labels in pods(PRODUCTION).items():
        if is_engine(where) and where not in BY_THEMSELVES:
            [budget] = [one["spec"] for one in budgets if selects(one["spec"]["selector"], labels)]
            assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow"), where
    for budget in budgets:
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow", budget["metadata"]["name"]


@pytest.mark.parametrize("folder", OVERLAYS, ids=name)
def test_every_pod_has_a_policy_that_says_whom_it_may_reach(folder: Path) -> None:
    policies = {one: found["spec"] for one, found in of_kind(folder, "NetworkPolicy").items() if one not in FOR_ALL}
    for where, labels in pods(folder).items():
        found = [one for one, spec in policies.items() if selects(spec["podSelector"], labels)]
        assert found, f"{where} is cut off from everybody"


def test_no_policy_is_for_nobody() -> None:
    everybody = [labels for folder in OVERLAYS for labels in pods(folder).values()]
    for one, found in of_kind(PRODUCTION, "NetworkPolicy").items():
        if one != "certificate-challenge":  # cert-manager's pods
            assert any(selects(found["spec"]["podSelector"], labels) for labels in everybody), one


def test_a_restored_cluster_may_reach_and_be_reached_as_the_first_may() -> None:
    restored = {"cnpg.io/cluster": "postgres-restored"}
    policies = of_kind(PRODUCTION, "NetworkPolicy")
    assert selects(policies["postgres-cluster"]["spec"]["podSelector"], restored)
    for workload in [*ours(PRODUCTION), "postgres-pooler", "postgres-cluster"]:
        peers = list(reached(policies[workload]))
        assert any(selects(one, {"cnpg.io/cluster": "postgres"}) for one in peers) == any(
            selects(one, restored) for one in peers
        ), workload


def reached(policy: Object) -> Iterator[Object]:
    """The selectors of pods that a policy opens the way to."""
    for rule in policy["spec"].get("egress", ()):
        yield from (peer["podSelector"] for peer in rule["to"] if "podSelector" in peer)


def test_prometheus_is_told_of_pods_that_there_are() -> None:
    for one, found in of_kind(PRODUCTION, "PodMonitor").items():
        chosen = [where for where, labels in pods(PRODUCTION).items() if selects(found["spec"]["selector"], labels)]
        assert chosen, one
