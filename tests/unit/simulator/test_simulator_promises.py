from dataclasses import replace

from simulator.demo.probes import Stored
from simulator.demo.promises import Morning, judge
from simulator.report import Figures

GOOD = Morning(
    employees=1000,
    locations=1000,
    answered_once=1000,
    figures=Figures(
        calls=1000,
        refused={},
        doubtful=0,
        violations={},
        most_in_one_second=30,
        updates=1000,
        webhook_accepted=1000,
        webhook_tries=1000,
        webhook_p50=0.01,
        webhook_p99=0.2,
        reply_p50=17.0,
        reply_p99=34.0,
        replies_per_person={1: 1000},
        with_address=1000,
        first_update=100.0,
        last_reply=134.0,
        last_call=134.0,
        drain_ratio=1.02,
        worst_lag=0.01,
    ),
    before=Stored(events=5, people=0, not_one=0),
    stored=Stored(events=1005, people=1000, not_one=0),
    memory={"ingress": 80.0, "geo_worker": 200.0},
)


def failed(morning: Morning) -> list[str]:
    return [promise.name for promise in judge(morning) if promise.held is False]


def test_a_good_morning_holds_every_promise() -> None:
    assert failed(GOOD) == []


def test_31_calls_in_a_second_break_the_cap() -> None:
    assert failed(replace(GOOD, figures=replace(GOOD.figures, most_in_one_second=31))) == ["most calls in any 1.0 s"]


def test_a_refused_call_is_a_broken_promise() -> None:
    assert failed(replace(GOOD, figures=replace(GOOD.figures, refused={429: 1}))) == ["calls refused"]


def test_a_last_reply_after_more_than_105_percent_of_the_time_is_too_late() -> None:
    assert failed(replace(GOOD, figures=replace(GOOD.figures, last_reply=135.1))) == ["last reply after"]


def test_a_machine_that_is_too_busy_to_take_updates_in_tells_nothing_of_the_drain_up_to_a_bound() -> None:
    busy = replace(GOOD.figures, webhook_p50=0.25)
    assert failed(replace(GOOD, figures=replace(busy, last_reply=137.0))) == []
    (drain,) = (one for one in judge(replace(GOOD, figures=replace(busy, last_reply=137.0))) if "last" in one.name)
    assert drain.held is None
    assert "too busy to tell" in drain.figure
    assert failed(replace(GOOD, figures=replace(busy, last_reply=160.0))) == ["last reply after"]


def test_when_people_come_over_time_the_drain_is_not_judged() -> None:
    late = replace(GOOD, figures=replace(GOOD.figures, last_reply=500.0), at_once=False)
    assert failed(late) == []


def test_an_edit_for_every_reply_is_too_many_calls() -> None:
    edited = replace(GOOD.figures, calls=2000)
    assert "calls per check-in" in failed(replace(GOOD, figures=edited))


def test_a_person_without_a_session_and_one_with_two_are_both_found() -> None:
    stored = Stored(events=1005, people=999, not_one=1)
    assert failed(replace(GOOD, stored=stored)) == [
        "recorded [database]",
        "people with more than one session [database]",
    ]


def test_a_double_tap_may_be_an_event_of_its_own() -> None:
    figures = replace(GOOD.figures, webhook_accepted=1100, calls=1100)
    tapped = replace(GOOD, locations=1100, figures=figures)
    assert failed(replace(tapped, stored=Stored(events=1105, people=1000, not_one=0))) == []
    assert failed(replace(tapped, stored=Stored(events=1106, people=1000, not_one=0))) == ["new events [database]"]


def test_a_database_that_cannot_be_read_proves_nothing() -> None:
    assert failed(replace(GOOD, stored="the database could not be read")) == ["recorded [database]"]


def test_only_a_geo_service_may_be_larger_than_120_mib() -> None:
    assert failed(replace(GOOD, memory={"ingress": 121.0, "geo_worker": 219.0})) == ["memory of ingress"]
    assert failed(replace(GOOD, memory={"geo_worker": 221.0})) == ["memory of geo_worker"]


def test_a_failure_tells_what_was_promised_and_what_was_found() -> None:
    broken = replace(GOOD, figures=replace(GOOD.figures, most_in_one_second=31))
    sentences = [promise.failure for promise in judge(broken) if promise.held is False]
    assert sentences == ["most calls in any 1.0 s: promised at most 30, found 31."]
