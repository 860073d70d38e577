"""The campaign's verdict: what it lets pass, and what it must catch."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from local.terminal import WrongInputError
from simulator.ledger import Call, Outcome, WebhookTry
from tests.faults.broker import shut
from tests.faults.campaign import CAMPAIGN, chosen
from tests.faults.matrix import document, merged
from tests.faults.scenario import Door, Scenario
from tests.faults.streak import Run, added
from tests.faults.trial import trial
from tests.faults.verdict import Row, Seen, judge
from tests.soak.diary import Item, Moment
from tests.soak.record import Record

if TYPE_CHECKING:
    from tests.faults.ground import Ground

ANNA = 7
CAME = datetime(2026, 11, 28, 5, 0, 1, tzinfo=UTC)
LEFT = CAME + timedelta(hours=9)


def call(at: float, **traits: Any) -> Call:  # noqa: ANN401 - fields of the call
    usual = {"outcome": Outcome.OK, "status": 200, "answered": at + 0.02, "over": True}
    params = {"chat_id": ANNA, "text": "✅ You are checked in\n🕘 09:00:01"}
    return Call(at, at, "sendMessage", ANNA, **{"params": params, **usual, **traits})


def posted(status: int | None, took: float = 0.02) -> WebhookTry:
    return WebhookTry(11, "message", ANNA, 1, 0.0, took, status, "" if status else "Connection failed")


RECORD = Record(
    items=[Item("check-in", ANNA, ("09:00:01",), 0.0)],
    calls=[call(1.0)],
    updates=[11],
    accepted=frozenset({11}),
    events={11: 1},
)
SEEN = Seen(
    record=RECORD,
    recovery=1.5,
    drained=4.0,
    wanted={ANNA: (CAME, None)},
    sessions={ANNA: [(CAME, None)]},
    tries=[posted(200)],
    asked=[0.0, 1.01, 2.5],
    cells={"40.4 49.8": 1},
    glances=2,
    growth={"sender-1": 3.0},
    files={"sender-1": 2, "ingress-1": 90},
)


def recorded(**changes: Any) -> Seen:  # noqa: ANN401 - fields of the record
    return replace(SEEN, record=replace(RECORD, **changes))


def test_a_trial_in_which_all_is_well_is_green() -> None:
    row = judge("calm", SEEN)
    assert row.green
    assert (row.recovery, row.drained, row.updates, row.worst_second) == (1.5, 4.0, 1, 1)


@pytest.mark.parametrize(
    ("problem", "seen"),
    [
        ("ready", replace(SEEN, recovery=None)),
        ("still at work: 3 in updates", replace(SEEN, drained=None, left={"updates": 3})),
        ("updates never taken", recorded(accepted=frozenset())),
        ("not one event (11: 0)", recorded(events={})),
        ("not one event (11: 2)", recorded(events={11: 2})),
        ("sessions", replace(SEEN, sessions={})),
        ("sessions", replace(SEEN, sessions={ANNA: [(CAME, LEFT)]})),
        ("sessions", replace(SEEN, sessions={ANNA: [(CAME, None), (LEFT, None)]})),
        ("replies lost", recorded(calls=[])),
        ("replies lost", recorded(calls=[call(1.0, outcome=Outcome.RESET_BEFORE, status=None, answered=None)])),
        ("told again though their answer had come", recorded(calls=[call(1.0), call(2.0)])),
        ("31 calls in a second", recorded(calls=[call(1.0 + i / 40, params={}) for i in range(30)] + [call(1.9)])),
        ("429s that no fault asked for", recorded(calls=[call(0.5, outcome=Outcome.REFUSED, status=429), call(3.0)])),
        ("requests to the geocoder too early, the closest after 0.900 s", replace(SEEN, asked=[0.0, 0.9])),
        ("places asked for too often (40.4 49.8 2 times)", replace(SEEN, cells={"40.4 49.8": 2})),
        ("too often", replace(recorded(moments=[Moment("kill", 0.0)]), cells={"40.4 49.8": 3})),
        ("refused (503)", replace(SEEN, tries=[posted(503), posted(200)])),
        ("refused (None Connection failed)", replace(SEEN, tries=[posted(None), posted(200)])),
        ("refused (500)", replace(SEEN, door=Door.CLOSED, tries=[posted(500)])),
        ("refused (401)", replace(SEEN, door=Door.SILENT, tries=[posted(401)])),
        ("after more than 3 s", replace(SEEN, door=Door.CLOSED, tries=[posted(503, 3.5)])),
        ("after more than 3 s", replace(SEEN, door=Door.CLOSED, tries=[posted(None, 10.0)])),
        ("after more than 3 s", replace(SEEN, door=Door.SILENT, tries=[posted(200, 3.5)])),
        ("not the address of their place (7: None)", replace(SEEN, misplaced=["7: None"])),
        ("showed the past (7: no 09:00)", replace(SEEN, unseen=["7: no 09:00"])),
        ("nobody asked for their day", replace(SEEN, glances=0)),
        ("too large", replace(SEEN, memory={"sender-1": 251.0})),
        ("above the pools' (41)", replace(SEEN, backends=(41, 0))),
        ("transactions that were left open", replace(SEEN, backends=(9, 1))),
        ("dead letters that should not be (11)", recorded(dead=["11"])),
        ("poison that is not among the dead letters", recorded(poison=frozenset({"bad"}))),
        ("ended by themselves", recorded(accidents=["sender-1 has ended by itself, status 1"])),
        ("services that have grown", replace(SEEN, growth={"sender-1": 49.0})),
        ("more open files", replace(SEEN, files={"checkin_worker-1": 25})),
        ("more open files", replace(SEEN, files={"ingress-1": 121})),
        ("consumers or links that are not as before", replace(SEEN, consumers={"updates": (2, 1)})),
    ],
)
def test_each_broken_promise_is_a_problem(problem: str, seen: Seen) -> None:
    assert any(problem in told for told in judge("broken", seen).problems), judge("broken", seen).problems


def test_a_door_that_may_be_closed_may_refuse_and_a_silent_one_may_not_answer() -> None:
    assert judge("closed", replace(SEEN, door=Door.CLOSED, tries=[posted(503, 2.1), posted(None)])).green
    assert judge("silent", replace(SEEN, door=Door.SILENT, tries=[posted(None, 10.0)])).green
    thawed = replace(recorded(moments=[Moment("freeze", 0.0, 8.0)]), door=Door.SILENT)
    assert judge("silent", replace(thawed, tries=[posted(200, 8.2)])).green
    assert not judge("silent", replace(thawed, tries=[posted(200, 7.9)])).green


def test_a_webhook_whose_broker_lost_a_node_must_take_each_update_after_a_while() -> None:
    early, late = replace(posted(503), sent=4.0), replace(posted(200), sent=5.5)
    assert shut([early, late], 5.0) == ""
    assert "1 of 2 updates were refused" in shut([early, late, replace(posted(503), sent=6.0)], 5.0)
    assert "1 of 1 updates were refused" in shut([early, replace(posted(None), sent=6.0)], 5.0)
    assert "nobody knows" in shut([early, replace(posted(None), sent=6.0, answered=None)], 5.0)


def test_a_place_may_be_asked_for_again_after_a_blow_and_as_often_as_the_geocoder_fails() -> None:
    assert judge("kill", replace(recorded(moments=[Moment("kill", 0.0)]), cells={"40.4 49.8": 2})).green
    assert judge("down", replace(recorded(moments=[Moment("geocoder", 0.0)]), cells={"40.4 49.8": 9})).green


async def test_what_this_machine_cannot_do_is_not_played_and_says_why() -> None:
    async def strike(_ground: "Ground") -> None:
        pytest.fail("it was played")

    scenario = Scenario("disk", "a full disk", strike, lacks=lambda _ground: "only root may")
    row = await trial(cast("Ground", None), scenario, 1)
    assert (row.skipped, row.green) == ("only root may", True)


def test_a_reply_may_come_again_when_its_sender_could_not_know_that_it_had_arrived() -> None:
    unanswered = call(1.0, outcome=Outcome.RESET_AFTER, status=None, answered=None)
    assert judge("unknown", recorded(calls=[unanswered, call(2.0)])).repeated == 1
    assert judge("unknown", recorded(calls=[unanswered, call(2.0)])).green
    struck = [Moment("kill", 1.01, 1.5, hits_active=True)]
    assert judge("struck", recorded(calls=[call(1.0), call(2.0)], moments=struck)).green


def test_a_second_answer_to_who_asked_once_is_a_repetition() -> None:
    assert judge("echo", replace(SEEN, echoes=1)).repeated == 1


def test_over_several_runs_the_worst_of_each_figure_is_told() -> None:
    one, other = Row("x", recovery=1.0, drained=9.0, updates=5), Row("x", recovery=2.0, drained=3.0, updates=6, lost=1)
    both = merged([one, other])
    assert (both.recovery, both.drained, both.updates, both.lost) == (2.0, 9.0, 11, 1)


def test_the_page_has_a_line_for_each_scenario_and_the_reasons_of_those_that_were_not_played() -> None:
    page = document([[Row("a", recovery=1.0), Row("b", skipped="only root may")]], {"a": "A.", "b": "B."}, "a machine")
    assert "| `a` | A. | 1.0 s | - |" in page
    assert "- `b`: only root may" in page


def test_three_green_runs_of_the_same_make_a_streak_and_a_red_one_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "local" / "faults.json"
    green, red = [Row("x", recovery=1.0)], [Row("x", problems=["lost"])]
    assert [len(added(Run(seed, "RabbitMQ 3", "abc", green), file)) for seed in range(4)] == [1, 2, 3, 3]
    assert [run.seed for run in added(Run(9, "RabbitMQ 3", "abc", green), file)] == [2, 3, 9]
    assert [run.seed for run in added(Run(10, "RabbitMQ 4", "abc", green), file)] == [10]
    assert added(Run(11, "RabbitMQ 4", "abc", red), file) == []
    assert [run.seed for run in added(Run(12, "RabbitMQ 4", "abc", green), file)] == [12]
    assert [run.seed for run in added(Run(13, "RabbitMQ 4", "abd", green), file)] == [13]


def test_scenarios_have_names_of_their_own_and_are_chosen_by_them() -> None:
    names = [scenario.name for scenario in CAMPAIGN]
    assert len(names) == len(set(names))
    assert [one.name for one in chosen("poison, kill-worker")] == ["poison", "kill-worker"]
    assert list(chosen("")) == list(CAMPAIGN)
    with pytest.raises(WrongInputError, match="there is no nonsense"):
        chosen("kill-worker,nonsense")
