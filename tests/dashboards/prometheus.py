"""Owns the Prometheus with the jobs and rules of deploy/prometheus, and its answers as series."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from ops.rules.__main__ import PLAIN
from tests.faults.ground import Ground
from tests.prometheus import Prometheus, services, started

CONFIGURATION: Final = PLAIN.with_name("prometheus.yml")
SCRAPE: Final = 1
"""Seconds between two scrapes, and between two looks at the rules."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """An answer: its labels, and its moments (unix seconds) with their values."""

    labels: Mapping[str, str]
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Watching:
    """What Prometheus says."""

    prometheus: Prometheus

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.prometheus.url

    async def now(self, query: str, at: float) -> list[Series]:
        """What is so at a moment."""
        found = await self.prometheus.asked("query", query=query, time=f"{at:.3f}")
        if found["resultType"] == "scalar":
            return [Series({}, [_point(found["result"])])]
        return [Series(one["metric"], [_point(one["value"])]) for one in found["result"]]

    async def over(self, query: str, span: tuple[float, float], step: float) -> list[Series]:
        """What was so within a time, each `step` seconds."""
        begin, end = (f"{moment:.3f}" for moment in span)
        found = await self.prometheus.asked("query_range", query=query, start=begin, end=end, step=f"{step:g}")
        return [Series(one["metric"], [_point(value) for value in one["values"]]) for one in found["result"]]


@contextlib.asynccontextmanager
async def watching(ground: Ground, targets: Mapping[str, str]) -> AsyncIterator[Watching]:
    """Scrape this ground; `targets` says where docker-compose's machines are."""
    folder, configuration = ground.stage.run / "prometheus", _configuration(ground, targets)
    async with started(ground.stage.logs, folder, configuration, PLAIN.read_text()) as prometheus:
        yield Watching(prometheus)


def _configuration(ground: Ground, targets: Mapping[str, str]) -> dict[str, Any]:
    """That of docker-compose.yml, with this ground's addresses, and faster."""
    told: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    every = f"{SCRAPE}s"
    told["global"] = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
    for job in told["scrape_configs"]:
        if job["job_name"] == "fleet":
            del job["dns_sd_configs"], job["relabel_configs"]
            job["static_configs"] = services(ground)
        else:
            [static] = job["static_configs"]
            static["targets"] = [targets[target.partition(":")[0]] for target in static["targets"]]
    return told


def _point(told: Sequence[Any]) -> Point:
    moment, value = told
    return float(moment), float(value)
