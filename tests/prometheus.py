"""Owns a private Prometheus that watches a ground: how it is started, and what it answers."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml

from local import binaries
from local.engine import SYSTEM_PATH
from local.ports import LOOPBACK, free_port
from local.probes import answers_ok
from local.processes import Child, Program
from ops.rules.__main__ import PLAIN
from tests.faults.ground import Ground

START_LIMIT: Final = 30.0
ANSWER_LIMIT: Final = 30.0


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs."""

    url: str

    async def asked(self, path: str, **parameters: str) -> dict[str, Any]:
        """The data of an answer of its API, https://prometheus.io/docs/prometheus/latest/querying/api/."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_LIMIT)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{self.url}/api/v1/{path}", data=parameters) as answer,
        ):
            told: dict[str, Any] = await answer.json()
        assert told["status"] == "success", told
        found: dict[str, Any] = told["data"]
        return found


@contextlib.asynccontextmanager
async def started(logs: Path, folder: Path, configuration: Mapping[str, Any], rules: str) -> AsyncIterator[Prometheus]:
    """Start one whose rules lie beside its configuration, in a folder of its own; it forgets all at the end."""
    file, url = _written(folder, configuration, rules), f"http://{LOOPBACK}:{free_port()}"
    program = Program(
        name="prometheus",
        argv=(
            binaries.prometheus(),
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={url.removeprefix('http://')}",
            "--log.level=warn",
        ),
        env={"PATH": SYSTEM_PATH, "HOME": str(folder)},
        log=logs / f"prometheus-{folder.name}.log",
    )
    child = await Child.spawn(program)
    try:
        await child.until(lambda: answers_ok(f"{url}/-/ready"), START_LIMIT)
        yield Prometheus(url)
    finally:
        await child.kill()


def _written(folder: Path, configuration: Mapping[str, Any], rules: str) -> Path:
    file = folder / "prometheus.yml"
    folder.mkdir()
    file.write_text(yaml.safe_dump({**configuration, "rule_files": [PLAIN.name]}))
    file.with_name(PLAIN.name).write_text(rules)
    return file


def services(ground: Ground) -> list[dict[str, Any]]:
    """Each process by its own address, and as what it is known: what DNS tells in Compose."""
    return [
        {"targets": [f"{LOOPBACK}:{one.metrics_port}"], "labels": {"service": one.module.replace("_", "-")}}
        for one in ground.fleet.services.values()
    ]
