"""Which call goes next; a stepped clock, no real time."""

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sender.chats import INTERVAL
from sender.items import Item, Priority
from sender.schedule import PATIENCE, PATIENCE_BUSY, PATIENCE_LIMIT, RUSH, SHARE, Schedule
from shared.contracts import File, OutboundCall


def item(  # noqa: PLR0913 - what a call can be
    key: str,
    chat: int,
    now: float = 0.0,
    *,
    awaits: bool = False,
    priority: Priority = Priority.INTERACTIVE,
    made: float = 0.0,
    topic: str | None = None,
) -> Item:
    call = OutboundCall(
        key=key,
        chat_id=chat,
        method="sendMessage",
        params={"chat_id": chat, "text": key},
        created_at=made,
        awaits_enrichment=awaits,
        topic=topic,
    )
    return Item(call, priority, arrived=now)


def put(schedule: Schedule, *items: Item) -> None:
    for one in items:
        schedule.add(one)
        schedule.ready(one, one.arrived)


def key(found: Item | None) -> str | None:
    return None if found is None else found.call.key


def change(text: str, target: str, made: float = 0.0) -> OutboundCall:
    params = {"text": text}
    return OutboundCall(
        key=f"{target}:{text}", chat_id=1, method="editMessageText", params=params, created_at=made, target=target
    )


def go(schedule: Schedule, now: float) -> str | None:
    """Let the next call go and end at once."""
    if (found := schedule.next(now)) is None:
        return None
    schedule.done(found, now)
    return found.call.key


def test_replies_go_before_enrichments_before_bulk() -> None:
    schedule = Schedule(30)
    put(
        schedule,
        item("bulk", 1, priority=Priority.BULK),
        item("edit", 2, priority=Priority.ENRICHMENT),
        item("reply", 3),
    )
    assert [key(schedule.next(n / 30)) for n in range(4)] == ["reply", "edit", "bulk", None]


def test_within_a_chat_one_call_is_under_way_and_after_two_it_gets_one_a_second() -> None:
    schedule = Schedule(30)
    put(schedule, item("one", 1), item("two", 1), item("three", 1), item("other", 2))
    first = schedule.next(0)
    assert key(first) == "one"
    assert key(schedule.next(0)) == "other"
    assert schedule.next(0.5) is None  # "one" is under way
    assert first is not None
    schedule.done(first, 0.6)
    second = schedule.next(0.6)
    assert second is not None
    assert key(second) == "two"
    schedule.done(second, 0.6)
    assert schedule.next(0.6 + INTERVAL - 0.01) is None
    assert schedule.wake_at() == 0.6 + INTERVAL
    assert key(schedule.next(0.6 + INTERVAL)) == "three"


def test_within_a_chat_what_was_made_first_goes_first_however_it_arrived() -> None:
    schedule = Schedule(30)
    put(schedule, item("late", 1, made=2.0), item("early", 1, made=1.0))
    assert [go(schedule, 0.0), go(schedule, 10.0)] == ["early", "late"]


def test_within_a_chat_a_reply_does_not_wait_for_bulk() -> None:
    schedule = Schedule(30)
    put(schedule, item("bulk", 1, priority=Priority.BULK, made=1.0), item("reply", 1, made=2.0))
    assert [go(schedule, 0.0), go(schedule, 10.0)] == ["reply", "bulk"]


def test_a_group_gets_twenty_a_minute_and_nobody_else_waits_for_it() -> None:
    schedule = Schedule(30)
    put(schedule, *(item(f"group{n:02}", -100, made=n) for n in range(25)))
    assert [go(schedule, n / 30) for n in range(21)] == [f"group{n:02}" for n in range(20)] + [None]
    put(schedule, item("person", 7, now=30.0))
    assert [go(schedule, 30.0), go(schedule, 59.9)] == ["person", None]
    assert go(schedule, 60.1) == "group20"


