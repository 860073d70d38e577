"""What a load is judged by: what passes, and what must not."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.load.answers import Answer, Answers, read
from tests.load.hosts import refusal
from tests.load.steps import Counted, Step, verdict
from tests.load.verdict import Load, Recorded, judge

HERE = Answer(11, "location", 7, 100.0, 0.01, 200)
SAID = Answer(12, "text", 8, 100.5, 0.02, 200)
RECORDED = {11: Recorded(7, 1, 100.1), 12: Recorded(8, 0, 100.6)}


def failures(answers: Sequence[Answer], recorded: dict[int, Recorded] | None, drained: float | None = 0.0) -> list[str]:
    return [promise.name for promise in judge(Load(answers, recorded, drained)) if promise.held is False]


def test_what_was_taken_and_recorded_once_passes() -> None:
    assert failures([HERE, SAID], RECORDED) == []


def test_what_was_told_to_come_later_and_came_passes() -> None:
    assert failures([HERE._replace(status=503), HERE, SAID, SAID._replace(update_id=13, status=503)], RECORDED) == []


@pytest.mark.parametrize(
    "recorded",
    [
        {12: RECORDED[12]},
        RECORDED | {11: Recorded(7, 0, 100.1)},
        RECORDED | {11: Recorded(7, 2, 100.1)},
        RECORDED | {11: Recorded(9, 1, 100.1)},
        RECORDED | {12: Recorded(8, 1, 100.6)},
    ],
    ids=["not at all", "without its location", "twice", "for somebody else", "as a location that it was not"],
)
def test_what_was_taken_and_is_not_recorded_exactly_once_fails(recorded: dict[int, Recorded]) -> None:
    assert failures([HERE, SAID], recorded) == ["taken, and recorded exactly once"]


@pytest.mark.parametrize("status", [401, 404, 413, 500, 502])
def test_any_answer_but_200_and_503_fails(status: int) -> None:
    assert failures([HERE, SAID, HERE._replace(update_id=13, status=status)], RECORDED) == ["other answers"]


def test_a_post_without_an_answer_fails() -> None:
    assert failures([HERE, SAID, HERE._replace(update_id=13, status=0)], RECORDED) == ["posts without an answer"]


def test_a_load_of_which_nothing_was_taken_fails() -> None:
    assert failures([HERE._replace(status=503)], {}) == ["updates that the door took"]


def test_a_backlog_that_stands_still_fails() -> None:
    assert failures([HERE, SAID], RECORDED, None) == ["all of it recorded"]


def test_where_nobody_looks_nothing_is_said_of_records() -> None:
    assert "taken, and recorded exactly once" not in [promise.name for promise in judge(Load([HERE], None))]


def test_answers_are_read_as_they_were_noted(tmp_path: Path) -> None:
    with closing(Answers(tmp_path)) as answers:
        for answer in (HERE, SAID):
            answers.note(answer)
        assert list(read(tmp_path)) == [HERE, SAID]  # before the file is closed: a killed process has told all


@pytest.mark.parametrize(
    "host", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:80", "https://127.0.0.7"]
)
def test_a_load_may_go_to_this_machine(host: str) -> None:
    assert refusal(host, owned=False) is None


@pytest.mark.parametrize("host", ["http://10.0.0.1:8080", "https://bot.example.com", "http://127.0.0.1.example.com"])
def test_a_load_goes_to_another_machine_only_if_the_operator_says_that_it_is_theirs(host: str) -> None:
    assert "--own-fleet" in (refusal(host, owned=False) or "")
    assert refusal(host, owned=True) is None


@pytest.mark.parametrize("host", [None, "", "127.0.0.1:8080", "ftp://127.0.0.1"])
def test_what_is_no_address_is_refused_whoever_owns_it(host: str | None) -> None:
    assert refusal(host, owned=True) is not None


def step(users: int, p99: int, failed: int = 0) -> Step:
    """A step in which a hundred posts took a millisecond and two took `p99`."""
    before = Counted(10.0, 1000, 5, {1: 500, p99: 1})
    return Step.between(users, before, Counted(20.0, 1102, 5 + failed, {1: 600, p99: 3}))


def test_a_step_is_what_came_between_its_two_moments() -> None:
    assert step(250, 40) == Step(250, 10.2, 0.04, 0.0)


def test_a_door_breaks_by_what_it_does_not_take_or_by_its_slowest() -> None:
    assert step(1, 999).trouble == ""
    assert step(1, 1100).trouble == "p99 over 1 s"
    assert step(1, 10, failed=1).trouble == ""
    assert step(1, 10, failed=2).trouble == "2.0% were not taken"


def test_a_step_in_which_nothing_came_is_trouble() -> None:
    still = Counted(10.0, 0, 0, {})
    assert Step.between(250, still, Counted(20.0, 0, 0, {})).trouble


def test_the_ramp_says_the_rate_that_held_and_the_one_that_did_not() -> None:
    held, broke = Step(250, 120.0, 0.01, 0.0), Step(500, 230.0, 2.0, 0.0)
    assert verdict([held, broke]) == "The door keeps up with 120 updates a second; at 230 it breaks: p99 over 1 s."
    assert "kept up to the end, with 120" in verdict([held])
