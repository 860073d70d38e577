"""The law under everything that can go wrong at once: a state machine over a world with a stepped clock."""

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from sender.pacer import Pacer
from shared.lease import Knock, Lease
from tests.unit.sender.law_world import Process, World

RATE = 3
SECONDS = st.sampled_from((0.01, 0.4, 0.8, 1.6, 4.0))
THEN = st.sampled_from((0.02, 0.05, 0.1, 0.4, 0.8, 1.2, 1.6, 2.5))
WHOM = st.sampled_from((None, None, None, 0, 1, 2))
"""The active one mostly, for it matters most."""


class Law(RuleBasedStateMachine):
    """Senders that have more to send than they may; World.step looks at the law."""

    @staticmethod
    def world_of(names: str) -> World:
        return World(rate=RATE, names=names)

    @initialize(seed=st.integers(0, 2**32), names=st.sampled_from(("AB", "ABC")))
    def begin(self, seed: int, names: str) -> None:
        self.world = self.world_of(names)
        self.world.rng.seed(seed)
        self.world.run(2.6)

    def whom(self, index: int | None) -> Process:
        some = self.world.processes
        return (self.world.active if index is None else None) or some[(index or 0) % len(some)]

    @rule(index=WHOM, seconds=SECONDS, suspended=st.booleans(), then=THEN)
    def one_is_frozen(self, index: int | None, seconds: float, then: float, *, suspended: bool) -> None:
        """By SIGSTOP, by an event loop that stalls, with its machine; it does on waking what it was about to do."""
        self.whom(index).freeze(self.world.now + seconds, suspended=suspended)
        self.world.run(then)

    @rule(index=WHOM, seconds=SECONDS, then=THEN)
    def ones_way_to_the_broker_stalls(self, index: int | None, seconds: float, then: float) -> None:
        if (channel := self.whom(index).channel) is not None:
            channel.stalled = max(channel.stalled, self.world.now + seconds)
        self.world.run(then)

    @rule(index=WHOM, seconds=SECONDS, then=THEN)
    def the_broker_drops_one_that_notices_late(self, index: int | None, seconds: float, then: float) -> None:
        if (channel := self.whom(index).channel) is not None:
            self.world.broker.drop(channel, self.world.now + seconds)
        self.world.run(then)

    @rule(index=WHOM, seconds=SECONDS, then=THEN)
    def one_is_killed(self, index: int | None, seconds: float, then: float) -> None:
        process = self.whom(index)
        process.joins_at = self.world.now + seconds
        process.kill()
        self.world.run(then)

    @rule(index=WHOM, late=st.sampled_from((-1.0, 0.0, 0.0, 1.6, 2.4, math.inf)), then=THEN)
    def one_hands_over(self, index: int | None, late: float, then: float) -> None:
        process = self.whom(index)
        process.joins_at = self.world.now + 4.0
        process.hand_over(late)
        self.world.run(then)

    @rule(then=THEN)
    def the_broker_feeds_another_and_tells_nobody(self, then: float) -> None:
        self.world.broker.look_away()
        self.world.run(then)

    @rule(seconds=SECONDS, then=THEN)
    def the_broker_restarts(self, seconds: float, then: float) -> None:
        self.world.broker.restart(self.world.now + seconds)
        self.world.run(then)

    def teardown(self) -> None:
        """Whatever was done to them: left alone, one of them sends."""
        if hasattr(self, "world"):
            self.world.run(8.0, tick=0.2)
            before = len(self.world.arrivals)
            self.world.run(6.0, tick=0.2)
            assert len(self.world.arrivals) > before, "nobody sends"


