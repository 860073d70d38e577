"""The fold: what a person's locations of one day mean, whatever the order in which they arrive."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from checkin_worker.attendance import CONFIRM_WITHIN, Correction, Day, Event, Role, Session, fold
from checkin_worker.fence import Fence

if TYPE_CHECKING:
    from collections.abc import Sequence

MORNING = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
DOUBLE_TAP = timedelta(seconds=60)


def at(seconds: int) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def event(seconds: int, update_id: int | None = None, fence: Fence | None = None, *, evidence: bool = False) -> Event:
    return Event(at(seconds), update_id or 1000 + seconds, 40.4, 49.9, fence=fence, evidence=evidence)


def folded(*seconds: int) -> Day:
    return fold([event(second) for second in seconds], DOUBLE_TAP)


def ends(day: Day) -> list[tuple[int, int | None]]:
    """The sessions, in seconds since the morning."""
    return [(_seconds(session.start.at), _seconds(session.end.at) if session.end else None) for session in day.sessions]


def _seconds(moment: datetime) -> int:
    return int((moment - MORNING).total_seconds())


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
        assert earlier.end.at < later.start.at
    for session in day.sessions:
        assert session.end is None or session.end.at - session.start.at >= DOUBLE_TAP


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
    assert ends(day) == [(0, 3600)]


def test_a_second_tap_within_the_window_repeats_and_at_its_end_counts() -> None:
    assert folded(0, 59).roles[event(59)] is Role.REPEATED
    assert folded(0, 60).roles[event(60)] is Role.CLOSED


def test_a_chain_of_taps_is_measured_from_the_one_that_counted() -> None:
    day = folded(0, 40, 80)
    assert day.roles[event(40)] is Role.REPEATED
    assert day.roles[event(80)] is Role.CLOSED


def test_an_earlier_location_that_arrives_later_takes_its_place() -> None:
    assert ends(folded(3600, 7200)) == [(3600, 7200)]
    assert ends(folded(3600, 7200, 0)) == [(0, 3600), (7200, None)]


# A day as it may really be: taps that the fence could tell and not, second looks, corrections and undone check-outs.
fences = st.sampled_from([None, *Fence])
taps = st.lists(st.builds(event, st.integers(0, 4000), st.integers(1, 9), fences, evidence=st.booleans()), max_size=9)
corrections = st.lists(
    st.builds(
        lambda asked, arrived, length, number: Correction(
            at(asked), number, at(arrived), None if length is None else at(arrived + length)
        ),
        st.integers(0, 5000),
        st.integers(0, 2000),
        st.none() | st.integers(1, 2000),
        st.integers(10, 19),
    ),
    max_size=3,
)


@given(taps, corrections, st.data())
def test_any_order_of_taps_looks_undos_and_corrections_ends_in_the_same_day(
    events: list[Event], asked: list[Correction], data: st.DataObject
) -> None:
    events = list({one.ref: one for one in events}.values())  # an update has one content
    asked = list({(one.sent_at, one.update_id): one for one in asked}.values())
    undone = frozenset(one.ref for one in events if data.draw(st.booleans()))
    one_way = fold(events, DOUBLE_TAP, asked, undone)
    again = events + (data.draw(st.lists(st.sampled_from(events))) if events else [])
    assert fold(data.draw(st.permutations(again)), DOUBLE_TAP, data.draw(st.permutations(asked)), undone) == one_way


@given(taps, corrections, st.data())
def test_however_the_day_went_only_the_last_session_may_be_open_and_every_event_has_a_role(
    events: list[Event], asked: list[Correction], data: st.DataObject
) -> None:
    undone = frozenset(one.ref for one in events if data.draw(st.booleans()))
    day = fold(events, DOUBLE_TAP, asked, undone)
    assert all(session.end is not None for session in day.sessions[:-1])
    assert set(day.roles) == set(day.decided_by) == set(events)
    for one, role in day.roles.items():
        follows = role in (Role.REPEATED, Role.CONFIRMED)
        assert (day.decided_by[one] != one) == follows
        assert role is not Role.UNDONE or one.ref in undone


@given(taps)
@example([event(0), event(60, fence=Fence.UNCERTAIN), event(120), event(180)])  # what confirmed it goes with it
def test_undoing_the_last_check_out_leaves_the_session_open_and_the_others_as_they_were(events: list[Event]) -> None:
    before = fold(events, DOUBLE_TAP)
    if not before.sessions or before.sessions[-1].end is None or before.sessions[-1].end.event is None:
        return
    closing = before.sessions[-1].end.event
    after = fold(events, DOUBLE_TAP, undone=frozenset(before.taken_back_with(closing)))
    assert ends(after)[:-1] == ends(before)[:-1]
    assert after.sessions[-1].start == before.sessions[-1].start
    assert after.sessions[-1].end is None or after.sessions[-1].end.at > closing.sent_at


def test_an_undone_check_out_is_repeated_by_a_double_tap_and_the_next_tap_closes() -> None:
    events = [event(0), event(3600), event(3620), event(7200)]
    day = fold(events, DOUBLE_TAP, undone=frozenset({event(3600).ref}))
    assert [day.roles[one] for one in events] == [Role.OPENED, Role.UNDONE, Role.REPEATED, Role.CLOSED]
    assert ends(day) == [(0, 7200)]


def test_an_undo_takes_what_confirmed_or_repeated_the_check_out_back_too_and_the_next_tap_closes() -> None:
    came, went = event(0), event(3600, fence=Fence.UNCERTAIN)
    looks = [event(3630, fence=Fence.OUTSIDE), event(3680), event(3700, fence=Fence.INSIDE, evidence=True)]
    before = fold([came, went, *looks], DOUBLE_TAP)
    undone = frozenset(before.taken_back_with(went))
    assert undone == {went.ref, looks[0].ref, looks[1].ref}
    assert ends(fold([came, went, *looks], DOUBLE_TAP, undone=undone)) == [(0, None)]
    assert ends(fold([came, went, *looks, event(3900)], DOUBLE_TAP, undone=undone)) == [(0, 3900)]


def test_an_undo_that_arrives_before_its_check_out_waits_for_it() -> None:
    undone = frozenset({event(3600).ref})
    assert ends(fold([event(0)], DOUBLE_TAP, undone=undone)) == [(0, None)]
    assert ends(fold([event(0), event(3600)], DOUBLE_TAP, undone=undone)) == [(0, None)]


def test_a_correction_replaces_what_was_tapped_before_it_was_asked_and_taps_go_on_from_it() -> None:
    asked = Correction(at(5000), 77, at(100), None)
    assert ends(fold([event(4000)], DOUBLE_TAP, [asked])) == [(100, None)]
    assert ends(fold([event(4000), event(9000)], DOUBLE_TAP, [asked])) == [(100, 9000)]


def test_of_two_corrections_the_one_that_was_asked_last_holds() -> None:
    first, second = Correction(at(5000), 77, at(100), at(2000)), Correction(at(6000), 78, at(200), at(3000))
    assert ends(fold([event(0)], DOUBLE_TAP, [second, first])) == [(200, 3000)]


def test_a_corrected_end_has_no_event_and_is_told_apart_from_a_tap() -> None:
    day = fold([event(0)], DOUBLE_TAP, [Correction(at(5000), 77, at(0), at(2000))])
    (session,) = day.sessions
    assert session.start.event is None
    assert session.end is not None
    assert session.end.event is None
    assert session.end.update_id == 77


def seen(day: Day) -> list[tuple[Fence | None, Fence | None]]:
    return [_fences(session) for session in day.sessions]


def _fences(session: Session) -> tuple[Fence | None, Fence | None]:
    return session.start.fence, session.end.fence if session.end else None


def test_a_second_location_after_an_uncertain_one_confirms_it_and_does_not_check_out() -> None:
    unclear, clear = event(0, fence=Fence.UNCERTAIN), event(300, fence=Fence.INSIDE)
    day = fold([unclear, clear], DOUBLE_TAP)
    assert day.roles[clear] is Role.CONFIRMED
    assert day.decided_by[clear] == unclear
    assert (ends(day), seen(day)) == ([(0, None)], [(Fence.INSIDE, None)])


def test_after_the_window_the_next_location_checks_out_though_the_first_was_never_clear() -> None:
    late = event(int(CONFIRM_WITHIN.total_seconds()), fence=Fence.INSIDE)
    day = fold([event(0, fence=Fence.UNCERTAIN), late], DOUBLE_TAP)
    assert day.roles[late] is Role.CLOSED


def test_a_live_location_that_moves_confirms_what_was_uncertain_and_means_nothing_else() -> None:
    unclear = event(0, fence=Fence.UNCERTAIN)
    look = event(30, fence=Fence.INSIDE, evidence=True)
    further = event(3600, fence=Fence.OUTSIDE, evidence=True)
    day = fold([unclear, look, further], DOUBLE_TAP)
    assert [day.roles[look], day.roles[further]] == [Role.CONFIRMED, Role.IGNORED]
    assert (ends(day), seen(day)) == ([(0, None)], [(Fence.INSIDE, None)])


def test_an_uncertain_check_out_is_confirmed_as_well() -> None:
    events = [event(0, fence=Fence.INSIDE), event(3600, fence=Fence.UNCERTAIN), event(3700, fence=Fence.OUTSIDE)]
    day = fold(events, DOUBLE_TAP)
    assert (ends(day), seen(day)) == ([(0, 3600)], [(Fence.INSIDE, Fence.OUTSIDE)])


def test_a_tap_right_after_a_confirmation_repeats_and_does_not_check_out() -> None:
    events = [event(0, fence=Fence.UNCERTAIN), event(300, fence=Fence.INSIDE), event(320, fence=Fence.INSIDE)]
    day = fold(events, DOUBLE_TAP)
    assert day.roles[events[2]] is Role.REPEATED
    assert ends(day) == [(0, None)]
