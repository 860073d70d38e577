"""docker-compose.yml: who is seen from outside, who waits for whom, and that nobody may take the whole machine."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from local.folders import PROJECT
from tests.deploy.engine import DEMO, DEMO_ENV
from tests.deploy.tools import needs_tools, tool

COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
FLEET = ("ingress", "checkin-worker", "geo-worker", "sender")


def configured(env_file: Path) -> dict[str, Any]:
    """What Compose makes of its file for the demo, with the variables of this one."""
    said = tool("docker-compose", "--env-file", env_file, "--profile", "demo", "config", "--format", "json")
    assert said.returncode == 0, said.stderr
    return dict(json.loads(said.stdout))


@needs_tools
def test_the_demo_shares_nothing_with_a_fleet_that_runs_on_the_same_machine(tmp_path: Path) -> None:
    """`down --volumes` would take that fleet's data."""
    must = set(re.findall(r"\$\{([A-Z_]+):\?", (PROJECT / "docker-compose.yml").read_text()))
    (tmp_path / "real.env").write_text("".join(f"{variable}=x\n" for variable in must))
    demo, real = configured(DEMO_ENV), configured(tmp_path / "real.env")
    assert real["name"] == COMPOSE["name"] != demo["name"]
    for kind in ("volumes", "networks"):
        ours, theirs = ({one["name"] for one in found[kind].values()} for found in (demo, real))
        assert ours, kind
        assert ours & theirs == set(), kind
    assert [one for one in demo["services"].values() if "container_name" in one] == []
    reached = {word.split("//")[1] for word in demo["services"]["simulator"]["command"] if "--metrics" in word}
    assert reached == {f"{demo['name']}-{name}-{number}:9100/metrics" for name in FLEET for number in (1, 2)}


def test_only_the_webhook_and_two_pages_are_published_and_only_on_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "ingress": ["${WEBHOOK_LISTEN:-127.0.0.1}:8080-8081:8080"],
        "rabbitmq": ["127.0.0.1:15672:15672"],
        "grafana": ["127.0.0.1:3000:3000"],
    }


def test_a_photon_for_make_up_has_a_project_of_its_own_and_is_published_on_this_machine() -> None:
    [command] = re.findall(
        r"docker compose (.*?) photon$", (PROJECT / ".env.example").read_text(), re.MULTILINE | re.DOTALL
    )
    [project] = re.findall(r"--project-name (\S+)", command)
    assert project not in {COMPOSE["name"], DEMO}, "it would go with the demo's volumes"
    assert "run --detach --publish 127.0.0.1:2322:2322" in command


def test_there_are_as_many_copies_as_ports_and_two_of_each_service() -> None:
    assert {name: SERVICES[name]["deploy"]["replicas"] for name in FLEET} == dict.fromkeys(FLEET, 2)


def test_everybody_is_bounded_in_memory_and_in_logs_and_gives_up_every_capability() -> None:
    for name, service in SERVICES.items():
        assert "memory" in service["deploy"]["resources"]["limits"], name
        assert "logging" in service, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_our_own_cannot_write_but_to_memory() -> None:
    for name, service in SERVICES.items():
        if service["image"].startswith("checkin-fleet"):
            assert (service["read_only"], service["tmpfs"]) == (True, ["/tmp"]), name  # noqa: S108 - in the container


def test_services_wait_for_the_migration_and_healthy_engines() -> None:
    for name in FLEET:
        waits = {engine: how["condition"] for engine, how in SERVICES[name]["depends_on"].items()}
        assert waits == {
            "budget": "service_completed_successfully",
            "rabbitmq": "service_healthy",
            "redis": "service_healthy",
        }
    assert SERVICES["budget"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert SERVICES["migrate"]["depends_on"] == {"postgres-logins": {"condition": "service_completed_successfully"}}
    assert SERVICES["postgres-logins"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_what_is_waited_for_says_when_it_is_healthy() -> None:
    for service in SERVICES.values():
        waits = service.get("depends_on", {})
        for other, how in waits.items() if isinstance(waits, dict) else ():
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"], other


def test_what_goes_on_running_says_when_it_is_healthy() -> None:
    """`docker compose ps` shows it of all that is shown there."""
    for name, service in SERVICES.items():
        ends = service["restart"] in {"no", "on-failure"}
        assert ends or "test" in service["healthcheck"], name


def test_every_image_is_pinned() -> None:
    for name, service in SERVICES.items():
        assert re.search(r":v?\d+\.\d+[\w.-]*$", service["image"]), name


def test_no_secret_stands_in_the_file() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASS|TOKEN|SECRET|AUTH", variable):
                assert re.fullmatch(r"\$\{[A-Z_]+:[?-].*\}", value), f"{name}: {variable}"


def test_the_simulator_is_told_of_every_copy() -> None:
    told = {word.partition("=")[2].partition("=")[0] for word in SERVICES["simulator"]["command"] if "metrics" in word}
    assert told == {f"{name.replace('-', '_')}-{number}" for name in FLEET for number in (1, 2)}


def test_every_named_volume_is_used() -> None:
    used = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if not volume.startswith(".")
    }
    assert used == set(COMPOSE["volumes"])
