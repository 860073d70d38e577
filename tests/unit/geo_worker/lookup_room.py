"""A lookup in a room of its own: geocoders that a test holds in its hand, a memory without Redis, a right to ask."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from geo_worker.addresses import Addresses
from geo_worker.geocoders import Gate, Policy
from geo_worker.lookup import Lookup, Question
from geo_worker.pace import Pace
from geo_worker.provider import Provider
from geo_worker.searches import Level
from shared.errors import CacheUnavailable

BAKU = (40.3717, 49.8505)
NEAR_BAKU = (40.3718, 49.8505)
"""11 m to the north: another fourth decimal, the same cell."""
FAST = Policy(parallel=8)
ALONE = Policy(parallel=1)


def place(number: int) -> tuple[float, float]:
    """A point a kilometre from the next."""
    return 40.40 + number / 100, 49.85


class Hand:
    """A geocoder that answers when and what a test says; until told, with the language and the point."""

    def __init__(self, name: str = "photon", policy: Policy = FAST) -> None:
        self.name = name
        self.policy = policy
        self.asked: list[tuple[float, float, str]] = []
        self.fails: Exception | None = None
        self.fails_at: set[tuple[float, float]] = set()
        self.problem: Exception = RuntimeError("not told")
        self.nothing_there = False
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.arrival = asyncio.Event()
        self.inside = self.most_inside = 0

    async def reverse(self, latitude: float, longitude: float, language: str, gate: Gate) -> str | None:
        await gate()
        self.asked.append((latitude, longitude, language))
        self.arrival.set()
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await self.go_on.wait()
        finally:
            self.inside -= 1
        if self.fails is not None:
            raise self.fails
        if (latitude, longitude) in self.fails_at:
            raise self.problem
        return None if self.nothing_there else f"{self.name} {language} {latitude:.4f}"

    async def aclose(self) -> None:
        """Nothing is open."""

    async def was_asked(self, times: int) -> None:
        """Return when it was asked so often."""
        while len(self.asked) < times:
            self.arrival.clear()
            await self.arrival.wait()


@dataclass
class Store:
    """Redis, as far as the memory of addresses knows it."""

    values: dict[str, str] = field(default_factory=dict)
    lives: dict[str, int] = field(default_factory=dict)
    away: bool = False
    gets: int = 0

    async def get(self, key: str) -> str | None:
        self.gets += 1
        await asyncio.sleep(0)
        if self.away:
            raise CacheUnavailable("away")
        return self.values.get(key)

    async def put(self, key: str, value: str, seconds: int) -> None:
        if self.away:
            raise CacheUnavailable("away")
        self.values[key], self.lives[key] = value, seconds


@dataclass
class Right:
    """The right to ask, which a test gives and takes."""

    held: bool = True
    held_for: float = 100.0
    given: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        while not self.held:
            self.given.clear()
            await self.given.wait()

    def give(self) -> None:
        self.held = True
        self.given.set()


@dataclass
class Replies:
    """Which replies have gone out."""

    out: set[str] = field(default_factory=set)
    looked: int = 0

    async def gone(self, keys: Sequence[str]) -> set[str]:
        self.looked += 1
        return self.out & {*keys}


@dataclass
class Room:
    """What a test looks at."""

    lookup: Lookup
    addresses: Addresses
    store: Store
    right: Right
    replies: Replies
    providers: list[Provider]
    now: list[float]

    async def address(self, point: tuple[float, float] = BAKU, language: str = "az", **of: object) -> str | None:
        """Ask as a message does."""
        level = of.get("level", Level.LIVE)
        asked_at, reply = of.get("asked_at", 0.0), of.get("reply")
        assert isinstance(level, Level)
        assert isinstance(asked_at, float)
        assert reply is None or isinstance(reply, str)
        found = await self.lookup.address(Question(*point, language, level, asked_at, reply))
        return None if found is None else found.address

    def begin(self, point: tuple[float, float] = BAKU, language: str = "az", **of: object) -> asyncio.Task[str | None]:
        """Ask, and go on."""
        return asyncio.create_task(self.address(point, language, **of))


@asynccontextmanager
async def room(*geocoders: Hand, store: Store | None = None) -> AsyncIterator[Room]:
    """Ask these, best first, while the block runs."""
    store, right, replies, now = store or Store(), Right(), Replies(), [1_000_000.0]
    addresses = Addresses(store, lambda: now[0])
    providers = [Provider(geocoder, Pace(geocoder.policy, right)) for geocoder in geocoders]
    lookup = Lookup(addresses, replies, right, providers)
    running = asyncio.create_task(lookup.run())
    try:
        yield Room(lookup, addresses, store, right, replies, providers, now)
    finally:
        running.cancel()
        await asyncio.wait([running])
