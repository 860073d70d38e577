import pytest

from simulator.changes import Changes
from simulator.chats import SeenMessage
from simulator.ledger import Arrival, Ledger, Outcome, WebhookTry
from simulator.report import answered_with_address, figures, has_address, reply_times
from simulator.server import Simulator


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Giriş qeydə alındı\n📍 Nizami küçəsi 5, Bakı", True),
        ("📍 40.37171, 49.85053", False),
        ("📍 Koordinatlar: 40.37, 49.85", False),
        ("40.37, 49.85 yaxınlığında\n📍 Baş ofis", True),
        ("Giriş qeydə alındı", False),
        ("", False),
    ],
)
def test_bare_coordinates_behind_the_pin_are_no_address(text: str, *, found: bool) -> None:
    assert has_address(text) is found


def test_the_last_answer_counts_as_it_reads_after_its_edits() -> None:
    location = SeenMessage({"message_id": 1, "location": {}}, from_bot=False)
    reply = SeenMessage({"message_id": 2, "text": "📍 40.1, 49.1"}, from_bot=True)
    assert not answered_with_address([location, reply])
    reply.raw["text"] = "📍 Bakı"
    assert answered_with_address([location, reply])
    assert not answered_with_address([location, reply, location])


def test_a_reply_is_measured_from_the_first_post_of_its_update() -> None:
    ledger = Ledger(Changes())
    for number, sent in ((1, 10.0), (2, 12.0)):
        ledger.open_try(WebhookTry(5, "message", 7, number, sent))
    for method, arrived in (("sendMessage", 13.0), ("editMessageText", 14.0), ("sendMessage", 15.0)):
        call = ledger.open_call(Arrival(arrived, arrived), method, counted=True)
        call.chat_id = 7
        ledger.close_call(call, Outcome.OK, 200)
    assert reply_times(ledger) == [3.0]


def test_figures_of_nothing_are_nothing() -> None:
    now = figures(Simulator())
    assert (now.calls, now.drain_ratio, now.webhook_p99, now.calls_per_update) == (0, None, None, None)


def test_people_are_counted_by_how_many_replies_they_got() -> None:
    telegram = Simulator()
    for person in (1, 2, 3):
        telegram.ledger.open_try(WebhookTry(person, "message", person, 1, 0.0))
    for person in (2, 3, 3):
        call = telegram.ledger.open_call(Arrival(1.0, 1.0), "sendMessage", counted=True)
        call.chat_id = person
        telegram.ledger.close_call(call, Outcome.OK, 200)
    assert figures(telegram).replies_per_person == {0: 1, 1: 1, 2: 1}
