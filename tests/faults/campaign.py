"""Owns the order of the campaign: all scenarios, and on which ground each is played."""

import shutil
import traceback
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from local.folders import PROJECT
from local.terminal import WrongInputError
from shared.broker import heed_cancellation
from tests.faults import broker, cache, database, geocoder, services, surroundings, telegram, updates
from tests.faults.ground import Ground, opened, versions
from tests.faults.kinds import OWN, Kinds
from tests.faults.scenario import Scenario
from tests.faults.trial import trial
from tests.faults.verdict import Row
from tests.soak.diary import Diary

LOGS: Final = PROJECT / ".local" / "faults"
CAMPAIGN: Final[Sequence[Scenario]] = (
    *services.SCENARIOS,
    *cache.SCENARIOS,
    *telegram.SCENARIOS,
    *geocoder.SCENARIOS,
    *updates.SCENARIOS,
    *surroundings.SCENARIOS,
    *(one for one in broker.SCENARIOS if not one.clustered),
    *database.SCENARIOS,
    *(one for one in broker.SCENARIOS if one.clustered),
)


def chosen(names: str) -> Sequence[Scenario]:
    """The scenarios of these names, separated by commas; all when there are none.

    Raises:
        WrongInputError: no scenario has that name.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = {scenario.name: scenario for scenario in CAMPAIGN}
    if unknown := [name for name in wanted if name not in known]:
        raise WrongInputError(f"ONLY={names}: there is no {unknown[0]}. There are: {', '.join(known)}")
    return [known[name] for name in wanted] or CAMPAIGN


class Campaign:
    """Plays scenarios one after the other, on the same ground as long as nobody has ruined it.

    `engines` says on which, once a ground is open.
    """

    def __init__(self, diary: Diary, seed: int, kinds: Kinds = OWN) -> None:
        self.engines = ""
        self._diary = diary
        self._seed = seed
        self._kinds = kinds

    async def played(self, scenarios: Iterable[Scenario]) -> AsyncGenerator[Row]:
        """Play, and yield what came of each."""
        async with AsyncExitStack() as standing:
            ground: Ground | None = None
            for number, scenario in enumerate(scenarios):
                if ground is None or (ground.cluster is not None) != scenario.clustered:
                    await standing.aclose()
                    opening = opened(self._diary, self._seed + number, self._kinds, clustered=scenario.clustered)
                    ground = await standing.enter_async_context(opening)
                    self.engines = await versions(ground)
                self._diary.say(f"{scenario.name}: {scenario.what}", "bold")
                row = await _tried(ground, scenario, self._seed)
                heed_cancellation()
                if not row.green:
                    self._diary.say(f"its logs are in {_kept(ground, scenario)}", "red")
                if scenario.ruins or not row.green:
                    ground = None
                yield row


def _kept(ground: Ground, scenario: Scenario) -> Path:
    """Keep what everybody has written on this ground, which is about to go; the last red trial's of each name."""
    kept = LOGS / scenario.name
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(ground.stage.logs, kept)
    return kept


async def _tried(ground: Ground, scenario: Scenario, seed: int) -> Row:
    try:
        return await trial(ground, scenario, seed)
    except Exception as problem:  # noqa: BLE001 - whatever breaks a trial is its verdict, and the next one is played
        ground.diary.say(traceback.format_exc(), "red")
        return Row(scenario.name, problems=[f"the trial broke: {problem!r}"])
