"""`fleet dead list` page by page, and `fleet dead replay --rate` on a clock that is stepped; without a broker."""

import asyncio
import itertools
import re
import selectors
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from ops import dead
from ops.bar import Bar
from ops.cli import app
from ops.dead import Moved
from ops.dead_letters import Choice
from ops.dead_words import HEADINGS
from shared.delivery import LAST_FAILED
from shared.topology import REPORTS, UPDATES
from tests.unit.ops.dead_shelf import Message, Shelf

LETTERS = 100
DIED = 1_790_000_000
TICK = 1e-6
"""Seconds that pass in any case: of a wait that is shorter than the clock can tell nothing would ever come."""


def fleet_dead(*words: object) -> str:
    """What it says when all is well."""
    said = CliRunner().invoke(app, ["dead", *map(str, words)], env={"RABBITMQ_URL": "amqp://not-asked"})
    assert said.exit_code == 0, said.output
    return said.stdout


def keys_of(said: str) -> list[str]:
    return [line.split("\t")[HEADINGS.index("key")] for line in said.splitlines() if "\t" in line][1:]


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Two each second, the newest first in one queue and last in the other, and one that does not say when."""
    updates = [Message(str(number), {LAST_FAILED: DIED + number // 2}) for number in range(0, 20, 2)]
    reports = [Message(str(number), {LAST_FAILED: DIED + number // 2}) for number in range(1, 20, 2)]
    full = Shelf({UPDATES.dead: [*reversed(updates), Message("bare")], REPORTS.dead: reports})
    full.stand_in(monkeypatch)
    return full


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("limit", [3, 5, 20])
def test_page_by_page_all_are_shown_the_newest_first(limit: int) -> None:
    shown: dict[str, None] = {}
    words: tuple[object, ...] = ("list", "--limit", limit)
    while words:
        said = fleet_dead(*words)
        assert 0 < len(keys_of(said)) <= limit
        shown |= dict.fromkeys(reversed(keys_of(said)))
        more = re.search("--until '(.*)' shows older ones", said)
        words = ("list", "--limit", limit, "--until", more[1]) if more else ()
    assert [int(key) // 2 for key in shown if key != "bare"] == [number // 2 for number in reversed(range(20))]
    assert list(shown)[-1] == "bare"


def test_what_does_not_say_when_is_older_than_all_and_can_be_chosen_so(shelf: Shelf) -> None:
    assert keys_of(fleet_dead("list", "--until", "2020-01-01")) == ["bare"]
    assert keys_of(fleet_dead("list", "--since", "2020-01-01", "--until", "2020-12-31")) == []
    assert fleet_dead("drop", "--until", "2020-01-01", "--confirm") == "1 message (1 of dead.updates) dropped\n"
    assert sum(map(len, shelf.queues.values())) == 20


class Steps(selectors.SelectSelector):
    """Whoever would wait finds that the time has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - the library's
        self.now += max(TICK, timeout or 0.0)
        return super().select(0)


class SteppedLoop(asyncio.SelectorEventLoop):
    """A loop on that clock."""

    def __init__(self) -> None:
        self.steps = Steps()
        super().__init__(self.steps)

    def time(self) -> float:
        return self.steps.now


@pytest.mark.parametrize("rate", [0.5, 20.0, 1000.0])
def test_a_replay_goes_as_fast_as_it_may_and_no_faster(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf({UPDATES.dead: [Message(str(number)) for number in range(LETTERS)]})
    shelf.stand_in(monkeypatch)
    with asyncio.Runner(loop_factory=SteppedLoop) as runner:
        runner.run(dead.replay(SecretStr("x"), Choice(queues=(UPDATES.dead,)), rate, Bar(), Moved()))
    gaps = [after - before for before, after in itertools.pairwise(shelf.moved)]
    assert (len(shelf.moved), shelf.queues[UPDATES.dead]) == (LETTERS, [])
    assert min(gaps) == pytest.approx(1 / rate, rel=0.01)
    assert max(gaps) == pytest.approx(1 / rate, rel=0.1)
