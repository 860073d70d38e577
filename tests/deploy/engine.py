"""Owns a container engine for the story: one that answers here, or one of our own with stand-ins for its images."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from local.folders import PROJECT
from tests.deploy.manifests import K8S
from tests.deploy.tools import TOOLS

STANDINS = PROJECT / "tests" / "deploy" / "standins"
PACKAGES = ("docker.io", "debootstrap", "iptables")
POLICY = Path("/usr/sbin/policy-rc.d")
BRIDGE = Path("/sys/class/net/docker0")
DEMO_ENV = PROJECT / "deploy" / "docker" / "demo.env"
[DEMO] = re.findall(r"^COMPOSE_PROJECT_NAME=(\S+)$", DEMO_ENV.read_text(), re.MULTILINE)
"""The demo's project, with which its containers' names begin; what is removed with it is nobody else's."""
STARTS_WITHIN = 120.0
"""Seconds for an engine of our own."""


@dataclass(frozen=True)
class Engine:
    """An engine; `ours` if we started it, and images are stand-ins."""

    environment: Mapping[str, str]
    ours: bool

    def docker(self, *words: str, cwd: Path = PROJECT) -> str:
        """Run `docker ...`; returns what it said, and fails the test with it when it fails."""
        return self._run(["docker", *words], cwd)

    def compose(self, *words: str) -> str:
        """Run `docker compose ...` for the demo."""
        # The name is said here too: one that is exported in somebody's shell counts more than the file's.
        demo = ("--project-name", DEMO, "--env-file", str(DEMO_ENV), "--profile", "demo")
        return self._run([str(TOOLS / "docker-compose"), *demo, *words], PROJECT)

    def _run(self, command: Sequence[str], cwd: Path) -> str:
        done = subprocess.run(  # noqa: S603 - our own words
            command, env=dict(self.environment), cwd=cwd, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout


def images() -> dict[str, str]:
    """What stands in for which image: a target of `standins/Dockerfile`, and the name that is pinned."""
    named = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
    dockerfile = (PROJECT / "deploy" / "docker" / "Dockerfile").read_text()
    [python] = re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", dockerfile, re.MULTILINE)
    [haproxy] = re.findall(r"image: (haproxy:\S+)", (K8S / "components" / "redis" / "proxy.yaml").read_text())
    engines = {"postgres": "postgres", "rabbitmq": "rabbitmq", "valkey": "redis", "prometheus": "prometheus"}
    engines |= {exporter: exporter for exporter in ("postgres-exporter", "redis-exporter")}
    return {
        "python": python,
        "haproxy": haproxy,
        **{target: named[service]["image"] for target, service in engines.items()},
    }


@contextlib.contextmanager
def engine(images: Mapping[str, str]) -> Iterator[Engine]:
    """Lend an engine that has or can pull these images.

    Args:
        images: what stands in for an image, a target of `standins/Dockerfile`, and the image's name.
    """
    if not (TOOLS / "docker-compose").exists():
        pytest.skip(f"{TOOLS} is not there; `make demo-containers` makes it")
    if shutil.which("docker") is not None and _answers(os.environ):
        yield Engine(dict(os.environ), ours=False)
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("no container engine answers, and only root on Debian can start one")
    _install(PACKAGES)
    with (
        # On a disk: images are gigabytes.
        tempfile.TemporaryDirectory(prefix="checkin-fleet-engine-", dir=Path("/var/tmp")) as folder,  # noqa: S108 - as above
        _started(Path(folder)) as environment,
    ):
        pairs = [f"{target}={image}" for target, image in images.items()]
        build = {**environment, "ROOT": os.environ.get("STANDINS_ROOT", f"{folder}/trixie")}
        subprocess.run([STANDINS / "build.sh", *pairs], env=build, check=True)  # noqa: S603 - our own script
        yield Engine({**environment, "DOCKER_BUILDKIT": "0"}, ours=True)


def _answers(environment: Mapping[str, str]) -> bool:
    done = subprocess.run(["docker", "info"], env=dict(environment), capture_output=True, check=False)  # noqa: S607 - the one that is installed
    return done.returncode == 0 and b"Server Version" in done.stdout


def _install(packages: Sequence[str]) -> None:
    """Install what is missing; nothing that is installed is started."""
    if all(shutil.which(program) for program in ("dockerd", "debootstrap", "iptables")):
        return
    forbids = not POLICY.exists()
    if forbids:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=True)  # noqa: S607 - Debian's
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
        subprocess.run(install, env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words
    finally:
        if forbids:
            POLICY.unlink()


@contextlib.contextmanager
def _started(folder: Path) -> Iterator[Mapping[str, str]]:
    """Start an engine whose everything is in the folder; yields the environment of its clients."""
    host = f"unix://{folder}/docker.sock"
    bridged = BRIDGE.exists()
    environment = {**os.environ, "DOCKER_HOST": host}
    with (folder / "dockerd.log").open("wb") as log:
        daemon = subprocess.Popen(  # noqa: S603 - our own words
            [
                *("dockerd", "--host", host, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"),
                *("--pidfile", f"{folder}/dockerd.pid"),
            ],
            stdout=log,
            stderr=log,
        )
    try:
        latest = time.monotonic() + STARTS_WITHIN
        while not _answers(environment):
            said = (folder / "dockerd.log").read_text()[-2000:]
            assert daemon.poll() is None, f"dockerd ended:\n{said}"
            assert time.monotonic() < latest, f"dockerd does not answer:\n{said}"
            time.sleep(0.5)
        yield environment
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
        subprocess.run(["umount", "--recursive", f"{folder}/exec", f"{folder}/data"], capture_output=True, check=False)  # noqa: S603, S607 - what it may have left mounted
        if BRIDGE.exists() and not bridged:
            subprocess.run(["ip", "link", "delete", BRIDGE.name], check=False)  # noqa: S603, S607 - it outlives the engine
