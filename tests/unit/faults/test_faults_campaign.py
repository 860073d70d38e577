"""The campaign's course: that it ends when it is told to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from rich.console import Console

from tests.faults import campaign
from tests.faults.campaign import CAMPAIGN, Campaign
from tests.faults.scenario import Scenario
from tests.faults.verdict import Row
from tests.soak.diary import Diary


async def test_a_campaign_ends_though_the_trial_lost_its_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a group of tasks does in which one fails as it is cancelled, and asyncio.wait_for before Python 3.12."""
    played, open_grounds, begun = [], [], asyncio.Event()

    class Ground:
        cluster = None
        diary = Diary(Console(quiet=True))

    @contextlib.asynccontextmanager
    async def opened(*_: object, **__: object) -> AsyncIterator[Ground]:
        open_grounds.append(Ground())
        try:
            yield open_grounds[0]
        finally:
            open_grounds.pop()

    async def versions(_ground: Ground) -> str:
        return "none"

    async def trial(_ground: Ground, scenario: Scenario, _seed: int) -> Row:
        played.append(scenario.name)
        begun.set()
        if len(played) == 1:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise OSError("as it was cancelled") from None
        return Row(scenario.name)

    async def all_rows() -> None:
        async with contextlib.aclosing(Campaign(Ground.diary, 1).played(CAMPAIGN)) as playing:
            async for _ in playing:
                pass

    for double in (opened, versions, trial):
        monkeypatch.setattr(campaign, double.__name__, double)
    running = asyncio.create_task(all_rows())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert played == [CAMPAIGN[0].name]
    assert open_grounds == []