def played(machine: type[Law], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_law_is_kept_and_one_sends_whatever_befalls_senders_and_broker() -> None:
    played(Law, 250)


class Hasty(Lease):
    """Begins when it is fed, without the wait."""

    def _anew(self, now: float) -> None:
        super()._anew(now)
        self._begins = now


class Credulous(Lease):
    """Believes any will, whosever signs it found."""

    def _begin_at_once(self, now: float) -> None:
        self._found = set(list(self._wills)[-1:])
        super()._begin_at_once(now)


class Brief(Lease):
    """Forgets whose signs it found when it finds one more."""

    def knocked(self, knock: Knock, tag: int, now: float) -> list[int]:
        if knock.by != self.me and self.counted:
            self._found.clear()
        return super().knocked(knock, tag, now)


class Generous(Lease):
    """Bequeaths what it does not hold."""

    def leave(self, now: float) -> bool:
        super().leave(now)
        return True


class Deaf(Lease):
    """Makes nothing of others' signs."""

    def knocked(self, knock: Knock, tag: int, now: float) -> list[int]:
        return super().knocked(msgspec.structs.replace(knock, sign=knock.by == self.me), tag, now)


class Traceless(Lease):
    """Has no sign in its hand."""

    def knocked(self, knock: Knock, tag: int, now: float) -> list[int]:
        over = super().knocked(knock, tag, now)
        self._hand = None
        return over if tag in over or knock.by != self.me else [*over, tag]


class Careless(Process):
    """Goes on with the pacer that it has, whoever sent meanwhile."""

    def _depart(self) -> None:
        self.epoch = self.lease.epoch
        super()._depart()


class Sleeper(Process):
    """Its lease's clock stands still while the machine is suspended, as time.monotonic does."""

    @property
    def clock(self) -> float:
        return super().clock - self.suspended

    @property
    def loop_clock(self) -> float:
        return self.clock


def unguarded(rate: int, guard: float, now: float) -> Pacer:
    del guard
    return Pacer(rate, 0.0, now)


@pytest.mark.parametrize(
    "sabotage",
    [
        {"lease": Hasty},
        {"process": Careless},
        {"pacer": unguarded},
    ],
    ids=lambda sabotage: next(iter(sabotage.values())).__name__,
)
def test_the_machine_finds_what_is_left_out(sabotage: dict[str, Any]) -> None:
    class Sabotaged(Law):
        @staticmethod
        def world_of(names: str) -> World:
            return World(rate=RATE, names=names, **sabotage)

    with pytest.raises(AssertionError, match=r"hold at once|arrivals in"):
        played(Sabotaged, 1000)


def until_held(world: World) -> Process:
    while not world.holders:
        world.run(0.01)
    return next(process for process in world.processes if process.held)


def dropped_unaware(world: World, process: Process) -> None:
    process.notices_at = math.inf
    if process.channel is not None:
        world.broker.close(process.channel)


def a_will_comes_after_somebody_else_has_held(world: World) -> None:
    first = until_held(world)
    first.joins_at = math.inf
    first.hand_over(late=1.9)
    dropped_unaware(world, until_held(world))
    world.run(1.5)


def somebody_has_counted_in_between_and_is_frozen(world: World) -> None:
    first = until_held(world)
    world.broker.look_away()
    first.freeze(world.now + 0.8)
    world.run(0.8)
    assert world.active is not None
    world.active.freeze(world.now + 3.0)
    while world.active is not first:
        world.broker.look_away()
    world.run(2.0)


def a_sign_and_a_will_were_long_on_their_way(world: World) -> None:
    first = until_held(world)
    assert first.channel is not None
    first.channel.stalled = world.now + 2.2
    world.run(0.51)
    first.hand_over(late=-1.0)
    first.joins_at = math.inf
    world.broker.look_away()
    dropped_unaware(world, until_held(world))
    world.run(1.5)


def the_active_one_leaves_before_it_holds(world: World) -> None:
    dropped_unaware(world, until_held(world))
    world.run(0.2)
    assert world.active is not None
    world.active.hand_over(late=0.0)
    world.run(1.5)


def a_suspended_machine_wakes_up(world: World) -> None:
    first = until_held(world)
    first.freeze(world.now + 4.0, suspended=True)
    dropped_unaware(world, first)
    world.run(4.5)


STORIES: list[tuple[Callable[[World], None], dict[str, Any]]] = [
    (a_will_comes_after_somebody_else_has_held, {"lease": Credulous}),
    (somebody_has_counted_in_between_and_is_frozen, {"lease": Traceless}),
    (somebody_has_counted_in_between_and_is_frozen, {"lease": Deaf}),
    (a_sign_and_a_will_were_long_on_their_way, {"lease": Brief}),
    (the_active_one_leaves_before_it_holds, {"lease": Generous}),
    (a_suspended_machine_wakes_up, {"process": Sleeper}),
]


@pytest.mark.parametrize(("story", "sabotage"), STORIES)
@pytest.mark.parametrize("seed", range(3))
def test_what_chance_finds_seldom_is_told_as_a_story(
    story: Callable[[World], None], sabotage: dict[str, Any], seed: int
) -> None:
    sound, sabotaged = World(), World(**sabotage)
    for world in (sound, sabotaged):
        world.rng.seed(seed)
        world.uploads = 0.0
    story(sound)
    with pytest.raises(AssertionError, match="hold at once"):
        story(sabotaged)


def test_a_successor_begins_within_a_tenth_of_a_second_and_knows_what_was_sent() -> None:
    world = World(rate=30)
    world.uploads = 0.0
    first = until_held(world)
    world.run(5.0)
    first.joins_at = math.inf
    before, sent = world.now, len(world.arrivals)
    first.hand_over(late=0.0)
    assert until_held(world).name != first.name
    world.run(0.5 - (world.now - before))
    assert world.inherited == 1
    assert len(world.arrivals) > sent


def test_ninety_seven_percent_of_the_cap_is_used_with_answers_after_four_seconds() -> None:
    """120 calls then wait for their answers, and 150 may."""
    world = World(rate=30, names="AB")
    world.uploads, world.stalls, world.answers = 0.0, (0.0,), 4.0
    until_held(world)
    world.run(3.0, tick=0.002)
    before, sent = world.now, len(world.arrivals)
    world.run(20.0, tick=0.002)
    assert len(world.arrivals) - sent >= 0.97 * 30 * (world.now - before)


def test_the_law_is_kept_at_the_true_rate() -> None:
    class True30(Law):
        @staticmethod
        def world_of(names: str) -> World:
            return World(rate=30, names=names)

    played(True30, 15)
