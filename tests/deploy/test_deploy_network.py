"""The NetworkPolicies are the arrows of docs/architecture.md: what is drawn is open, all else is closed."""

import re
from pathlib import Path

import pytest

from local.folders import PROJECT
from ops.reference import READERS
from shared.settings import BrokerSettings, CacheSettings, DatabaseSettings, TelegramSettings
from tests.deploy.manifests import OVERLAYS, Object, needs_kubectl, of_kind, ours, settings_of
from tests.deploy.test_deploy_settings import READ_BY

pytestmark = needs_kubectl

PAGE = (PROJECT / "docs" / "architecture.md").read_text()
TELEGRAM = {"149.154.160.0/20", "91.108.4.0/22"}
"""https://core.telegram.org/resources/cidr.txt, of which these have the Bot API (https://core.telegram.org/bots/webhooks)."""
ENGINES = {"PostgreSQL": "postgres", "replicas": "postgres", "Redis": "redis", "geocoder": "geocoder"}
"""Nodes of the picture that are no queues; all queues are RabbitMQ."""
PORTS = {"rabbitmq": {5672, 15672}, "postgres": {5432}, "redis": {6379}, "telegram": {443}, "geocoder": {443, 2322}}
NEEDS = {BrokerSettings: "rabbitmq", DatabaseSettings: "postgres", CacheSettings: "redis", TelegramSettings: "telegram"}


def name(folder: Path) -> str:
    return folder.name


def drawn() -> set[tuple[str, str]]:
    """The arrows between a service and what it reaches, whichever way they point: a consumer connects, too."""
    [picture] = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
    nodes: dict[str, str] = {}
    for node, says in re.findall(r"\b([A-Z]\w?)(?:\(\[|\[\(|\(\(|\[)([^\])]+)", picture):
        nodes.setdefault(node, says)
    arrows = re.findall(r"^ *(.+?) (?:--|-\.)(?: .*? )?(?:-->|\.->|>) *(\S+)", picture, re.MULTILINE)
    found = set()
    for left, right in arrows:
        ends = [what(nodes[end]) for one in (left, right) for end in re.findall(r"^[A-Z]\w?", one)]
        services = [end for end in ends if end in SERVICES]
        found |= {(service, end) for service in services for end in ends if end not in SERVICES}
    return found


SERVICES = {"ingress", "checkin-worker", "geo-worker", "sender"}


def what(says: str) -> str:
    """What a node of the picture is to the network."""
    first = says.split(maxsplit=1)[0].strip(",").replace("_", "-")
    if first in SERVICES:
        return first
    return "telegram" if first == "Telegram" else ENGINES.get(first, "rabbitmq")


def opened(policy: Object) -> dict[str, set[int]]:
    """What a policy lets its pods reach, and at which ports."""
    found: dict[str, set[int]] = {}
    for rule in policy["spec"].get("egress", ()):
        for peer in rule["to"]:
            found.setdefault(target(peer), set()).update(port["port"] for port in rule["ports"])
    return found


def target(peer: Object) -> str:
    if "ipBlock" in peer:
        if peer["ipBlock"]["cidr"] in TELEGRAM:
            return "telegram"
        assert peer["ipBlock"]["cidr"] == "0.0.0.0/0"
        assert "10.0.0.0/8" in peer["ipBlock"]["except"]
        return "geocoder"
    label = label_of(peer["podSelector"])
    return {"photon": "geocoder", "postgres-pooler": "postgres"}.get(label, label)


def label_of(selector: Object) -> str:
    """What a selector selects: the value of its one label, or the instances of any cluster of CloudNativePG's."""
    if "matchExpressions" in selector:
        assert selector["matchExpressions"] == [{"key": "cnpg.io/cluster", "operator": "Exists"}]
        return "postgres"
    [label] = (selector.get("matchLabels") or {"": ""}).values()
    return str(label)


def policies(folder: Path) -> dict[str, Object]:
    return of_kind(folder, "NetworkPolicy")


