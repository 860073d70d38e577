"""The law of politeness: a model under everything that can go wrong at once, and the real thing at its gate."""

import asyncio

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from geo_worker.geocoders import Policy
from geo_worker.pace import GUARD, NotOurTurn, Pace, Pauses
from tests.unit.sender import law_world
from tests.unit.sender.law_world import WAY, World
from tests.unit.sender.test_law import Law, played

GIVEN_UP = 3.0
"""Seconds that an answer is waited for."""


class Asker(law_world.Process):
    """A geo worker: what Pace, Provider and the event loop do with a lease."""

    pauses_of: type[Pauses] = Pauses

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self.pauses = self.pauses_of(1.0, self.clock)
        self.writes_at: float | None = None
        self.ends_at: float | None = None

    def hand_over(self, late: float) -> None:
        """What is under way is let be, which the real one waits for."""
        self.writes_at = None
        super().hand_over(late)

    def _depart(self) -> None:
        if self.ends_at is not None and self.ends_at <= self.world.now:
            self.pauses.ended(self.clock)
            self.ends_at = None
        if self.writes_at is None and self.ends_at is None and self._may():
            self.writes_at = self.world.now + self.world.rng.choice(self.world.stalls)  # it connects first

    def _write(self) -> None:
        if self.writes_at is None or self.writes_at > self.world.now:
            return
        if not self.held:
            self.writes_at = None
        elif self._may():
            now, rng = self.world.now, self.world.rng
            arrived = now + WAY + rng.uniform(0, law_world.GUARD)
            self.world.arrivals.append(arrived)
            self.writes_at = None
            self.pauses.written(self.clock)
            answered = rng.random() < 0.8
            self.ends_at = arrived + rng.choice((0.0, 0.1, 1.5)) if answered else now + GIVEN_UP

    def _may(self) -> bool:
        return self.held and self.pauses.wait(self.clock, self.lease.held_for(self.clock)) == 0


class Polite(Law):
    """Geo workers that have more to ask than they may; World.step sees that arrivals are a second apart."""

    asker: type[Asker] = Asker

    @initialize(seed=st.integers(0, 2**32), names=st.sampled_from(("AB", "ABC")))
    def begin(self, seed: int, names: str) -> None:
        self.world = World(rate=1, names=names, process=self.asker)
        self.world.rng.seed(seed)
        self.world.run(2.6)


def test_requests_are_a_second_apart_and_go_on_whatever_befalls_workers_and_broker() -> None:
    played(Polite, 150)


class Hasty(Pauses):
    """Asks at once when the right has come."""

    def wait(self, now: float, held_for: float) -> float:
        return super().wait(now, held_for + 10.0)


class FromTheWrite(Pauses):
    """Counts the pause from the write of a request, as a limiter does that is asked before it."""

    def ended(self, now: float) -> None:
        del now


@pytest.mark.parametrize(
    "made",
    [
        type("HastyAsker", (Asker,), {"pauses_of": Hasty}),
        type("FromTheWriteAsker", (Asker,), {"pauses_of": FromTheWrite}),
    ],
)
def test_the_model_sees_what_breaks_the_law(made: type[Asker]) -> None:
    with pytest.raises(AssertionError, match=r"2 arrivals in 0\.\d+ s"):
        played(type("Broken", (Polite,), {"asker": made}), 150)


class Held:
    """A right that a test gives and takes."""

    def __init__(self, held_for: float = 100.0) -> None:
        self.held_for = held_for

    @property
    def held(self) -> bool:
        return self.held_for > 0


class Clock:
    """Stands still but for those who sleep."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 50.0
        self.slept: list[float] = []
        monkeypatch.setattr(asyncio, "sleep", self._sleep)

    def __call__(self) -> float:
        return self.now

    async def _sleep(self, seconds: float, *_: object) -> None:
        self.slept.append(seconds)
        self.now += seconds


NOMINATIM = Policy(rate=1.0)


async def test_the_pause_counts_from_the_answer_not_from_the_write(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    pace = Pace(NOMINATIM, Held(), clock)
    await pace.gate()
    clock.now += 3.0
    pace.ended()
    await pace.gate()
    assert clock.slept == [1.0]


async def test_a_request_written_again_waits_like_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    pace = Pace(NOMINATIM, Held(), clock)
    await pace.gate()
    clock.now += 0.3  # the kept connection was dead, and aiohttp takes another
    await pace.gate()
    assert clock.slept == [1.0]


async def test_a_request_that_was_never_written_costs_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    pace = Pace(NOMINATIM, Held(), clock)
    pace.ended()
    await pace.gate()
    assert clock.slept == []


async def test_who_just_got_the_right_lets_the_last_request_of_others_get_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    began = clock.now - 0.25

    class Fresh:
        """A right that came a quarter of a second ago."""

        held = True

        @property
        def held_for(self) -> float:
            return clock.now - began

    pace = Pace(NOMINATIM, Fresh(), clock)
    await pace.gate()
    assert clock.slept == [pytest.approx(1.0 + GUARD - 0.25)]


async def test_a_quota_counts_a_request_that_is_written_again() -> None:
    pace = Pace(Policy(rate=20.0, parallel=8), Held())
    loop = asyncio.get_running_loop()
    await pace.ready()
    await pace.gate()
    began = loop.time()
    await pace.gate(again=True)
    assert loop.time() - began >= 1 / 20 - 0.01


@pytest.mark.parametrize("policy", [NOMINATIM, Policy(rate=50.0, parallel=8), Policy(parallel=8)])
async def test_without_the_right_nothing_is_written(policy: Policy) -> None:
    pace = Pace(policy, Held(0.0))
    with pytest.raises(NotOurTurn):
        await pace.ready()
    with pytest.raises(NotOurTurn):
        await pace.gate()


async def test_the_right_is_asked_for_after_every_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    right = Held()
    pace = Pace(NOMINATIM, right, clock)
    await pace.gate()
    pace.ended()

    async def lost_meanwhile(seconds: float) -> None:
        clock.now += seconds
        right.held_for = 0.0

    monkeypatch.setattr(asyncio, "sleep", lost_meanwhile)
    with pytest.raises(NotOurTurn):
        await pace.gate()


async def test_a_quota_lets_requests_out_one_by_one_and_several_at_once() -> None:
    pace = Pace(Policy(rate=20.0, parallel=8), Held())
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(pace.ready() for _ in range(5)))
    assert loop.time() - began >= 4 / 20 - 0.01


async def test_who_has_no_rate_never_waits() -> None:
    pace = Pace(Policy(parallel=8), Held())
    for _ in range(1000):
        await pace.gate()
