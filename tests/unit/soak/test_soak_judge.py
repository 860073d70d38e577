"""The soak's judge: what it lets pass, and what it must catch."""

from dataclasses import replace
from typing import Any

import pytest

from simulator.demo.promises import Promise
from simulator.ledger import Call, Outcome
from tests.soak.diary import Item, Moment, mark_of
from tests.soak.judge import judge
from tests.soak.record import Record
from tests.soak.silence import broken, unasked
from tests.soak.takeover import RATE, reminders, seconds_without_a_call
from tests.soak.windows import over_the_cap

ANNA, BORIS = 7, 8


def call(at: float, text: str, chat: int = ANNA, **traits: Any) -> Call:  # noqa: ANN401 - fields of the call
    """A call that was done and answered 20 ms later, unless told otherwise."""
    usual = {"outcome": Outcome.OK, "status": 200, "answered": at + 0.02, "over": True}
    params = {"chat_id": chat, "text": text}
    return Call(at, at, "sendMessage", chat, params, **{**usual, **traits})


def unanswered(at: float, text: str) -> Call:
    return call(at, text, outcome=Outcome.RESET_AFTER, status=None, answered=None)


def refused(at: float, chat: int, seconds: int) -> Call:
    words = f"Too Many Requests: retry after {seconds}"
    return call(at, "", chat, outcome=Outcome.REFUSED, status=429, description=words)


def check_in(*seconds: str, at: float = 0.0) -> Item:
    return Item("check-in", ANNA, seconds, at, size=len(seconds))


def reminder(number: int, at: float = 0.0, chat: int = ANNA) -> Item:
    return Item("reminder", chat, (f"reminder {number}",), at, key=f"soak:reminder:{number}")


def step(number: int) -> Item:
    return Item("numbered", ANNA, (f"step {number}",), 0.0, key=f"soak:step:{number}")


def failed(record: Record) -> set[str]:
    return {verdict.name for verdict in judge(record) if verdict.held is False}


def verdict(record: Record, name: str) -> Promise:
    return next(one for one in judge(record) if one.name == name)


REPLY = "✅ You are checked in\nAnna\n🕘 08:00:01\n⏳ Sent: 08:00:01, recorded: 08:00:33."
RECORD = Record(
    items=[check_in("08:00:01"), reminder(1), step(2), step(3)],
    calls=[call(1.0, REPLY), call(2.0, "reminder 1: ..."), call(4.0, "step 2"), call(6.0, "step 3")],
    updates=[11],
    accepted=frozenset({11}),
    events={11: 1},
)


SENT = {f"soak:{name}": "sent" for name in ("reminder:1", "step:2", "step:3")}


def test_a_run_in_which_all_is_well_fails_nothing() -> None:
    assert failed(RECORD) == set()


def test_a_reply_is_known_by_the_time_it_answers_and_not_by_the_time_it_was_recorded() -> None:
    assert mark_of(REPLY) == "08:00:01"
    assert mark_of("reminder 12: have you checked in?") == "reminder 12"
    assert mark_of("Salam!") is None


@pytest.mark.parametrize("gone", [0, 2, 3])
def test_a_reply_that_never_came_is_lost(gone: int) -> None:
    calls = [one for number, one in enumerate(RECORD.calls) if number != gone]
    assert failed(replace(RECORD, calls=calls)) == {"replies lost"}


def test_a_reply_may_come_again_if_no_answer_came_and_not_otherwise() -> None:
    again = call(9.0, REPLY)
    name = "replies told again though their answer had come"
    assert failed(replace(RECORD, calls=[*RECORD.calls, again])) == {name}
    assert failed(replace(RECORD, calls=[unanswered(1.0, REPLY), *RECORD.calls[1:], again])) == set()


def test_an_answer_that_was_on_its_way_to_a_sender_that_was_killed_may_be_unknown() -> None:
    calls = [*RECORD.calls, call(9.0, REPLY)]
    hit = Moment("kill_active", 1.1, 1.2, hits_active=True)
    assert failed(replace(RECORD, calls=calls, moments=[hit])) == set()
    for harmless in (Moment("kill_active", 5.0, 5.1, hits_active=True), Moment("term_active", 1.1, 1.2)):
        assert failed(replace(RECORD, calls=calls, moments=[harmless])) != set()