def test_bulk_and_enrichments_get_every_thirtieth_call_of_a_rush_that_never_ends() -> None:
    schedule = Schedule(30)
    for n in range(600):
        put(schedule, item(f"reply{n}", 1000 + n))
    for n in range(50):
        put(schedule, item(f"bulk{n}", 2000 + n, priority=Priority.BULK))
        put(schedule, item(f"edit{n}", 3000 + n, priority=Priority.ENRICHMENT))
    went = [go(schedule, n / 29) or "" for n in range(20 * (SHARE + 1))]
    share = {kind: sum(one.startswith(kind) for one in went) for kind in ("bulk", "edit")}
    assert share == {"bulk": 19, "edit": 19}


def test_bulk_goes_evenly_so_that_a_reply_never_finds_the_slots_of_the_next_half_second_taken() -> None:
    schedule = Schedule(30)
    put(schedule, *(item(f"bulk{n}", n, priority=Priority.BULK) for n in range(60)))
    moments = [step / 1000 for step in range(1000) if go(schedule, step / 1000)]
    assert min(later - earlier for earlier, later in itertools.pairwise(moments)) >= 0.9 / 30 - 1e-9
    assert schedule.wake_at() is not None


def test_calls_that_are_ended_without_being_made_hold_up_nobody() -> None:
    schedule = Schedule(30)
    put(schedule, *(item(f"bulk{n}", 1, priority=Priority.BULK, made=n) for n in range(10)))
    for n in range(10):
        found = schedule.next(0.0)
        assert found is not None
        assert key(found) == f"bulk{n}"
        schedule.done(found, 0.0, arrived=False)


def test_of_three_calls_of_one_topic_the_newest_goes_in_the_place_of_the_oldest() -> None:
    schedule = Schedule(30)
    put(schedule, item("first", 1, made=1, topic="tap"), item("between", 1, made=2))
    newest, second = item("newest", 1, made=4, topic="tap"), item("second", 1, made=3, topic="tap")
    for one in (newest, second):
        schedule.add(one)
    older = schedule.ready(newest, 0)
    assert older is not None
    assert key(older) == "first"
    assert schedule.ready(second, 0) is second  # it is older than the one that waits
    assert len(schedule) == 2
    assert [go(schedule, 0.0), go(schedule, 10.0), go(schedule, 20.0)] == ["newest", "between", None]
    assert {one.call.key for one in newest.instead_of} == {"first", "second"}


def test_a_call_of_a_topic_does_not_replace_one_that_is_under_way_or_of_another_chat() -> None:
    schedule = Schedule(30)
    first = item("first", 1, made=1, topic="tap")
    put(schedule, first)
    assert schedule.next(0) is first
    second, other = item("second", 1, made=2, topic="tap"), item("other", 2, made=3, topic="tap")
    for one in (second, other):
        schedule.add(one)
        assert schedule.ready(one, 0) is None
    assert schedule.newer(first) is second
    schedule.done(first, 0)
    assert schedule.newer(second) is second


def test_what_waits_for_a_group_that_moved_goes_to_its_new_number() -> None:
    schedule = Schedule(30)
    put(schedule, item("one", -5, made=1), item("two", -5, made=2))
    first = schedule.next(0)
    assert first is not None
    schedule.move(first, -1007, 0)
    assert schedule.next(0) is first
    assert first.call.chat_id == first.call.params["chat_id"] == -1007
    schedule.done(first, 0)
    second = schedule.next(1)
    assert second is not None
    assert second.call.params["chat_id"] == -1007


def test_of_several_changes_of_a_call_the_one_that_was_made_last_holds() -> None:
    schedule = Schedule(30)
    reply = item("reply", 1, awaits=True)
    put(schedule, reply)
    schedule.merge(reply, change("later", "reply", made=2.0), 0.01)
    schedule.merge(reply, change("earlier", "reply", made=1.0), 0.02)
    assert reply.call.params["text"] == "later"


def test_a_call_goes_only_when_it_is_ready_and_holds_up_its_own_chat_alone() -> None:
    schedule = Schedule(30)
    unready = item("unready", 1)
    schedule.add(unready)
    put(schedule, item("behind", 1), item("other", 2))
    assert key(schedule.next(0)) == "other"
    assert schedule.next(0) is None
    schedule.ready(unready, 0)
    assert key(schedule.next(0)) == "unready"


