"""`docs/scale.md` is what its command prints, and what it says of other pages is there."""

import re
import shlex
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from local.folders import PROJECT
from ops.cli import app
from ops.plan import costs
from ops.plan.page import CAP, EXAMPLE, PAGE
from ops.plan.scale import CONNECTIONS, FACTORS, Scale, takes_of
from shared.settings import CapSettings
from tests.docs.pages import DOCS, rows

README = (PROJECT / "README.md").read_text()
TEXT = PAGE.read_text()


def figure(pattern: str, text: str) -> float:
    [found] = re.findall(pattern, text)
    return float(found)


def test_the_page_is_what_the_command_prints() -> None:
    command = (sys.executable, "-m", "ops.plan.page")
    printed = subprocess.run(command, capture_output=True, check=True, cwd=PROJECT).stdout.decode()  # noqa: S603 - our own command
    assert printed == TEXT, "the plan has changed: run python -m ops.plan.page --write"


def test_the_example_is_what_fleet_plan_prints() -> None:
    setting, _fleet, *words = shlex.split(EXAMPLE)
    name, _, value = setting.partition("=")
    said = CliRunner().invoke(app, words, env={name: value})
    assert said.exit_code == 0
    assert f"$ {EXAMPLE}\n{said.output}```" in TEXT


def test_the_cap_is_the_one_that_a_sender_has_as_it_comes() -> None:
    fields = CapSettings.model_fields
    assert (fields["sender_rate"].default, fields["sender_guard_ms"].default / 1000) == (CAP.rate, CAP.guard)


def test_measured_costs_are_those_of_their_pages() -> None:
    assert figure(r"calls per check-in +│ (\S+) ", README) == costs.CALLS.value
    webhook = figure(r"webhook p50 / p99 +│ (\d+) ms", README) / 1000
    assert pytest.approx(100 / webhook) == costs.DOOR.value
    last, calls = figure(r"last reply after +│ (\S+) s", README), figure(r"last reply after .*\((\d+) calls", README)
    assert last - calls / CAP.pace <= costs.WAY.value
    performance, addresses = (DOCS / "performance.md").read_text(), (DOCS / "addresses.md").read_text()
    assert figure(r"CPU per call \| (\S+) ms", performance) == pytest.approx(costs.CALL_CPU.value * 1000)
    assert figure(r"requests to the geocoder \| 1000 \| (\d+)", addresses) / 1000 == costs.GEOCODED.value
    services = {"ingress": costs.INGRESS, "checkin_worker": costs.WORKER}
    for name, cost in (services | {"postgres": costs.POSTGRES, "rabbitmq": costs.RABBITMQ}).items():
        measured = figure(rf"\| {name} \| ([\d.]+) ms \|", performance)
        assert cost.value * 1000 == pytest.approx(measured, rel=0.1), f"{name}: put the bench's figure into the plan"


def test_every_cost_says_what_it_is_based_on() -> None:
    every = [one for one in vars(costs).values() if isinstance(one, costs.Cost)]
    table = {row[0]: row[2] for row in rows(TEXT.partition("## What one of each takes")[2].partition("\n## ")[0])}
    assert table == {one.unit: one.basis for one in every}


def test_what_gives_way_first_is_told_in_that_order() -> None:
    takes = takes_of(CAP)
    assert sorted(takes, key=takes.__getitem__) == [*takes]
    assert [*takes][:3] == ["the cap of a bot", "RabbitMQ", "PostgreSQL"]


@pytest.mark.parametrize("people", FACTORS)
def test_what_a_step_takes_is_enough(people: int) -> None:
    scale = Scale(people, CAP)
    assert scale.fleet.replies.last_wait <= 60
    assert scale.bots * scale.fleet.people >= people
    assert scale.used["PostgreSQL"] / scale.primaries <= 0.5
    assert scale.used["RabbitMQ"] / scale.brokers <= 0.5
    each = -(-scale.bots // scale.primaries)
    assert each * scale.fleet.claim(6).total <= CONNECTIONS
