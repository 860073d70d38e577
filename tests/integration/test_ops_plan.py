"""`fleet plan` against a real crowd: services, engines, and a simulated Telegram that counts by its own clock."""

from pathlib import Path

import pytest

from local.folders import LOGS
from ops.plan.page import CAP
from ops.plan.sizes import Plan
from simulator.demo.promises import TOO_BUSY_BY
from tests.integration.company import Engines, company

PEOPLE = 200


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


async def test_a_crowd_that_comes_at_once_is_told_when_the_plan_says(rooms: Engines) -> None:
    async with company(rooms, employees=PEOPLE) as office:
        await office.crowd.everyone_checks_in()
        await office.everybody_answered()
        seen = office.figures
    assert seen.first_update is not None
    assert seen.last_reply is not None
    assert seen.reply_p50 is not None
    last, plan = seen.last_reply - seen.first_update, Plan(PEOPLE, 0, CAP)
    print(f"the last of {PEOPLE} replies after {last:.2f} s, by the plan within {plan.told_at:.2f} s")  # noqa: T201 - a figure for whoever looks
    assert last >= plan.replies.over - CAP.early - 1 / CAP.pace, "nobody is told earlier than the cap allows"
    assert last <= plan.told_at * TOO_BUSY_BY
    assert seen.reply_p50 <= plan.told_within(0.5) * TOO_BUSY_BY
    assert seen.calls <= PEOPLE * 1.05
