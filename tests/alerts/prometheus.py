"""Owns the Prometheus of `make alerts`: what it scrapes, our rules in its time, and which alerts it has seen."""

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.ports import LOOPBACK
from ops.rules.__main__ import plain
from tests.alerts.broker import ScrapedRabbitMQ
from tests.alerts.exporter import exporter
from tests.alerts.shorter import shortened
from tests.faults.ground import Ground
from tests.prometheus import Prometheus, services, started

EVERY: Final = "2s"
"""Between two scrapes, of which each may take as long: a service that lacks an engine needs a second to say so."""
LOOKS: Final = "1s"
"""Between two looks at the rules."""
FIRING: Final = 'ALERTS{alertstate="firing"}'
STRAY: Final = 'ALERTS or up == 0 or absent(rabbitmq_detailed_queue_messages{queue="updates"})'
"""Rules are evaluated for some seconds before anything is scraped for the first time."""

Firing = tuple[str, str]
"""An alert's name and severity."""


@dataclass
class Watching:
    """What Prometheus has seen."""

    prometheus: Prometheus
    began: float = 0.0
    """Unix seconds; before that nothing counts."""

    async def stray(self) -> set[str]:
        """What is not as it is in peace: alerts, pending ones too, and what is not scraped."""
        return {one["metric"].get("alertname") or str(one["metric"]) for one in await self._asked(STRAY)}

    def begin(self) -> None:
        """What fires counts from now on."""
        self.began = time.time()

    async def fired(self) -> dict[Firing, float]:
        """The alerts that have been firing since, and when each began to, in unix seconds."""
        seconds = max(1, round(time.time() - self.began))
        first = dict[Firing, float]()
        for one in await self._asked(f"{FIRING}[{seconds}s]"):
            at, alert = float(one["values"][0][0]), _alert(one)
            first[alert] = min(at, first.get(alert, at))
        return first

    async def firing(self) -> set[Firing]:
        """Those that are now."""
        return {_alert(one) for one in await self._asked(FIRING)}

    async def _asked(self, query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.prometheus.asked("query", query=query))["result"]
        return found


def _alert(one: dict[str, Any]) -> Firing:
    return one["metric"]["alertname"], one["metric"]["severity"]


@contextlib.asynccontextmanager
async def watching(ground: Ground, folder: Path, factor: int) -> AsyncIterator[Watching]:
    """Scrape this ground, with a memory of its own and rules so many times shorter."""
    async with exporter(ground) as postgres:
        configuration, rules = _configuration(ground, postgres), shortened(plain(), factor)
        async with started(ground.stage.logs, folder, configuration, rules) as prometheus:
            yield Watching(prometheus)


def _configuration(ground: Ground, postgres: str) -> dict[str, Any]:
    """The jobs of deploy/prometheus/prometheus.yml, and PostgreSQL's of the cluster, where this ground has them."""
    broker = ground.engines.rabbitmq
    assert isinstance(broker, ScrapedRabbitMQ)
    rabbitmq = [f"{LOOPBACK}:{broker.exporter_port}"]
    families = {"family": ["queue_coarse_metrics", "queue_consumer_count"]}
    return {
        "global": {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": LOOKS},
        "scrape_configs": [
            {"job_name": "fleet", "static_configs": services(ground)},
            {"job_name": "rabbitmq", "static_configs": [{"targets": rabbitmq}]},
            {
                "job_name": "rabbitmq-queues",
                "metrics_path": "/metrics/detailed",
                "params": families,
                "static_configs": [{"targets": rabbitmq}],
            },
            {"job_name": "postgres", "static_configs": [{"targets": [postgres], "labels": {"pod": "postgres-1"}}]},
        ],
    }
