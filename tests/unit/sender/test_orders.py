"""Operators' orders as the sender keeps them: the newest of each subject holds, whatever order they come in."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from sender.orders import KEPT, Orders, State
from shared.contracts import Order, encode

NOW = 1_800_000_000.0


class Told:
    """Counts what it is told, and is the clock."""

    def __init__(self) -> None:
        self.times = 0
        self.now = NOW

    def __call__(self) -> None:
        self.times += 1

    def clock(self) -> float:
        return self.now


def told_orders() -> tuple[Orders, Told]:
    told = Told()
    return Orders(told, told.clock), told


def order(subject: str, state: State, given_at: float = NOW) -> bytes:
    return encode(Order(subject=subject, state=state, given_at=given_at))


def test_without_orders_everything_runs() -> None:
    orders, _ = told_orders()
    assert [orders.paused("interactive"), orders.paused("enrichment"), orders.paused("bulk")] == [False] * 3
    assert orders.campaign(7) == "running"


def test_what_is_paused_stays_so_until_it_is_resumed_and_nothing_else_is() -> None:
    orders, told = told_orders()
    assert list(orders.keep(1, order("bulk", "paused"))) == []
    assert list(orders.keep(2, order("campaign:7", "paused"))) == []
    assert (orders.paused("bulk"), orders.paused("interactive")) == (True, False)
    assert (orders.campaign(7), orders.campaign(70)) == ("paused", "running")
    assert list(orders.keep(3, order("bulk", "running", NOW + 1))) == [1, 3], "the pause first: it must not come back"
    assert not orders.paused("bulk")
    assert list(orders.keep(4, order("campaign:7", "cancelled", NOW + 1))) == [2]
    assert orders.campaign(7) == "cancelled"
    assert told.times == 4


def test_an_older_order_that_comes_later_changes_nothing() -> None:
    orders, _ = told_orders()
    orders.keep(1, order("bulk", "paused", NOW + 5))
    assert list(orders.keep(2, order("bulk", "running", NOW))) == [2]
    assert orders.paused("bulk")
    orders.keep(3, order("enrichment", "running", NOW + 5))
    assert list(orders.keep(4, order("enrichment", "paused", NOW))) == [4]
    assert not orders.paused("enrichment")


def test_of_two_orders_of_the_same_moment_the_one_that_comes_later_holds() -> None:
    orders, _ = told_orders()
    orders.keep(1, order("bulk", "paused"))
    orders.keep(2, order("bulk", "running"))
    assert not orders.paused("bulk")


def test_who_loses_the_right_forgets_the_orders_and_is_told_them_anew() -> None:
    orders, told = told_orders()
    orders.keep(1, order("bulk", "paused", NOW + 5))
    orders.clear()
    assert not orders.paused("bulk")
    assert told.times == 2
    orders.keep(1, order("bulk", "paused", NOW + 5))
    assert orders.paused("bulk")


def test_an_order_about_a_campaign_is_given_up_when_no_call_of_it_can_be_of_use() -> None:
    orders, told = told_orders()
    orders.keep(1, order("campaign:7", "cancelled"))
    orders.keep(2, order("campaign:8", "paused"))
    orders.keep(3, order("bulk", "paused"))
    told.now = NOW + KEPT
    assert list(orders.keep(4, order("campaign:9", "paused", told.now))) == []
    told.now = NOW + KEPT + 1
    assert list(orders.keep(5, order("interactive", "paused", told.now))) == [1, 2]
    assert (orders.campaign(7), orders.campaign(9), orders.paused("bulk")) == ("running", "paused", True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{}",
        b'{"v":99,"subject":"bulk","state":"paused","given_at":1.0}',
        b'{"v":1,"subject":"bulk","state":"stopped","given_at":1.0}',
        order("everything", "paused"),
        order("campaign:", "paused"),
        order("campaign:x", "paused"),
    ],
)
def test_an_order_that_nobody_understands_is_not_kept_and_is_logged(body: bytes) -> None:
    orders, told = told_orders()
    with capture_logs() as logs:
        assert list(orders.keep(1, body)) == [1]
    assert [line["event"] for line in logs] == ["order_undecodable"]
    assert told.times == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["bulk", "interactive", "campaign:1"]),
            st.sampled_from(["running", "paused", "cancelled"]),
        ),
        max_size=8,
    ).flatmap(lambda given: st.permutations(list(enumerate(given))))
)
def test_in_any_order_of_arrival_the_newest_of_each_subject_holds_and_only_it_is_kept(
    arrivals: list[tuple[int, tuple[str, State]]],
) -> None:
    orders, _ = told_orders()
    held: set[int] = set()
    for tag, (moment, (subject, state)) in zip(itertools.count(1), arrivals, strict=False):
        held.add(tag)
        over = list(orders.keep(tag, order(subject, state, NOW + moment)))
        assert {*over} <= held
        held -= {*over}
    newest = {subject: state for _, (subject, state) in sorted(arrivals)}
    assert orders.paused("bulk") == (newest.get("bulk", "running") != "running")
    assert orders.campaign(1) == newest.get("campaign:1", "running")
    assert len(held) == sum(state != "running" for state in newest.values())
