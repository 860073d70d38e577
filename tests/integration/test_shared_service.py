"""A service's process from start to end, as an orchestrator sees it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aio_pika
import aiohttp
import pytest

from local.engines import Engines
from local.fleet import Service, plan
from local.folders import LOGS
from local.ports import LOOPBACK
from local.probes import answers_ok
from local.processes import Child, Program
from shared import topology
from tests.integration.broker_side import until
from tests.integration.proxy import Proxy

SERVICES = ("ingress", "checkin_worker", "geo_worker", "sender")
SECRET = "hunter2-never-said"  # noqa: S105 - made up for these tests


@pytest.fixture(scope="module")
async def vhost(engines: Engines) -> AsyncIterator[str]:
    """One virtual host for the module."""
    address = await engines.rabbitmq.create_vhost("service")
    async with await aio_pika.connect(address) as connection:
        await topology.declare(connection)
    yield address
    await engines.rabbitmq.delete_vhost("service")


async def ingress(service: Service, logs: Path, environment: Mapping[str, str]) -> Child:
    return await Child.spawn(
        Program(
            name=service.name,
            argv=(sys.executable, "-m", "ingress"),
            env={
                "PATH": os.environ["PATH"],
                "LISTEN_ADDRESS": LOOPBACK,
                "METRICS_PORT": str(service.metrics_port),
                "HTTP_PORT": str(service.http_port),
                "TELEGRAM_WEBHOOK_SECRET": SECRET,
                **environment,
            },
            log=logs / f"{service.name}-{service.metrics_port}.log",
        )
    )


async def get(service: Service, path: str) -> tuple[int, str]:
    url = f"http://{LOOPBACK}:{service.metrics_port}{path}"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.text()


def lines(child: Child) -> list[dict[str, Any]]:
    assert child.program.log is not None
    return [json.loads(line) for line in child.program.log.read_text().splitlines()]


async def refused(module: str, environment: Mapping[str, str]) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_service_starts_without_its_broker_is_ready_with_it_and_ends_in_order(
    engines: Engines, vhost: str, run: Path
) -> None:
    (service,) = plan({"ingress": 1})
    async with Proxy(engines.rabbitmq.port) as proxy:
        await proxy.cut()
        child = await ingress(service, run / LOGS, {"RABBITMQ_URL": proxy.before(vhost)})
        try:
            alive = f"http://{LOOPBACK}:{service.metrics_port}/healthz"
            await child.until(lambda: answers_ok(alive), 20.0)
            assert await get(service, "/readyz") == (503, "not ready: rabbitmq\n")
            assert "fleet_ready 0.0" in (await get(service, "/metrics"))[1]

            await proxy.heal()
            await until(lambda: answers_ok(service.ready_url))
            assert await get(service, "/readyz") == (200, "ready\n")
            status, metrics = await get(service, "/metrics")
            assert status == 200
            assert "fleet_ready 1.0" in metrics
            for name in ("fleet_settled", "fleet_handle_seconds", "ingress_updates", "ingress_webhook_seconds"):
                assert f"# HELP {name}" in metrics

            await proxy.cut()
            await until(lambda: _is(service, 503))
            assert (await get(service, "/healthz"))[0] == 200
            await proxy.heal()
            await until(lambda: answers_ok(service.ready_url))

            assert await child.stop(10.0, signal.SIGTERM) == 0
        finally:
            await child.kill()
    logged = lines(child)
    assert all({"event", "level", "timestamp", "service"} <= line.keys() for line in logged)
    assert {line["service"] for line in logged} == {"ingress"}
    events = [line["event"] for line in logged]
    assert {"started", "broker_unreachable", "broker_link_up", "broker_link_lost"} <= set(events)
    assert events[-2:] == ["stopping", "stopped"]
    said = child.program.log.read_text() if child.program.log else ""
    assert SECRET not in said
    assert engines.rabbitmq.password not in said


async def test_sigint_ends_a_service_as_sigterm_does_even_while_its_broker_is_away(
    engines: Engines, vhost: str, run: Path
) -> None:
    (service,) = plan({"ingress": 1})
    async with Proxy(engines.rabbitmq.port) as proxy:
        await proxy.cut()
        child = await ingress(service, run / LOGS, {"RABBITMQ_URL": proxy.before(vhost)})
        try:
            alive = f"http://{LOOPBACK}:{service.metrics_port}/healthz"
            await child.until(lambda: answers_ok(alive), 20.0)
            assert await child.stop(10.0, signal.SIGINT) == 0
        finally:
            await child.kill()


async def test_every_service_ends_with_status_2_and_names_what_is_missing() -> None:
    ends = await asyncio.gather(*(refused(service, {}) for service in SERVICES))
    for service, (status, out, err) in zip(SERVICES, ends, strict=True):
        assert (status, out) == (2, ""), service
        named = [line.partition(":")[0] for line in err.splitlines()]
        assert "RABBITMQ_URL" in named, service
        assert len(named) == len(set(named)), service
        assert all(line.partition(": ")[2].startswith("missing") and line.endswith(")") for line in err.splitlines())


async def test_a_service_names_all_that_is_wrong_and_says_no_value() -> None:
    wrong = {
        "RABBITMQ_URL": f"http://u:{SECRET}@host",
        "TELEGRAM_WEBHOOK_SECRET": f"{SECRET} with a space",
        "TELEGRAM_BOT_TOKEN": SECRET,
        "METRICS_PORT": "many",
        "INGRESS_MODE": "carrier pigeon",
    }
    status, out, err = await refused("ingress", wrong)
    assert (status, out) == (2, "")
    assert sorted(line.partition(":")[0] for line in err.splitlines()) == sorted(wrong)
    assert not [value for value in (SECRET, "many", "pigeon") if value in err]


async def test_a_port_that_is_taken_ends_the_service_with_status_1(engines: Engines, vhost: str, run: Path) -> None:
    (service,) = plan({"ingress": 1})
    taken = {"RABBITMQ_URL": vhost, "METRICS_PORT": str(engines.rabbitmq.port)}
    child = await ingress(service, run / LOGS, taken)
    try:
        async with asyncio.timeout(20.0):
            assert await child.wait() == 1
    finally:
        await child.kill()


async def _is(service: Service, status: int) -> bool:
    return (await get(service, "/readyz"))[0] == status
