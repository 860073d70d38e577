"""Which call goes next; a stepped clock, no real time."""

from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sender.schedule import CHAT_INTERVAL, PATIENCE, PATIENCE_BUSY, PATIENCE_LIMIT, Item, Priority, Schedule
from shared.contracts import File, OutboundCall


def item(
    key: str, chat: int, now: float = 0.0, *, awaits: bool = False, priority: Priority = Priority.INTERACTIVE
) -> Item:
    call = OutboundCall(
        key=key,
        chat_id=chat,
        method="sendMessage",
        params={"chat_id": chat, "text": key},
        created_at=0,
        awaits_enrichment=awaits,
    )
    return Item(call, priority, arrived=now)


def put(schedule: Schedule, *items: Item) -> None:
    for one in items:
        schedule.add(one)
        schedule.ready(one, one.arrived)


def key(found: Item | None) -> str | None:
    return None if found is None else found.call.key


def change(text: str, target: str) -> OutboundCall:
    return OutboundCall(
        key=f"{target}:address", chat_id=1, method="editMessageText", params={"text": text}, created_at=0, target=target
    )


def test_replies_go_before_enrichments_before_bulk() -> None:
    schedule = Schedule(30)
    put(
        schedule,
        item("bulk", 1, priority=Priority.BULK),
        item("edit", 2, priority=Priority.ENRICHMENT),
        item("reply", 3),
    )
    assert [key(schedule.next(0)) for _ in range(4)] == ["reply", "edit", "bulk", None]


def test_within_a_chat_calls_go_in_order_and_a_second_apart() -> None:
    schedule = Schedule(30)
    put(schedule, item("one", 1), item("two", 1), item("other", 2))
    first = schedule.next(0)
    assert key(first) == "one"
    assert key(schedule.next(0)) == "other"
    assert schedule.next(0.5) is None  # "one" is under way
    assert first is not None
    schedule.done(first, 0.6)
    assert schedule.next(0.6 + CHAT_INTERVAL - 0.01) is None
    assert schedule.wake_at() == 0.6 + CHAT_INTERVAL
    assert key(schedule.next(0.6 + CHAT_INTERVAL)) == "two"


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
    assert schedule.next(0.3 + CHAT_INTERVAL - 0.01) is None
    assert key(schedule.next(0.3 + CHAT_INTERVAL)) == "reply"


def test_a_chat_whose_last_call_was_an_answer_to_a_button_is_forgotten_at_once() -> None:
    schedule = Schedule(30)
    answer = item("answer", 1)
    answer.call = msgspec.structs.replace(answer.call, method="answerCallbackQuery")
    put(schedule, answer)
    assert schedule.next(0) is answer
    schedule.done(answer, 0.2)
    inside: dict[str, Any] = vars(schedule)
    assert not inside["_lanes"]


def test_in_a_rush_complete_replies_overtake_those_that_lack_their_address() -> None:
    schedule = Schedule(30)
    put(schedule, *(item(f"lacks{n}", n, awaits=True) for n in range(40)))
    put(schedule, item("complete", 100, now=0.5))
    assert key(schedule.next(0.5)) == "complete"
    assert schedule.next(0.5) is None
    assert key(schedule.next(PATIENCE_BUSY)) == "lacks0"


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
        self.went: dict[int, list[int]] = {}
        self.tried: set[str] = set()

    @rule(chat=st.integers(0, 5), awaits=st.booleans(), priority=st.sampled_from(Priority))
    def add(self, chat: int, awaits: bool, priority: Priority) -> None:  # noqa: FBT001 - hypothesis passes by name
        self.serial += 1
        new = item(str(self.serial), chat, self.now, awaits=awaits, priority=priority)
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
            self.went.setdefault(chat, []).append(int(found.call.key))

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
    def within_a_chat_the_order_is_kept(self) -> None:
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
    assert not inside["_lanes"]
    assert not inside["_timers"]
