"""Owns the people of a trial: a steady stream of check-ins and check-outs, a crowd, and what must come of each."""

import asyncio
import bisect
import itertools
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from simulator.people import Employee
from tests.faults.ground import Ground
from tests.soak.diary import Item

A_SECOND: Final = 5.0
"""Taps of the steady stream, on average: a sixth of the cap."""
LEAVE: Final = 0.25
"""The share of them that are check-outs."""
STAYS: Final = 3
"""Seconds between a person's taps at least: more than a double tap's."""
DUPLICATES: Final = 0.1
CROWD: Final = 90
"""People who come in the same moment: three seconds of the cap."""
AT_ONCE: Final = 10
ZONE: Final = ZoneInfo("Asia/Baku")


@dataclass
class Load:
    """Taps, and writes down what must come of it."""

    ground: Ground
    chance: random.Random
    late_by: timedelta = timedelta()
    """How long before now the people tapped whose updates come now."""
    backwards: bool = False
    """Whether each of the crowd also leaves, of which we hear before we hear that they came."""
    items: list[Item] = field(default_factory=list)
    updates: list[int] = field(default_factory=list)
    taps: dict[int, list[datetime]] = field(default_factory=dict)
    """Each person's, in order; one or two."""
    _people: dict[int, Employee] = field(default_factory=dict)

    async def steady(self) -> None:
        """Let people come and go for ever."""
        while True:
            await asyncio.sleep(self.chance.expovariate(A_SECOND))
            if self.chance.random() < LEAVE and (person := self._somebody_inside()) is not None:
                self._tap(person)
            else:
                self._tap(self._somebody_new())

    async def crowd(self, people: int = CROWD) -> None:
        """Let so many come at once."""
        for number in range(people):
            person = self._somebody_new()
            if self.backwards:
                self._tap(person, timedelta(seconds=STAYS))
            self._tap(person)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)  # calls that arrive meanwhile are to be taken in

    def sessions(self) -> dict[int, tuple[datetime, datetime | None]]:
        """When each person's one session must begin and end."""
        return {person: (taps[0], taps[1] if len(taps) > 1 else None) for person, taps in self.taps.items()}

    def _tap(self, person: Employee, later: timedelta = timedelta()) -> None:
        at = self._now() + later
        bisect.insort(self.taps.setdefault(person.id, []), at)
        self._people[person.id] = person
        mark = f"{at.astimezone(ZONE):%H:%M:%S}"
        self.items.append(Item("check-in", person.id, (mark,), time.monotonic()))
        self.updates.append(self.ground.crowd.send_location(person, at=at))

    def _somebody_new(self) -> Employee:
        return self.ground.crowd.employees[next(self.ground.fresh)]

    def _somebody_inside(self) -> Employee | None:
        latest = self._now() - timedelta(seconds=STAYS)
        inside = (number for number, taps in self.taps.items() if len(taps) == 1 and taps[0] <= latest)
        return next((self._people[number] for number in _spread(inside, self.chance)), None)

    def _now(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0) - self.late_by


def _spread(numbers: Iterable[int], chance: random.Random) -> Iterable[int]:
    """Not the first one, lest it be always one of the crowd; one of the first hundred."""
    few = list(itertools.islice(numbers, 100))
    chance.shuffle(few)
    return few