def test_a_reply_waits_a_moment_for_its_address_and_then_goes_without() -> None:
    schedule = Schedule(30)
    put(schedule, item("reply", 1, awaits=True))
    assert schedule.next(PATIENCE - 0.01) is None
    assert schedule.wake_at() == PATIENCE
    assert key(schedule.next(PATIENCE)) == "reply"


def test_an_address_that_comes_in_time_is_in_the_reply() -> None:
    schedule = Schedule(30)
    reply = item("reply", 1, awaits=True)
    put(schedule, reply)
    schedule.merge(reply, change("with address", "reply"), 0.01)
    found = schedule.next(0.01)
    assert found is reply
    assert found.call.params == {"chat_id": 1, "text": "with address"}
    assert found.call.method == "sendMessage"


def test_a_call_that_takes_a_change_in_keeps_its_keyboard_its_file_and_its_key() -> None:
    keyboard = {"inline_keyboard": [[{"text": "x", "callback_data": "undo:1:2"}]]}
    file = File("document", "x.xlsx", b"PK")
    reply = item("reply", 1, awaits=True)
    params = {**reply.call.params, "reply_markup": keyboard}
    reply.call = msgspec.structs.replace(reply.call, params=params, file=file)
    before = reply.call
    schedule = Schedule(30)
    put(schedule, reply)
    schedule.merge(reply, change("with address", "reply"), 0.01)
    params = {"chat_id": 1, "text": "with address", "reply_markup": keyboard}
    assert reply.call == msgspec.structs.replace(before, params=params, awaits_enrichment=False)


def test_after_an_answer_to_a_button_the_chat_need_not_rest() -> None:
    schedule = Schedule(30)
    answer = item("answer", 1)
    answer.call = msgspec.structs.replace(answer.call, method="answerCallbackQuery")
    put(schedule, answer, item("edit", 1), item("reply", 1))
    assert schedule.next(0) is answer
    assert schedule.next(0.1) is None  # under way
    schedule.done(answer, 0.2)
    edit = schedule.next(0.2)
    assert key(edit) == "edit"
    assert edit is not None
    schedule.done(edit, 0.3)
    assert key(schedule.next(0.3)) == "reply", "the answer was not counted"


def test_a_chat_whose_last_call_was_an_answer_to_a_button_is_forgotten_at_once() -> None:
    schedule = Schedule(30)
    answer = item("answer", 1)
    answer.call = msgspec.structs.replace(answer.call, method="answerCallbackQuery")
    put(schedule, answer)
    assert schedule.next(0) is answer
    schedule.done(answer, 0.2)
    inside: dict[str, Any] = vars(schedule)
    assert inside["_lanes"].lane(1) is None


def test_in_a_rush_complete_replies_overtake_those_that_lack_their_address() -> None:
    schedule = Schedule(30)
    put(schedule, *(item(f"lacks{n}", n, awaits=True) for n in range(40)))
    put(schedule, item("complete", 100, now=0.5))
    assert key(schedule.next(0.5)) == "complete"
    assert schedule.next(0.5) is None
    assert key(schedule.next(PATIENCE_BUSY)) == "lacks0"


def test_a_crowd_that_the_cap_has_room_for_is_no_rush() -> None:
    schedule = Schedule(30)
    for n in range(2 * RUSH):  # seventeen a second: a thousand people in a minute
        put(schedule, item(f"lacks{n}", n, now=n * 0.06, awaits=True))
        gone = schedule.next(n * 0.06)
        assert key(gone) == (f"lacks{n - 2}" if n >= 2 else None)
        if gone is not None:
            schedule.done(gone, n * 0.06)


def test_when_a_rush_is_over_nobody_waits_for_an_address_as_if_it_were_not() -> None:
    schedule = Schedule(30)
    put(schedule, *(item(f"lacks{n}", n, now=n * 0.01, awaits=True) for n in range(RUSH)))
    assert schedule.next(0.2) is None, "a rush: ten in a tenth of a second"
    assert schedule.wake_at() == pytest.approx(RUSH / 30), "as long as the cap takes for them"
    assert key(schedule.next(RUSH / 30)) == "lacks0"


