"""The short scenarios of the campaign, one after the other on one ground, with the ordinary tests."""

import random

import pytest

from local.terminal import console
from tests.faults.campaign import CAMPAIGN, Campaign
from tests.soak.diary import Diary

SHORT = [scenario for scenario in CAMPAIGN if scenario.short]


@pytest.mark.timeout(600)
async def test_each_short_scenario_of_the_campaign_is_green() -> None:
    seed = random.randint(1, 10_000)  # noqa: S311 - any seed does
    rows = [row async for row in Campaign(Diary(console), seed).played(SHORT)]
    assert [row.name for row in rows] == [scenario.name for scenario in SHORT]
    assert {row.name: row.problems for row in rows if not row.green} == {}, f"SEED={seed}"
