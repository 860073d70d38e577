"""A reply is late when its place in the queue does not explain how long it took."""

from dataclasses import dataclass, field

import pytest

from sender.items import Item, Priority
from sender.pacer import Pacer
from sender.promptness import ALLOWANCE, REMEMBERED, Promptness
from shared.contracts import File, OutboundCall

PACE = Pacer(30, 0.025, 0.0).pace


def reply(asked_at: float | None = 0.0, priority: Priority = Priority.INTERACTIVE, file: File | None = None) -> Item:
    call = OutboundCall(
        key="1:0", chat_id=1, method="sendMessage", params={}, created_at=0.0, asked_at=asked_at, file=file
    )
    return Item(call, priority, arrived=0.0)


@dataclass
class Sent:
    """A sender that has been active since 0.0: what it sent, and what it thinks of a reply."""

    promptness: Promptness = field(default_factory=lambda: Promptness(PACE))

    def goes(self, now: float, priority: Priority = Priority.INTERACTIVE) -> None:
        self.promptness.goes(reply(priority=priority), now)

    def late(self, asked_at: float, now: float) -> bool:
        return self.promptness.late(reply(asked_at), now)


@pytest.fixture
def sent() -> Sent:
    return Sent()


def test_the_pace_is_what_the_cap_gives_with_its_guard() -> None:
    assert pytest.approx(1.025 / 30) == PACE


def test_the_thousandth_of_a_crowd_may_wait_for_those_before_it(sent: Sent) -> None:
    for number in range(1, 1001):
        sent.goes(100 + number * PACE)
    assert not sent.late(100.0, 100 + 1000 * PACE + 0.4)
    assert sent.late(100.0, 100 + 1000 * PACE + 0.6)


def test_a_reply_with_nobody_before_it_has_half_a_second(sent: Sent) -> None:
    sent.goes(200.3)
    assert not sent.late(200.0, 200.0 + ALLOWANCE)
    assert sent.late(200.0, 200.0 + ALLOWANCE + 2 * PACE)


def test_what_went_out_before_it_came_explains_nothing(sent: Sent) -> None:
    for number in range(300):
        sent.goes(100 + number * PACE)
    sent.goes(121.0)
    assert sent.late(120.0, 121.0)


def test_addresses_and_bulk_explain_nothing(sent: Sent) -> None:
    for number in range(300):
        sent.goes(120 + number * PACE, Priority.BULK)
    sent.goes(130.0)
    assert sent.late(120.0, 130.0)


def test_only_replies_are_late_and_files_never(sent: Sent) -> None:
    file = File("document", "x.xlsx", b"PK")
    others = (reply(None), reply(priority=Priority.BULK), reply(priority=Priority.ENRICHMENT), reply(file=file))
    assert [sent.promptness.late(item, 100.0) for item in (*others, reply())] == [False] * 4 + [True]


def test_of_a_reply_asked_for_before_a_takeover_only_the_time_since_counts(sent: Sent) -> None:
    sent.promptness.restart(130.0)
    sent.goes(130.3)
    assert not sent.late(100.0, 130.4)
    assert sent.late(100.0, 131.0)


def test_what_is_remembered_is_bounded_and_what_is_forgotten_makes_nobody_late(sent: Sent) -> None:
    for number in range(2 * REMEMBERED):
        sent.goes(number * PACE)
    assert not sent.late(0.0, 2 * REMEMBERED * PACE)
    assert sent.late(0.0, 2 * REMEMBERED * PACE + 1.0)
