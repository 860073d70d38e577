"""Owns which cell is asked for next: searches by cell and language, each with all who wait for its address.

Who is better goes first:
0. somebody whose reply still waits in the sender: the address can go inside it;
1. somebody whose reply has gone out: the address becomes an edit;
2. a check-in that newer ones have overtaken (from `geo.backlog`);
3. an old session, for the book alone;
4. nobody: a stale address is asked for anew.

A search is as good as its best waiter, and among equals the newest check-in goes first: that person looks at the
telephone now. What has failed comes after what has not. Every FAIR-th choice is the person's who has waited longest, so
the old ones get done too.

Pure: time is an argument, seconds on one monotonic clock.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from geo_worker.geocoders import Policy

FAIR: Final = 5
ATTEMPTS: Final = 3
"""Times that a point fails again, while others do not, before its messages are put off for longer."""
REST: Final = 2.0
"""Seconds that a point rests after it failed everywhere; twice as long after the second time, and so on."""


class Level(IntEnum):
    """Why an address is wanted, best first."""

    LIVE = 0
    OVERTAKEN = 1
    BACKFILL = 2


class Overtaken(Exception):
    """So many newer check-ins wait that this one is to be put into the backlog."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a geocoder says of a point, and on which terms; no address where there is none."""

    address: str | None
    policy: Policy


@dataclass(slots=True, eq=False)
class Waiter:
    """One message that waits for an address.

    Attributes:
        level: why.
        asked_at: when the person asked, unix seconds; 0 if nobody did.
        reply_key: of the reply that the address is for.
        found: the end of the wait.
        replied: whether the reply is known to have gone out.
        trace: what the asking follows from (`shared.tracing`); empty where there is no trace.
    """

    level: Level
    asked_at: float
    reply_key: str | None
    found: asyncio.Future[Found]
    replied: bool = False
    trace: str = ""

    @property
    def rank(self) -> int:
        """As above."""
        return self.level + 1 if self.level or self.replied or self.reply_key is None else 0


_FOR_THE_BOOK: Final = 3
_NOBODY: Final = 4


@dataclass(slots=True, eq=False)
class Search:
    """One cell in one language.

    Attributes:
        cell, language: what it is for.
        latitude, longitude: the point that is asked for, degrees.
        since: when it began.
        waiters: who waits; nobody, if a stale address is asked for anew.
        failed_at: servers that failed it since it began, or since it rested.
        answers_before: by server, how often that had answered when it failed this search last.
        attempts: how often a server failed it again, having answered for others meanwhile.
        not_before: until when it rests.
        at: the server that is being asked.
    """

    cell: str
    language: str
    latitude: float
    longitude: float
    since: float
    waiters: list[Waiter] = field(default_factory=list)
    failed_at: set[str] = field(default_factory=set)
    answers_before: dict[str, int] = field(default_factory=dict)
    attempts: int = 0
    not_before: float = 0.0
    at: str | None = None

    @property
    def for_the_book_alone(self) -> bool:
        """Whether nobody wants the address but for a session's row."""
        return bool(self.waiters) and all(waiter.level is Level.BACKFILL for waiter in self.waiters)

    @property
    def worth(self) -> tuple[int, int, float]:
        """What sorts searches, the best first."""
        best = min(((waiter.rank, -waiter.asked_at) for waiter in self.waiters), default=(_NOBODY, 0.0))
        return best[0], self.attempts + len(self.failed_at), best[1]


class Searches:
    """All that are not over."""

    def __init__(self) -> None:
        self._searches: dict[tuple[str, str], Search] = {}
        self._of_cell: dict[str, list[Search]] = {}
        self._choices = 0
        self.people = 0
        """Who wait, in all searches."""

    def __len__(self) -> int:
        return len(self._searches)

    def __iter__(self) -> Iterator[Search]:
        return iter(self._searches.values())

    def get(self, cell: str, language: str) -> Search | None:
        """The search for the cell, if there is one."""
        return self._searches.get((cell, language))

    def add(self, search: Search) -> Search:
        """Begin a search, if there is none for this cell in this language; return the one that there is."""
        begun = self._searches.setdefault((search.cell, search.language), search)
        if begun is search:
            self._of_cell.setdefault(search.cell, []).append(search)
        return begun

    def of_cell(self, cell: str) -> Sequence[Search]:
        """Those for this cell, in whichever language."""
        return self._of_cell.get(cell, ())

    def join(self, search: Search, waiter: Waiter) -> None:
        """Somebody waits for it."""
        search.waiters.append(waiter)
        self.people += 1

    def waiters(self) -> Iterator[Waiter]:
        """All who wait."""
        return (waiter for search in self for waiter in search.waiters)

    def choose(self, able: Iterable[Search]) -> Search | None:
        """The search to ask for next, of those that a geocoder may be asked for now; None if there is none."""
        able = list(able)
        if not able:
            return None
        self._choices += 1
        people = [search for search in able if search.worth[0] < _FOR_THE_BOOK]
        if people and self._choices % FAIR == 0:
            return min(people, key=lambda search: search.since)
        return min(able, key=lambda search: search.worth)

    def found(self, search: Search, found: Found) -> None:
        """The search is over: tell all who wait."""
        self._end(search)
        for waiter in search.waiters:
            if not waiter.found.done():
                waiter.found.set_result(found)

    def failed(self, search: Search, problem: Exception) -> None:
        """The search is over: tell all who wait."""
        self._end(search)
        for waiter in search.waiters:
            if not waiter.found.done():
                waiter.found.set_exception(problem)

    def leave(self, search: Search, waiter: Waiter) -> None:
        """Somebody waits no more; a search for nobody ends if it is not being asked for."""
        search.waiters.remove(waiter)
        self.people -= 1
        if not search.waiters and search.at is None:
            self._end(search)

    def rest(self, search: Search, now: float) -> None:
        """All geocoders failed it: begin anew in a while."""
        search.failed_at.clear()
        search.not_before = now + REST * (1 + search.attempts)

    def wakes_at(self, now: float) -> float | None:
        """When the next one that rests is through with it; None if none rests."""
        return min((search.not_before for search in self if search.not_before > now), default=None)

    def _end(self, search: Search) -> None:
        if self._searches.get((search.cell, search.language)) is search:
            del self._searches[search.cell, search.language]
            others = self._of_cell[search.cell]
            others.remove(search)
            if not others:
                del self._of_cell[search.cell]
