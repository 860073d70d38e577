"""`components/redis` in containers: its own scripts and proxy, three servers, and the one that leads is killed.

What Kubernetes gives the pods is given here by the engine: names, one network for a pod's containers, mounted files.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.engine import Engine
from tests.deploy.manifests import K8S

pytestmark = [pytest.mark.story, pytest.mark.timeout(1800)]

COMPONENT = K8S / "components" / "redis"
IMAGES = {
    container["name"]: container["image"]
    for file in ("servers.yaml", "proxy.yaml")
    for one in yaml.safe_load_all((COMPONENT / file).read_text())
    if "template" in one["spec"]
    for container in one["spec"]["template"]["spec"]["containers"]
}
PASSWORD = "letters1and2digits"  # noqa: S105 - of a test's own servers
NODES = [f"redis-server-{number}" for number in range(3)]
DOMAIN = "redis-nodes.checkin-fleet.svc.cluster.local"
WITHIN = 60.0
"""Seconds: the sentinels wait for five, and ask each other."""


class Cluster:
    """The three, their sentinels and the proxy, on a network of their own."""

    def __init__(self, docker: Engine, folder: Path) -> None:
        self._docker = docker
        self._folder = folder

    def start(self) -> None:
        """Start everything at once, as Kubernetes does."""
        (self._folder / "password").write_text(PASSWORD)
        self._docker.docker("network", "create", "redis-failover")
        for node in NODES:
            # `redis-sentinels` is the Service in front of all sentinels.
            aliases = (node, f"{node}.redis-nodes", f"{node}.{DOMAIN}", "redis-sentinels")
            named = [word for alias in aliases for word in ("--network-alias", alias)]
            self._run(node, "server", "server.sh", "--hostname", node, "--network", "redis-failover", *named)
        for node in NODES:
            self._run(f"{node}-sentinel", "sentinel", "sentinel.sh", "--network", f"container:{node}")
        self._docker.docker(
            *("run", "--detach", "--name", "redis-proxy", "--network", "redis-failover", "--user", "10002"),
            *(
                "--env",
                f"REDIS_PASSWORD={PASSWORD}",
                "--volume",
                f"{COMPONENT}/haproxy.cfg:/etc/haproxy/haproxy.cfg:ro",
            ),
            *("--network-alias", "redis", IMAGES["haproxy"], "haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg"),
        )

    def stop(self) -> None:
        """Remove everything, whatever is left of it."""
        for name in ("redis-proxy", *(f"{node}-sentinel" for node in NODES), *NODES):
            with contextlib.suppress(AssertionError):
                self._docker.docker("rm", "--force", "--volumes", name)
        self._docker.docker("network", "rm", "redis-failover")

    def leader(self) -> str:
        """Which of the three leads, as the sentinels have it."""
        address = self.sentinels("get-master-addr-by-name").split()[0]
        own = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return next(node for node in NODES if self._docker.docker("inspect", "-f", own, node).strip() == address)

    def sentinels(self, word: str) -> str:
        """What one of the sentinels says of the leader."""
        return self._cli("--host", "redis-sentinels", "-p", "26379", "sentinel", word, "fleet")

    def asked(self, *words: str) -> str:
        """What Redis says to a client that knows the proxy's address only."""
        return self._cli("--host", "redis", *words)

    def _cli(self, *words: str) -> str:
        said = [word if word != "--host" else "-h" for word in words]
        network = ("--network", "redis-failover", "--env", f"REDISCLI_AUTH={PASSWORD}")
        client = ("timeout", "5", "valkey-cli", "-t", "2", *said)
        return self._docker.docker("run", "--rm", *network, IMAGES["server"], *client).strip()

    def _run(self, name: str, container: str, script: str, *words: str) -> None:
        mounts = (
            "--volume",
            f"{COMPONENT}:/scripts:ro",
            "--volume",
            f"{self._folder}/password:/run/secrets/password:ro",
        )
        writable = ("--read-only", "--tmpfs", "/data:uid=10002", "--tmpfs", "/tmp:uid=10002")  # noqa: S108 - in the container
        run = ("run", "--detach", "--name", name, "--user", "10002", *writable, *mounts, *words)
        self._docker.docker(*run, IMAGES[container], "sh", f"/scripts/{script}")


def until(holds: Callable[[], bool]) -> None:
    """Ask again and again, as a client does."""
    latest = time.monotonic() + WITHIN
    while True:
        with contextlib.suppress(AssertionError):
            if holds():
                return
        assert time.monotonic() < latest
        time.sleep(1)


@pytest.fixture
def cluster(docker_engine: Engine, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster whose followers follow, and whose sentinels know each other."""
    tmp_path.chmod(0o755)
    made = Cluster(docker_engine, tmp_path)
    try:
        made.start()
        until(lambda: "connected_slaves:2" in made.asked("INFO", "replication"))
        until(lambda: made.sentinels("ckquorum").startswith("OK 3 usable"))
        yield made
    finally:
        made.stop()


def test_one_address_leads_to_whoever_leads_and_nothing_is_forgotten(cluster: Cluster, docker_engine: Engine) -> None:
    first = cluster.leader()
    until(lambda: cluster.asked("SET", "key", "told before") == "OK")
    until(lambda: cluster.asked("WAIT", "2", "1000") == "2")
    docker_engine.docker("kill", first, f"{first}-sentinel")
    until(lambda: cluster.asked("SET", "other", "told after") == "OK")
    assert cluster.leader() != first
    assert cluster.asked("GET", "key") == "told before"


def test_one_that_was_away_follows_when_it_is_back(cluster: Cluster, docker_engine: Engine) -> None:
    first = cluster.leader()
    docker_engine.docker("kill", first, f"{first}-sentinel")
    until(lambda: cluster.asked("SET", "key", "told meanwhile") == "OK")
    docker_engine.docker("start", first)
    docker_engine.docker("start", f"{first}-sentinel")
    until(lambda: "connected_slaves:2" in cluster.asked("INFO", "replication"))
    assert cluster.leader() != first
    until(lambda: cluster.asked("GET", "key") == "told meanwhile")


def test_a_leader_that_is_told_to_go_hands_over_first(cluster: Cluster, docker_engine: Engine) -> None:
    first = cluster.leader()
    until(lambda: cluster.asked("SET", "key", "told before") == "OK")
    docker_engine.docker("exec", first, "sh", "/scripts/leave.sh")
    until(lambda: cluster.leader() != first)
    until(lambda: cluster.asked("GET", "key") == "told before")
