"""What a dead letter says of itself, and how it is told."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ops.dead import Line, Look, Moved
from ops.dead_letters import SOURCES, UNTOLD, Choice, DeadLetter
from ops.dead_words import GARBAGE, LONGEST, depths, dropped, found, payload, printable, replayed, row, whole
from shared.delivery import FAILED_IN, FIRST_FAILED, LAST_FAILED, REASON, TRIES
from shared.topology import DEAD_QUEUES, WORK_QUEUES, WorkQueue

BAKU = ZoneInfo("Asia/Baku")
DIED = datetime(2026, 11, 24, 8, tzinfo=UTC)
SENDER = {"from": {"id": 51}}


def letter(queue: str = "dead.updates", body: object = b"", **headers: object) -> DeadLetter:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return DeadLetter(queue, "k", written, {name.replace("_", "-"): value for name, value in headers.items()})


def test_every_dead_queue_has_sources_and_a_place_for_what_says_nothing() -> None:
    dying = {(name, queue.name) for queue in WORK_QUEUES if queue.dead for name in queue.handed_out}
    assert {source for sources in SOURCES.values() for source in sources.items()} == dying
    assert set(SOURCES) == set(UNTOLD) == set(DEAD_QUEUES)
    assert all(UNTOLD[queue] in SOURCES[queue] for queue in DEAD_QUEUES)


@pytest.mark.parametrize(
    ("queue", "body", "person"),
    [
        ("dead.updates", {"update_id": 1, "message": SENDER | {"chat": {"id": 51}}}, "51"),
        ("dead.updates", {"update_id": 1, "message": SENDER | {"chat": {"id": -100}}}, "51 in -100"),
        ("dead.updates", {"callback_query": SENDER | {"message": {"chat": {"id": 51}}}}, "51"),
        ("dead.updates", {"message": {"chat": {"id": -100}}}, "-100"),
        ("dead.updates", {"message": {"from": 5}}, "?"),
        ("dead.geo", {"v": 2, "event": {"user_id": 52}}, "52"),
        ("dead.outbound", {"chat_id": "x"}, "?"),
        ("dead.outbound", {"chat_id": True}, "?"),
        ("dead.receipts", {"receipts": [{"chat_id": chat} for chat in (1, 2, 2, 3, 4, 5)]}, "1, 2, 3, and 2 more"),
        ("dead.reports", {"user_id": 56}, "56"),
        ("dead.reports", [], "?"),
    ],
)
def test_whose_it_is(queue: str, body: object, person: str) -> None:
    assert letter(queue, body).person == person


def test_what_a_service_gave_up_says_when_why_and_how_often() -> None:
    said: dict[str, Any] = {REASON: "no", TRIES: 3, FIRST_FAILED: 100, LAST_FAILED: 200, FAILED_IN: "updates"}
    one = DeadLetter("dead.updates", "k", b"", said | {"x-first-death-queue": "retry.updates.1s", "update_id": 7})
    assert (one.reason, one.tries, one.source) == ("no", 3, "updates")
    assert (one.first_failed, one.last_failed) == (datetime.fromtimestamp(100, UTC), datetime.fromtimestamp(200, UTC))
    assert one.home == {FIRST_FAILED: 100, "update_id": 7}


def test_what_the_broker_gave_up_says_so_and_what_a_service_said_before() -> None:
    deaths = [
        {"queue": "outbound.bulk", "reason": "delivery_limit", "time": DIED.replace(tzinfo=None)},
        {"queue": "retry.updates.1s", "reason": "expired"},
    ]
    one = DeadLetter("dead.outbound", "k", b"", {"x-death": deaths, REASON: "slow", FAILED_IN: "outbound.files"})
    assert one.reason == "handed out too often (delivery_limit); before that: slow"
    assert (one.last_failed, one.source) == (DIED, "outbound.bulk")
    other = DeadLetter("dead.updates", "k", b"", {"x-death": deaths[1:], REASON: "slow"})
    assert (other.reason, other.last_failed) == ("slow", None)


@pytest.mark.parametrize("queue", [queue for queue in WORK_QUEUES if queue.alone], ids=lambda queue: queue.name)
def test_what_the_broker_gave_up_while_it_was_handled_alone_says_so_too(queue: WorkQueue) -> None:
    deaths = [{"queue": queue.alone_name, "reason": "delivery_limit", "time": DIED}]
    one = DeadLetter(queue.dead, "k", b"", {"x-death": deaths})
    assert (one.reason, one.last_failed) == ("handed out too often (delivery_limit)", DIED)
    assert one.source == queue.name, "and is not handled alone when it comes back"
    assert Choice(since=DIED).means(one)


@pytest.mark.parametrize("seconds", [10**30, -(10**30), "soon", 1.5, True, None])
def test_a_time_that_is_none_is_no_time(seconds: object) -> None:
    assert DeadLetter("dead.geo", "k", b"", {LAST_FAILED: seconds}).last_failed is None


def test_all_conditions_of_a_choice_hold() -> None:
    one = DeadLetter("dead.geo", "k", b"", {REASON: "Took LONGER", LAST_FAILED: int(DIED.timestamp())})
    assert Choice().means(one)
    assert Choice(since=DIED, until=DIED, reason="took longer", key="k").means(one)
    later = datetime(2026, 11, 25, tzinfo=UTC)
    before = DIED - timedelta(seconds=1)
    for choice in (
        Choice(since=later),
        Choice(until=before),
        Choice(reason="x"),
        Choice(key="K"),
        Choice(since=later, key="k"),
    ):
        assert not choice.means(one)
    assert not Choice(since=DIED).means(letter())
    assert Choice(until=before).means(letter()), "what does not say when comes after all others"


def test_a_payload_is_json_for_people_or_text_without_what_moves_a_terminal() -> None:
    assert payload(letter(body={"a": "\x9b1"})) == '{\n  "a": "\\u009b1"\n}'
    assert payload(letter(body='{"a": "\x9b1"}'.encode())) == '{\n  "a": "\\x9b1"\n}'
    assert payload(letter(body=b"\x1b]0;x\x07\xff\n")) == r"\x1b]0;x\x07\xff\n"
    assert payload(letter(body=b"{}\n\x00\x01")) == "{}\nand a file of 2 bytes"
    assert payload(letter(body=b"x" * (GARBAGE + 5))).endswith("x\n... and 5 more bytes")
    assert payload(letter(body=["x" * LONGEST])).endswith("... and 8 more characters")
    assert printable("a\nb\u202e") == r"a\nb\u202e"


def test_one_in_full_leaves_out_what_is_empty() -> None:
    told = whole(letter(body={}, x_reason="no\x1b", trace="t"), BAKU).splitlines()
    assert told == [
        *("queue: dead.updates", "key: k", r"reason: no\x1b", "person: ?", "replayed to: updates", "size: 2 bytes"),
        *("trace: t", "", "{}"),
    ]


def test_a_line_is_on_the_company_s_clock() -> None:
    line = Line("dead.geo", "k\n", "why", None, DIED, 0, "52")
    assert row(line, BAKU) == ("dead.geo", r"k\n", "why", "", "2026-11-24 12:00:00", "", "52")


def test_how_many_there_are_is_told() -> None:
    line = Line("dead.geo", "k", "why", None, DIED, 1, "52")
    assert depths(Look({"dead.geo": 1200, "dead.updates": 0}, 1, [line])) == "dead.geo: 1,200; dead.updates: 0"
    moved = Moved(Counter({("dead.geo", "geo.requests"): 2, ("dead.geo", "geo.backfill"): 1}))
    assert replayed(moved) == "3 messages (1 from dead.geo to geo.backfill, 2 from dead.geo to geo.requests)"
    assert (dropped(moved), dropped(Moved())) == ("3 messages (3 of dead.geo)", "0 messages")


def test_where_not_all_are_shown_it_says_how_to_see_older_ones() -> None:
    def said(found_: int, *moments: datetime | None) -> str:
        lines = [Line("dead.geo", "k", "why", None, moment, 1, "52") for moment in moments]
        return found(Look({"dead.geo": found_}, found_, lines), BAKU)

    assert found(Look({"dead.geo": 0}, 0, []), BAKU) == "nothing is dead"
    assert found(Look({"dead.geo": 1}, 0, []), BAKU) == "none of them is meant"
    assert said(1, DIED) == ""
    later = DIED + timedelta(seconds=1)
    assert said(2000, DIED, later) == "the newest 2 of 2,000; --until '2026-11-24 12:00:00' shows older ones"
    assert said(2000, DIED, DIED) == said(2000, None, DIED) == "the newest 2 of 2,000; --limit shows more"
