"""Owns a private Prometheus with the jobs and rules of deploy/prometheus, and what it answers."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
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

CONFIGURATION: Final = PLAIN.with_name("prometheus.yml")
START_LIMIT: Final = 30.0
SCRAPE: Final = 1
"""Seconds between two scrapes, and between two looks at the rules."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """An answer: its labels, and its moments (unix seconds) with their values."""

    labels: Mapping[str, str]
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs."""

    url: str

    async def now(self, query: str, at: float) -> list[Series]:
        """What is so at a moment."""
        found = await self._asked("query", query=query, time=f"{at:.3f}")
        if found["resultType"] == "scalar":
            return [Series({}, [_point(found["result"])])]
        return [Series(one["metric"], [_point(one["value"])]) for one in found["result"]]

    async def over(self, query: str, span: tuple[float, float], step: float) -> list[Series]:
        """What was so within a time, each `step` seconds."""
        begin, end = (f"{moment:.3f}" for moment in span)
        found = await self._asked("query_range", query=query, start=begin, end=end, step=f"{step:g}")
        return [Series(one["metric"], [_point(value) for value in one["values"]]) for one in found["result"]]

    async def _asked(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
        timeout = aiohttp.ClientTimeout(total=30)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{self.url}/api/v1/{path}", data=parameters) as answer,
        ):
            told = await answer.json()
        assert told["status"] == "success", told
        return told["data"]


@contextlib.asynccontextmanager
async def prometheus(ground: Ground, targets: Mapping[str, str]) -> AsyncIterator[Prometheus]:
    """Scrape this ground; `targets` says where docker-compose's machines are. It forgets all at the end."""
    folder = ground.stage.run / "prometheus"
    folder.mkdir()
    configuration = folder / CONFIGURATION.name
    configuration.write_text(yaml.safe_dump(_configuration(ground, targets)))
    (folder / PLAIN.name).write_text(PLAIN.read_text())
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
            log=ground.stage.logs / "prometheus.log",
        )
    )
    url = f"http://{LOOPBACK}:{port}"
    try:
        await child.until(lambda: answers_ok(f"{url}/-/ready"), START_LIMIT)
        yield Prometheus(url)
    finally:
        await child.kill()


def _configuration(ground: Ground, targets: Mapping[str, str]) -> dict[str, Any]:
    """That of docker-compose.yml, with this ground's addresses, and faster."""
    told: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    every = f"{SCRAPE}s"
    told["global"] = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
    for job in told["scrape_configs"]:
        if job["job_name"] == "fleet":
            del job["dns_sd_configs"], job["relabel_configs"]
            job["static_configs"] = _services(ground)
        else:
            [static] = job["static_configs"]
            static["targets"] = [targets[target.partition(":")[0]] for target in static["targets"]]
    return told


def _services(ground: Ground) -> list[dict[str, Any]]:
    """Each process by its own address, and as what it is known: what DNS tells in Compose."""
    return [
        {"targets": [f"{LOOPBACK}:{one.metrics_port}"], "labels": {"service": one.module.replace("_", "-")}}
        for one in ground.fleet.services.values()
    ]


def _point(told: Sequence[Any]) -> Point:
    moment, value = told
    return float(moment), float(value)
