"""What the old way and the fleet are compared by: the figures of a rush, and who beats whom."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from bench.old_page import Compared, lines, table
from bench.rush import Rush, Scene
from bench.sections import put
from simulator.ledger import Call, Outcome, WebhookTry

if TYPE_CHECKING:
    from simulator.server import Simulator

BEGAN = 1000.0
PEOPLE = frozenset({7, 8})
BEST = Rush(2, [0.1, 0.2], 1.0, 2.0, calls=2, refused=0, lost=0)


def call(chat: int, at: float, text: str, method: str = "sendMessage", status: int = 200) -> Call:
    outcome = Outcome.OK if status == 200 else Outcome.REFUSED
    return Call(BEGAN + at, 0.0, method, chat, {"text": text}, outcome, status)


def scene(calls: list[Call], statuses: tuple[int, int] = (200, 200)) -> Scene:
    tries = [
        WebhookTry(number, "message", chat, 1, BEGAN, BEGAN + 0.1, status)
        for number, chat, status in zip((11, 12), sorted(PEOPLE), statuses, strict=True)
    ]
    telegram = SimpleNamespace(ledger=SimpleNamespace(calls=[call(7, -1, "✅ before"), *calls], webhook=tries))
    return Scene(cast("Simulator", telegram), PEOPLE, BEGAN, calls_before=1)


def committed(*after: float) -> dict[int, float]:
    """By when the updates were committed, so many seconds after everybody came."""
    began = time.time() - (time.monotonic() - BEGAN)
    return {11 + number: began + seconds for number, seconds in enumerate(after)}


ALL = [
    call(7, 1.0, "✅ in", status=429),
    call(7, 2.0, "✅ in"),
    call(8, 3.0, "✅ in\n📍 Nizami, Bakı"),
    call(7, 5.0, "✅ in\n📍 Bakı", "editMessageText"),
]


def test_a_rush_in_which_all_went_well_has_all_its_figures() -> None:
    came = scene(ALL).outcome(committed(0.5, 0.75))
    assert came.recorded == pytest.approx([0.5, 0.75], abs=0.01)
    assert (came.told, came.last, came.calls, came.refused, came.lost) == (3.0, 5.0, 4, 1, 0)


def test_whoever_is_not_recorded_or_not_told_is_lost() -> None:
    assert scene(ALL).outcome(committed(0.5)).lost == 1
    assert scene(ALL[:2]).outcome(committed(0.5, 0.6)).lost == 1
    assert scene([]).outcome({}).lost == 2


def test_whoever_was_not_answered_200_is_not_lost() -> None:
    assert scene(ALL[:2], (200, 503)).outcome(committed(0.5)).lost == 0


def test_where_somebody_is_missing_there_is_no_last_one() -> None:
    came = scene(ALL[:2]).outcome(committed(0.5))
    assert (came.told, came.last, came.recorded_within(50)) == (None, None, None)


def test_the_fleet_beats_what_is_worse_on_every_line() -> None:
    worse = Rush(2, [0.3, 0.4], 1.5, 3.0, calls=8, refused=1, lost=0)
    lost = Rush(2, [0.3], None, None, calls=8, refused=1, lost=1)
    compared = {"ours": Compared(BEST, BEST), "theirs": Compared(worse, lost)}
    assert [failure for line in lines(compared) for failure in line.failures()] == []
    assert table(compared)[1] == ("recorded, p50", "0.100 s", "0.300 s (3.0 x)")


@pytest.mark.parametrize(
    ("theirs", "wrong"),
    [
        (BEST, 5),
        (Rush(2, [0.1, 0.3], 1.5, 3.0, calls=8, refused=1, lost=1), 1),
        (Rush(2, [0.3, 0.4], 0.5, 3.0, calls=8, refused=1, lost=1), 1),
        (Rush(2, [0.3, 0.4], 1.5, 3.0, calls=8, refused=0, lost=1), 0),
    ],
    ids=["the same", "as soon recorded", "sooner told", "nothing refused either"],
)
def test_a_line_on_which_the_fleet_is_no_better_is_said(theirs: Rush, wrong: int) -> None:
    compared = {"ours": Compared(BEST, BEST), "theirs": Compared(theirs, theirs)}
    assert len([failure for line in lines(compared) for failure in line.failures()]) == wrong


def test_a_way_that_loses_people_does_not_beat_one_that_loses_none() -> None:
    bad = Rush(2, [0.1], None, None, calls=2, refused=0, lost=1)
    failed = [
        line.name for line in lines({"ours": Compared(bad, bad), "theirs": Compared(BEST, BEST)}) if line.failures()
    ]
    assert "lost, undisturbed" in failed
    assert "recorded, p50" in failed


def test_a_section_is_written_anew_and_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n## One\n\nold\n\n### Part\n\nold\n\n## Two\n\nkept\n")
    put(page, "One", "new")
    assert page.read_text() == "# Page\n\n## One\n\nnew\n\n## Two\n\nkept\n"
    put(page, "Two", "newer")
    put(page, "Three", "last\n")
    assert page.read_text() == "# Page\n\n## One\n\nnew\n\n## Two\n\nnewer\n\n## Three\n\nlast\n"