@pytest.fixture
def overlay() -> Path:
    """An overlay whose ingress has a webhook, as the picture has."""
    return next(folder for folder in OVERLAYS if settings_of(folder)["INGRESS_MODE"] == "webhook")


def test_the_picture_is_understood() -> None:
    assert {service for service, _ in drawn()} == SERVICES
    assert {reached for _, reached in drawn()} == set(PORTS)


def test_only_the_desk_asks_rabbitmqs_management(overlay: Path) -> None:
    ask = {name for name in ours(overlay) if 15672 in opened(policies(overlay)[name]).get("rabbitmq", ())}
    assert ask == {"desk"}


def test_a_service_reaches_what_the_picture_says_and_nothing_else(overlay: Path) -> None:
    wanted = drawn() - {("ingress", "telegram")}  # Telegram calls
    found = {(service, reached) for service in SERVICES for reached in opened(policies(overlay)[service])}
    assert found == wanted


@pytest.mark.parametrize("folder", OVERLAYS, ids=name)
def test_ports_are_those_that_are_spoken_there(folder: Path) -> None:
    for workload in ours(folder):
        for reached, ports in opened(policies(folder)[workload]).items():
            assert ports <= PORTS[reached], f"{workload} -> {reached}"


def test_an_ingress_that_polls_may_ask_telegram() -> None:
    [kind] = [folder for folder in OVERLAYS if settings_of(folder)["INGRESS_MODE"] == "polling"]
    assert set(opened(policies(kind)["ingress"])) == {"rabbitmq", "telegram"}


@pytest.mark.parametrize("folder", OVERLAYS, ids=name)
def test_a_job_reaches_what_its_settings_name(folder: Path) -> None:
    others = SERVICES | {"desk"}
    jobs = {workload: template for workload, template in ours(folder).items() if workload not in others}
    for workload, template in jobs.items():
        kind = READERS[READ_BY[" ".join(template["spec"]["containers"][0]["command"])]]
        wanted = {reached for need, reached in NEEDS.items() if need in kind.__mro__}
        assert set(opened(policies(folder)[workload])) == wanted, workload
        assert policies(folder)[workload]["spec"].get("ingress", []) == []


def test_from_the_desk_people_reach_what_commands_reach(overlay: Path) -> None:
    assert set(opened(policies(overlay)["desk"])) == set(NEEDS.values())
    assert policies(overlay)["desk"]["spec"].get("ingress", []) == []


@pytest.mark.parametrize("folder", OVERLAYS, ids=name)
def test_everybody_else_is_refused(folder: Path) -> None:
    nothing = policies(folder)["nothing"]["spec"]
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in policies(folder).values():
        for rule in (*policy["spec"].get("ingress", ()), *policy["spec"].get("egress", ())):
            assert rule["ports"], "a rule without ports opens all of them"
            assert rule.get("from") or rule.get("to"), "a rule without peers is for everybody"


@pytest.mark.parametrize("folder", OVERLAYS, ids=name)
def test_what_may_go_out_may_come_in(folder: Path) -> None:
    """Both ends of an arrow have a policy; one of them alone would keep it closed."""
    let_in: dict[str, set[str]] = {}
    for policy in policies(folder).values():
        label = label_of(policy["spec"]["podSelector"])
        for rule in policy["spec"].get("ingress", ()):
            for peer in rule["from"]:
                if "podSelector" in peer and "namespaceSelector" not in peer:
                    let_in.setdefault(label, set()).add(label_of(peer["podSelector"]))
    for workload in ours(folder):
        for reached in set(opened(policies(folder)[workload])) - {"telegram", "geocoder"}:
            assert workload in let_in[reached], f"{workload} -> {reached}"


def test_scraping_reaches_the_metrics_port_and_no_more(overlay: Path) -> None:
    for service in SERVICES:
        for rule in policies(overlay)[service]["spec"]["ingress"]:
            for peer in rule["from"]:
                [namespace] = peer["namespaceSelector"]["matchLabels"].values()
                [port] = rule["ports"]
                assert (namespace, port["port"]) in {("monitoring", 9100), ("envoy-gateway-system", 8080)}
