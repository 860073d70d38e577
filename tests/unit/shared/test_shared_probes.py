"""What a process says of itself from its start to its end."""

import asyncio
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from shared.metrics import DRAINING
from shared.telemetry import Probes


@pytest.fixture(autouse=True)
def lives_on() -> Iterator[None]:
    """The process of the tests does not end with the one that they play."""
    yield
    DRAINING.set(0)


async def test_a_service_that_is_told_to_stop_is_draining_and_not_ready_whatever_its_engines_do() -> None:
    probes = Probes()
    assert await probes.failing() == ["starting"]
    probes.require("broker", _well)
    assert (await probes.failing(), _said("fleet_ready"), _said("fleet_draining")) == ([], 1, 0)
    probes.stop()
    assert (await probes.failing(), _said("fleet_ready"), _said("fleet_draining")) == (["stopping"], 0, 1)


async def test_all_checks_are_asked_at_once_so_that_nobody_waits_for_their_sum() -> None:
    probes, both_asked = Probes(), asyncio.Barrier(2)

    async def away() -> bool:
        await both_asked.wait()
        return False

    probes.require("broker", away)
    probes.require("database", away)
    async with asyncio.timeout(10):
        assert await probes.failing() == ["broker", "database"]


async def _well() -> bool:
    return True


def _said(metric: str) -> float | None:
    return REGISTRY.get_sample_value(metric)
