"""Owns the people of a trial: a steady stream of check-ins and check-outs, a crowd, and what must come of each.

Some ask for their day once they have been told that they are checked in. Every few of them are at a place where nobody
was before, whose address nobody knows.
"""

import asyncio
import bisect
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from simulator.gps import Point
from simulator.people import Employee
from tests.faults.ground import Ground
from tests.soak.diary import Item, mark_of

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
GLANCES: Final = 1.0
"""People a second who ask for their day, on average."""
LOOKS: Final = 10
"""Times that one of them asks, at most: the bot answers a person twelve times a minute, and is silent then."""
DAY: Final = "📅"
"""How the answer to that begins, in every language."""
EACH_PLACE: Final = 30
"""People at one place, who speak one language: a crowd's addresses are three or four requests, one a second."""
LANGUAGES: Final = ("az", "en", "ru", "tr")
APART: Final = 0.02
"""Degrees between two places, which is more than a cell."""
IN_A_ROW: Final = 60
CORNER: Final = (39.0, 47.0)
ZONE: Final = ZoneInfo("Asia/Baku")


@dataclass(frozen=True)
class Glance:
    """Somebody asked for their day, when the bot had said so much to them."""

    person: int
    heard: int
    since: datetime
    """Of their session, which they must be shown."""


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
    places: dict[int, Point] = field(default_factory=dict)
    """Where each person is."""
    glances: list[Glance] = field(default_factory=list)
    _people: dict[int, Employee] = field(default_factory=dict)

    async def steady(self) -> None:
        """Let people come, look, and go for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._come_and_go())
            group.create_task(self._look())

    async def _come_and_go(self) -> None:
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

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self.chance.expovariate(GLANCES))
            looks = Counter(glance.person for glance in self.glances)
            told = (person for person in self._inside() if looks[person.id] < LOOKS and self._was_told(person))
            if (person := next(_spread(told, self.chance), None)) is not None:
                self.glances.append(Glance(person.id, len(self._said_to(person.id)), self.taps[person.id][0]))
                self.ground.crowd.say(person, "/today", at=self._now())

    def answers(self, glance: Glance) -> list[str]:
        """What came of it; nothing yet, or the same as often as it was sent."""
        return [text for text in self._said_to(glance.person)[glance.heard :] if text.startswith(DAY)]

    def sessions(self) -> dict[int, tuple[datetime, datetime | None]]:
        """When each person's one session must begin and end."""
        return {person: (taps[0], taps[1] if len(taps) > 1 else None) for person, taps in self.taps.items()}

    def _tap(self, person: Employee, later: timedelta = timedelta()) -> None:
        at = self._now() + later
        bisect.insort(self.taps.setdefault(person.id, []), at)
        self._people[person.id] = person
        mark = f"{at.astimezone(ZONE):%H:%M:%S}"
        self.items.append(Item("check-in", person.id, (mark,), time.monotonic()))
        self.updates.append(self.ground.crowd.send_location(person, at=at, point=self.places[person.id]))

    def _somebody_new(self) -> Employee:
        number = next(self.ground.fresh)
        here = number // EACH_PLACE
        person = self.ground.crowd.employees[number].speaking(LANGUAGES[here % len(LANGUAGES)])
        self.places[person.id] = place(here)
        return person

    def _somebody_inside(self) -> Employee | None:
        latest = self._now() - timedelta(seconds=STAYS)
        inside = (person for person in self._inside() if self.taps[person.id][0] <= latest)
        return next(_spread(inside, self.chance), None)

    def _inside(self) -> Iterator[Employee]:
        return (self._people[number] for number, taps in self.taps.items() if len(taps) == 1)

    def _was_told(self, person: Employee) -> bool:
        mark = f"{self.taps[person.id][0].astimezone(ZONE):%H:%M:%S}"
        return any(mark_of(text) == mark for text in self._said_to(person.id))

    def _said_to(self, person: int) -> list[str]:
        return [message.text for message in self.ground.telegram.chat(person) if message.from_bot]

    def _now(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0) - self.late_by


def place(number: int) -> Point:
    """The point of a place, in degrees."""
    row, column = divmod(number, IN_A_ROW)
    return CORNER[0] + column * APART, CORNER[1] + row * APART


def _spread(people: Iterable[Employee], chance: random.Random) -> Iterator[Employee]:
    """Not the first one, lest it be always one of the crowd; one of the first hundred."""
    few = list(itertools.islice(people, 100))
    chance.shuffle(few)
    return iter(few)
