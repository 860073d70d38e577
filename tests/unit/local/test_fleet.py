import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from local.fleet import Fleet, plan
from local.probes import answers_ok
from local.processes import ChildFailedError, first_death

STAND_IN = Path(__file__).with_name("stand_in.py")


def stand_in(module: str) -> Sequence[str]:
    return (sys.executable, str(STAND_IN), module)


def fleet(tmp_path: Path, **environment: str) -> Fleet:
    settings: Mapping[str, str] = {**os.environ, "LEDGER": str(tmp_path / "ledger"), **environment}
    return Fleet(plan(), settings, tmp_path / "logs", stand_in)


def test_the_plan_numbers_services_of_which_there_are_several() -> None:
    assert [service.name for service in plan()] == [
        "ingress",
        "checkin_worker-1",
        "checkin_worker-2",
        "geo_worker",
        "sender-1",
        "sender-2",
    ]


async def test_all_are_ready_inside_and_end_in_order_what_comes_in_first(tmp_path: Path) -> None:
    async with fleet(tmp_path) as running:
        for service in running.services.values():
            assert await answers_ok(service.ready_url)
    assert (tmp_path / "ledger").read_text().split() == [
        "ingress",
        "checkin_worker",
        "checkin_worker",
        "geo_worker",
        "sender",
        "sender",
    ]
    assert {child.status for child in running.children()} == {0}


async def test_a_service_that_cannot_start_is_told_with_its_log_and_the_others_end(tmp_path: Path) -> None:
    broken = fleet(tmp_path, BROKEN="geo_worker")
    with pytest.RaisesGroup(
        pytest.RaisesExc(ChildFailedError, match=r"geo_worker .*status 1[\s\S]*RABBITMQ_URL: missing")
    ):
        await broken.__aenter__()
    assert all(child.status is not None for child in broken.children())


async def test_a_killed_service_is_told_and_can_be_started_again(tmp_path: Path) -> None:
    async with fleet(tmp_path) as running:
        await running.kill("sender-2")
        with pytest.raises(ChildFailedError, match=r"sender-2 ended unexpectedly \(killed by SIGKILL\)"):
            await first_death(running.children())
        await running.start("sender-2")
        assert await answers_ok(running.services["sender-2"].ready_url)
