"""The fold: what a person's locations of one day mean, whatever the order in which they arrive."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_worker.attendance import Calendar, Day, Event, Role, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

MORNING = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
DOUBLE_TAP = timedelta(seconds=60)
BAKU = Calendar(ZoneInfo("Asia/Baku"), time(4, 0))


def event(seconds: int, update_id: int | None = None) -> Event:
    return Event(MORNING + timedelta(seconds=seconds), update_id or 1000 + seconds, 40.4, 49.9)


def folded(*seconds: int) -> Day:
    return fold([event(second) for second in seconds], DOUBLE_TAP)


moments = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 5)), max_size=12)


@given(moments, st.data())
def test_any_order_with_any_repetitions_ends_in_the_same_day(
    moments: list[tuple[int, int]], data: st.DataObject
) -> None:
    events = [event(second, update_id) for second, update_id in moments]
    repeated = events + data.draw(st.lists(st.sampled_from(events), max_size=6) if events else st.just([]))
    shuffled: Sequence[Event] = data.draw(st.permutations(repeated))
    assert fold(shuffled, DOUBLE_TAP) == fold(events, DOUBLE_TAP)


@given(moments)
def test_sessions_follow_each_other_and_only_the_last_may_be_open(moments: list[tuple[int, int]]) -> None:
    day = fold([event(second, update_id) for second, update_id in moments], DOUBLE_TAP)
    for earlier, later in zip(day.sessions, day.sessions[1:], strict=False):
        assert earlier.end is not None
        assert earlier.end < later.start
    for session in day.sessions:
        assert session.end is None or session.end.sent_at - session.start.sent_at >= DOUBLE_TAP


@given(moments)
def test_every_event_has_one_role_and_a_repetition_follows_what_it_repeats(moments: list[tuple[int, int]]) -> None:
    events = {event(second, update_id) for second, update_id in moments}
    day = fold(events, DOUBLE_TAP)
    assert set(day.roles) == set(day.decided_by) == events
    for one, role in day.roles.items():
        decided = day.decided_by[one]
        assert (decided == one) == (role is not Role.REPEATED)
        assert timedelta(0) <= one.sent_at - decided.sent_at < DOUBLE_TAP
        assert day.roles[decided] is not Role.REPEATED


@given(moments, st.integers(0, 600))
def test_one_more_event_never_makes_fewer_sessions(moments: list[tuple[int, int]], extra: int) -> None:
    events = [event(second, update_id) for second, update_id in moments]
    assert len(fold([*events, event(extra, 9)], DOUBLE_TAP).sessions) >= len(fold(events, DOUBLE_TAP).sessions)


def test_the_first_location_opens_and_the_next_closes() -> None:
    day = folded(0, 3600)
    assert [day.roles[event(0)], day.roles[event(3600)]] == [Role.OPENED, Role.CLOSED]
    assert day.sessions[0].end == event(3600)


def test_a_second_tap_within_the_window_repeats_and_at_its_end_counts() -> None:
    assert folded(0, 59).roles[event(59)] is Role.REPEATED
    assert folded(0, 60).roles[event(60)] is Role.CLOSED


def test_a_chain_of_taps_is_measured_from_the_one_that_counted() -> None:
    day = folded(0, 40, 80)
    assert day.roles[event(40)] is Role.REPEATED
    assert day.roles[event(80)] is Role.CLOSED


def test_an_earlier_location_that_arrives_later_takes_its_place() -> None:
    assert folded(3600, 7200).sessions[0].start == event(3600)
    day = folded(3600, 7200, 0)
    assert [session.start for session in day.sessions] == [event(0), event(7200)]


@pytest.mark.parametrize(
    ("moment", "workday"),
    [
        ("2026-11-23T23:59:59+00:00", date(2026, 11, 23)),  # 03:59:59 in Baku
        ("2026-11-24T00:00:00+00:00", date(2026, 11, 24)),  # 04:00:00 in Baku
        ("2026-11-23T20:30:00+00:00", date(2026, 11, 23)),  # after midnight in Baku
    ],
)
def test_the_working_day_ends_at_the_boundary_in_its_own_zone(moment: str, workday: date) -> None:
    assert BAKU.workday(datetime.fromisoformat(moment)) == workday


@given(st.integers(946_684_800, 4_102_444_800), st.sampled_from(["Asia/Baku", "Europe/Berlin"]))
def test_a_moment_lies_within_the_bounds_of_its_working_day(seconds: int, zone: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    calendar = Calendar(ZoneInfo(zone), time(4, 0))
    first, after = calendar.bounds(calendar.workday(moment))
    assert first <= moment < after