def test_a_double_tap_may_be_answered_once_or_twice() -> None:
    one, two = call(1.0, REPLY), call(3.0, REPLY.replace("08:00:01", "08:00:02"))
    tapped = replace(RECORD, items=[check_in("08:00:01", "08:00:02")])
    for calls in ([one], [two], [one, two]):
        assert failed(replace(tapped, calls=calls)) == set()
    assert failed(replace(tapped, calls=[])) == {"replies lost"}


def test_a_reminder_must_never_come_twice_even_if_no_answer_came() -> None:
    calls = [unanswered(0.5, "reminder 1"), *RECORD.calls]
    assert failed(replace(RECORD, calls=calls)) == {"reminders told twice"}


def test_a_reminder_may_come_again_if_telegram_said_that_it_had_failed() -> None:
    denied = call(0.5, "reminder 1", outcome=Outcome.ERROR_AFTER, status=502)
    assert failed(replace(RECORD, calls=[denied, *RECORD.calls])) == set()
    assert failed(replace(RECORD, calls=[denied, *RECORD.calls, call(9.0, "reminder 1")])) == {"reminders told twice"}


def test_a_reminder_may_be_left_if_the_ledger_says_so() -> None:
    calls = [one for one in RECORD.calls if "reminder" not in one.params["text"]]
    assert failed(replace(RECORD, calls=calls)) == {"reminders lost, and nobody says so"}
    told = replace(RECORD, calls=calls, receipts=SENT | {"soak:reminder:1": "unknown"})
    assert failed(told) == {"of these, never tried at all"}
    assert failed(replace(told, moments=[Moment("kill_active", 1.1, 1.2, hits_active=True)])) == set()
    assert verdict(told, "reminders left, as the ledger says").figure == "1 unknown"


def test_the_ledger_must_say_sent_of_what_was_answered_and_of_nothing_that_never_came() -> None:
    name = "messages of which the ledger says what is not so"
    assert verdict(RECORD, name).held is None
    assert failed(replace(RECORD, receipts=SENT)) == set()
    assert failed(replace(RECORD, receipts=SENT | {"soak:step:2": "failed"})) == {name}
    without = [one for one in RECORD.calls if "step 3" not in one.params["text"]]
    assert failed(replace(RECORD, calls=without, receipts=SENT)) == {name, "replies lost"}
    doubtful = [*without, unanswered(6.0, "step 3")]
    assert failed(replace(RECORD, calls=doubtful, receipts=SENT | {"soak:step:3": "unknown"})) == set()


def test_numbered_messages_may_be_repeated_and_not_overtake_each_other() -> None:
    head = RECORD.calls[:2]
    name = "numbered messages out of order in their chat"
    assert failed(replace(RECORD, calls=[*head, call(4.0, "step 3"), call(6.0, "step 2")])) == {name}
    calls = [*head, unanswered(4.0, "step 2"), call(5.0, "step 2"), call(6.0, "step 3")]
    assert failed(replace(RECORD, calls=calls)) == set()


def test_an_update_that_is_no_event_or_two_or_that_was_not_taken_fails() -> None:
    for events in ({}, {11: 2}):
        assert failed(replace(RECORD, events=events)) == {"updates that are not one event [database]"}
    assert failed(replace(RECORD, accepted=frozenset())) == {"updates that the webhook did not take"}


def test_thirty_one_calls_within_a_second_are_too_many() -> None:
    calls = [call(number / 31, "", BORIS) for number in range(31)]
    assert len(over_the_cap([one.arrived for one in calls], RATE)) == 1
    assert over_the_cap([one.arrived for one in calls[:30]] + [1.0], RATE) == []
    assert failed(replace(RECORD, items=[], calls=calls)) == {"most calls in any 1.0 s", "windows above the cap"}


