"""The demo in containers: the image, docker-compose.yml, and the engines' versions that it pins keep the promises.

`make demo-containers` runs it. Where no engine answers, one of our own is started, and Debian trixie's packages stand
in for the images (`standins/`); there is none for Grafana, which is left out then.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from local.folders import PROJECT
from tests.deploy.engine import DEMO, Engine, images

pytestmark = [pytest.mark.story, pytest.mark.timeout(3600)]

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
FLEET = ("ingress", "checkin-worker", "geo-worker", "sender")
EMPLOYEES = int(os.environ.get("EMPLOYEES") or 1000)
ASK = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=10).read().decode())"


@pytest.fixture(scope="module")
def docker(docker_engine: Engine) -> Iterator[Engine]:
    """An engine with our images, where the demo runs, or has run."""
    for target, image in (("fleet", "checkin-fleet"), ("demo", "checkin-fleet-demo")):
        named = ("--target", target, "--tag", f"{image}:0.1.0")
        docker_engine.docker("build", "--quiet", "--file", "deploy/docker/Dockerfile", *named, ".")
    left_out = {"grafana"} if docker_engine.ours else set()
    services = [
        name
        for name, service in COMPOSE["services"].items()
        if name not in left_out and service.get("profiles", ["demo"]) == ["demo"]
    ]
    try:
        docker_engine.compose("up", "--detach", "--no-build", *services)
        yield docker_engine
    finally:
        docker_engine.compose("down", "--volumes", "--timeout", "5")


def container(docker: Engine, service: str) -> dict[str, Any]:
    """What the engine knows of the first copy of a service."""
    [found] = json.loads(docker.docker("inspect", f"{DEMO}-{service}-1"))
    return dict(found)


def asked(docker: Engine, url: str) -> str:
    """What a page says to a service's container."""
    return docker.docker("exec", f"{DEMO}-ingress-1", "python", "-c", ASK, url)


def test_the_promises_are_kept(docker: Engine) -> None:
    status = docker.docker("wait", f"{DEMO}-simulator-1").strip()
    said = docker.docker("logs", f"{DEMO}-simulator-1")
    print(said)  # noqa: T201 - the story is told
    assert status == "0", said
    assert f"{EMPLOYEES} of {EMPLOYEES}" in said


def test_the_image_is_as_small_as_what_it_installs(docker: Engine) -> None:
    ours, base = (
        int(docker.docker("image", "inspect", "--format", "{{.Size}}", image))
        for image in ("checkin-fleet:0.1.0", images()["python"])
    )
    print(f"checkin-fleet: {(ours - base) / 1e6:.0f} MB over {images()['python']}")  # noqa: T201 - the story is told
    assert ours - base < 400e6


def test_services_are_nobody_and_write_nowhere(docker: Engine) -> None:
    for service in FLEET:
        found = container(docker, service)
        assert found["Config"]["User"] == "10001:10001"
        assert found["HostConfig"]["ReadonlyRootfs"] is True
        assert found["HostConfig"]["CapDrop"] == ["ALL"]


def test_the_replica_follows(docker: Engine) -> None:
    count = ("psql", "-h", "127.0.0.1", "-U", "fleet", "-d", "fleet", "-At", "-c", "SELECT count(*) FROM sessions")
    password = ("--env", "PGPASSWORD=demo")
    for server in ("postgres", "postgres-replica"):
        said = docker.docker("exec", *password, f"{DEMO}-{server}-1", *count)
        assert int(said) == EMPLOYEES, server
    reads = "SELECT pg_is_in_recovery()"
    said = docker.docker("exec", *password, f"{DEMO}-postgres-replica-1", *count[:-1], reads)
    assert said.strip() == "t"


def test_prometheus_sees_every_copy_and_every_queue(docker: Engine) -> None:
    up = json.loads(asked(docker, "http://prometheus:9090/api/v1/query?query=sum(up)by(job)"))
    found = {one["metric"]["job"]: int(one["value"][1]) for one in up["data"]["result"]}
    assert found == {"fleet": 2 * len(FLEET), "rabbitmq": 1, "rabbitmq-queues": 1, "postgres": 1, "redis": 1}
    queues = json.loads(asked(docker, "http://prometheus:9090/api/v1/query?query=rabbitmq_detailed_queue_messages"))
    assert {"updates", "outbound.interactive"} <= {one["metric"]["queue"] for one in queues["data"]["result"]}
    for engine in ("pg_up", "redis_up"):
        told = json.loads(asked(docker, f"http://prometheus:9090/api/v1/query?query={engine}"))
        assert [one["value"][1] for one in told["data"]["result"]] == ["1"], engine


def test_told_to_stop_everybody_ends_in_order(docker: Engine) -> None:
    docker.compose("stop", *FLEET)
    ends = {service: container(docker, service)["State"]["ExitCode"] for service in FLEET}
    assert ends == dict.fromkeys(FLEET, 0)