def test_nobody_is_overtaken_for_ever() -> None:
    schedule = Schedule(30)
    put(schedule, *(item(f"lacks{n}", n, awaits=True) for n in range(40)))
    put(schedule, *(item(f"complete{n}", 100 + n, now=1.0) for n in range(40)))
    assert key(schedule.next(PATIENCE_LIMIT)) == "lacks0"


def test_a_failed_call_is_tried_again_first_in_its_chat_after_its_pause() -> None:
    schedule = Schedule(30)
    put(schedule, item("one", 1), item("two", 1))
    first = schedule.next(0)
    assert first is not None
    schedule.again(first, 1.0, pause=5.0)
    assert schedule.next(5.9) is None
    assert key(schedule.next(6.0)) == "one"


def test_a_call_that_is_removed_lets_the_next_of_its_chat_go() -> None:
    schedule = Schedule(30)
    unready = item("unready", 1)
    schedule.add(unready)
    put(schedule, item("behind", 1))
    schedule.remove(unready, 0)
    assert key(schedule.next(0)) == "behind"
    assert schedule.get("unready") is None


class Sending(RuleBasedStateMachine):
    """Calls of six chats come, go, fail, are merged into and given back, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule = Schedule(3)
        self.now = 0.0
        self.serial = 0
        self.waiting: list[Item] = []
        self.under_way: dict[int, Item] = {}
        self.went: dict[tuple[int, Priority], list[int]] = {}
        self.tried: set[str] = set()

    @rule(chat=st.integers(0, 5), awaits=st.booleans(), priority=st.sampled_from(Priority))
    def add(self, chat: int, awaits: bool, priority: Priority) -> None:  # noqa: FBT001 - hypothesis passes by name
        self.serial += 1
        new = item(str(self.serial), chat, self.now, awaits=awaits, priority=priority, made=self.serial)
        put(self.schedule, new)
        self.waiting.append(new)

    @rule(seconds=st.sampled_from([0.01, 0.1, 1.1, 3.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def send(self) -> None:
        found = self.schedule.next(self.now)
        if found is None:
            return
        chat = found.call.chat_id
        assert chat not in self.under_way, "two calls of one chat under way"
        self.under_way[chat] = found
        self.waiting.remove(found)
        if found.call.key not in self.tried:
            self.tried.add(found.call.key)
            self.went.setdefault((chat, found.priority), []).append(int(found.call.key))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), again=st.booleans())
    def end(self, data: st.DataObject, again: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        ended = self.under_way.pop(data.draw(st.sampled_from(sorted(self.under_way))))
        if again:
            self.schedule.again(ended, self.now, 0.2)
            self.waiting.append(ended)
        else:
            self.schedule.done(ended, self.now)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        one = self.waiting[data.draw(st.integers(0, len(self.waiting) - 1))]
        self.schedule.merge(one, change("merged", one.call.key), self.now)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        one = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        self.schedule.remove(one, self.now)

    @invariant()
    def within_a_chat_and_a_priority_the_order_is_kept(self) -> None:
        assert all(order == sorted(order) for order in self.went.values())

    def teardown(self) -> None:
        """Nothing is left behind: what waits goes, one after the other."""
        while self.waiting or self.under_way:
            for ended in self.under_way.values():
                self.schedule.done(ended, self.now)
            self.under_way.clear()
            self.now += PATIENCE_LIMIT + 1
            before = len(self.waiting)
            self.send()
            assert len(self.waiting) < before or not before, "a call was left behind"
        assert len(self.schedule) == 0


TestSending = Sending.TestCase


def test_the_schedule_forgets_chats_that_have_nothing_to_send() -> None:
    schedule = Schedule(30)
    for chat in range(100):
        put(schedule, item(str(chat), chat))
        found = schedule.next(float(chat))
        assert found is not None
        schedule.done(found, float(chat))
    assert schedule.next(1000.0) is None
    inside: dict[str, Any] = vars(schedule)
    assert all(inside["_lanes"].lane(chat) is None for chat in range(100))
    assert not inside["_timers"]
