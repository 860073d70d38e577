"""What a chat takes, as Telegram counts it: at the arrival, which is before we count."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sender.chats import CAUTION, GROUP_CALLS, GROUP_WINDOW, ChatLimits
from simulator.botapi.flood import Flood, FloodLimits

_step = st.tuples(st.floats(0, 5), st.floats(0, 4))
"""A pause, and the time from the departure to the answer; the arrival is somewhere in it."""


@given(st.lists(st.tuples(_step, st.floats(0, 1)), max_size=80), st.sampled_from([7, -100]))
def test_a_chat_that_is_served_as_fast_as_allowed_is_never_refused(
    calls: list[tuple[tuple[float, float], float]], chat: int
) -> None:
    telegram, limit, now = Flood(FloodLimits()), ChatLimits().of(chat, 0.0), 0.0
    for (pause, trip), part in calls:
        now = max(now + pause, limit.free_at)
        assert telegram.chat(chat, now + trip * part) == 0
        now += trip
        limit.spend(now)


@given(st.floats(0, CAUTION), st.integers(0, 2))
def test_after_a_takeover_a_private_chat_may_have_had_two_messages_a_moment_ago(wait: float, before: int) -> None:
    telegram, limits = Flood(FloodLimits()), ChatLimits()
    for _ in range(before):
        assert telegram.chat(7, 100.0) == 0
    limits.restart(100.0)
    now = 100.0 + wait
    limit = limits.of(7, now)
    for _ in range(5):
        now = max(now, limit.free_at)
        assert telegram.chat(7, now) == 0
        limit.spend(now)


def test_after_a_takeover_a_group_goes_on_at_the_pace_of_a_minute() -> None:
    limits = ChatLimits()
    limits.restart(100.0)
    limit, moments = limits.of(-5, 100.0), [100.0]
    for _ in range(25):
        moments.append(max(moments[-1], limit.free_at))
        limit.spend(moments[-1])
    assert all(later - earlier >= 3.0 for earlier, later in itertools.pairwise(moments[1:]))
    assert limits.of(-5, 100.0 + GROUP_WINDOW).free_at == 0.0


def test_a_rested_group_takes_twenty_at_once() -> None:
    limit = ChatLimits().of(-5, 0.0)
    for _ in range(GROUP_CALLS):
        assert limit.free_at <= 1.0
        limit.spend(1.0)
    assert limit.free_at == 1.0 + GROUP_WINDOW
    assert limit.rested_at == 1.0 + GROUP_WINDOW
