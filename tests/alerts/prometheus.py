"""Owns a private Prometheus: what it scrapes, our rules in its time, and which alerts it has seen."""

import contextlib
from collections.abc import AsyncIterator, Sequence
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
from ops.rules.__main__ import plain
from tests.alerts.broker import ScrapedRabbitMQ
from tests.alerts.shorter import shortened
from tests.faults.ground import Ground

START_LIMIT: Final = 30.0
EVERY: Final = "1s"
"""Between two scrapes, and between two looks at the rules."""
FIRED: Final = 'max by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1h]))'
FIRING: Final = 'max by (alertname) (ALERTS{alertstate="firing"})'


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    url: str
    child: Child

    async def fired(self) -> set[str]:
        """The alerts that have been firing at any time."""
        return await self._names(FIRED)

    async def firing(self) -> set[str]:
        """Those that are now."""
        return await self._names(FIRING)

    async def _names(self, query: str) -> set[str]:
        timeout = aiohttp.ClientTimeout(total=10)
        async with (
            aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
            session.get(f"{self.url}/api/v1/query", params={"query": query}) as answer,
        ):
            found = (await answer.json())["data"]["result"]
        return {one["metric"]["alertname"] for one in found}


@contextlib.asynccontextmanager
async def prometheus(ground: Ground, folder: Path, factor: int) -> AsyncIterator[Prometheus]:
    """Scrape this ground, with a memory of its own and rules so many times shorter; it forgets all at the end."""
    configuration = _written(ground, folder, factor)
    port = free_port()
    child = await Child.spawn(
        Program(
            name="prometheus",
            argv=(
                binaries.prometheus(),
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={LOOPBACK}:{port}",
                "--log.level=warn",
            ),
            env={"PATH": SYSTEM_PATH, "HOME": str(folder)},
            log=ground.stage.logs / f"{folder.name}.log",
        )
    )
    url = f"http://{LOOPBACK}:{port}"
    try:
        await child.until(lambda: answers_ok(f"{url}/-/ready"), START_LIMIT)
        yield Prometheus(url, child)
    finally:
        await child.kill()


def _written(ground: Ground, folder: Path, factor: int) -> Path:
    """The configuration, beside the rules."""
    folder.mkdir()
    (folder / "rules.yml").write_text(shortened(plain(), factor))
    configuration = folder / "prometheus.yml"
    configuration.write_text(yaml.safe_dump(_configuration(ground)))
    return configuration


def _configuration(ground: Ground) -> dict[str, Any]:
    """The jobs of deploy/prometheus/prometheus.yml, found where this ground has them."""
    broker = ground.engines.rabbitmq
    assert isinstance(broker, ScrapedRabbitMQ)
    exporter = [f"{LOOPBACK}:{broker.exporter_port}"]
    families = {"family": ["queue_coarse_metrics", "queue_consumer_count"]}
    return {
        "global": {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {"job_name": "fleet", "static_configs": _services(ground)},
            {"job_name": "rabbitmq", "static_configs": [{"targets": exporter}]},
            {
                "job_name": "rabbitmq-queues",
                "metrics_path": "/metrics/detailed",
                "params": families,
                "static_configs": [{"targets": exporter}],
            },
        ],
    }


def _services(ground: Ground) -> Sequence[dict[str, Any]]:
    return [
        {
            "targets": [f"{LOOPBACK}:{service.metrics_port}"],
            "labels": {"service": service.module.replace("_", "-")},
        }
        for service in ground.fleet.services.values()
    ]