def test_a_refused_chat_is_silent_until_its_time_is_over_and_others_are_not() -> None:
    base = [refused(10.0, ANNA, 3)]
    assert broken(replace(RECORD, calls=[*base, call(11.0, "", BORIS), call(13.0, "")])).by_the_told == 0
    assert broken(replace(RECORD, calls=[*base, call(12.9, "")])).by_the_told == 1
    assert broken(replace(RECORD, calls=[*base, call(10.1, "")])).by_the_told == 0, "it was on its way"


def test_two_refused_chats_silence_everybody() -> None:
    base = [refused(10.0, ANNA, 3), refused(10.3, BORIS, 3)]
    assert broken(replace(RECORD, calls=[*base, call(12.0, "", 9)])).by_the_told == 1
    assert broken(replace(RECORD, calls=[*base, call(13.4, "", 9)])).by_the_told == 0


def test_a_sender_that_took_over_within_a_silence_is_told_apart() -> None:
    calls = [refused(10.0, ANNA, 9), call(15.0, "")]
    kill = Moment("kill_active", 11.0, 11.1, hits_active=True)
    seen = broken(replace(RECORD, calls=calls, moments=[kill]))
    assert (seen.by_the_told, seen.by_successors) == (0, 1)


def test_a_429_that_nobody_asked_for_is_counted() -> None:
    record = replace(RECORD, calls=[refused(10.0, ANNA, 3)])
    assert unasked(record) == 1
    assert unasked(replace(record, moments=[Moment("flood_chat", 9.0, 15.0)])) == 0


def burst(first: float, count: int, number: int) -> list[Call]:
    """Calls as fast as the cap lets them: 29 a second."""
    return [call(first + one / 29, f"reminder {number + one}", 100 + number + one) for one in range(count)]


def test_a_take_over_is_measured_from_the_strike_to_the_next_call_while_work_waits() -> None:
    calls = [*burst(0.0, 29, 0), *burst(3.4, 60, 29)]
    items = [reminder(number, at=-1.0, chat=100 + number) for number in range(89)]
    kill = Moment("kill_active", 1.0, 1.05, hits_active=True)
    record = replace(RECORD, items=items, calls=calls, moments=[kill])
    assert seconds_without_a_call(record, kill, reminders(record)) == pytest.approx(2.4, abs=0.05)
    flooded = replace(record, moments=[kill, Moment("flood_everybody", 2.0, 3.0)])
    assert seconds_without_a_call(flooded, kill, reminders(flooded)) is None
    idle = replace(record, items=items[:29], calls=calls[:29])
    assert seconds_without_a_call(idle, kill, reminders(idle)) is None


def test_a_silence_that_the_cap_itself_demands_is_no_take_over() -> None:
    first = [call(one / 60, f"reminder {one}", 100 + one) for one in range(30)]
    calls = [*first, *burst(1.03, 30, 30)]
    items = [reminder(number, at=-1.0, chat=100 + number) for number in range(60)]
    term = Moment("term_active", 0.49, 0.6)
    record = replace(RECORD, items=items, calls=calls, moments=[term])
    seconds = seconds_without_a_call(record, term, reminders(record))
    assert seconds is not None
    assert seconds < 0.05


@pytest.mark.parametrize(
    ("traits", "name"),
    [
        ({"queues": {"updates": 1}}, "queues that are not empty at the end"),
        ({"dead": ["soak:step:2"]}, "dead letters that should not be"),
        ({"poison": frozenset({"soak:poison:1"})}, "refused for ever, and not among the dead letters"),
        ({"memory": {"sender-1": 151.0}}, "memory of senders at most"),
        ({"accidents": ["sender-1 has ended"]}, "services that ended or stayed away by themselves"),
        ({"statuses": {"sender-1": -9}}, "services that did not end in order at the end"),
        ({"strange": ["sendMessage: colour"]}, "what Telegram's schema does not know in our calls"),
    ],
)
def test_what_is_left_over_or_unwell_fails(traits: dict[str, Any], name: str) -> None:
    assert failed(replace(RECORD, **traits)) == {name}
