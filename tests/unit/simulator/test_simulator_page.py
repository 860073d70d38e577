from simulator.chats import SeenMessage
from simulator.crowd import Crowd
from simulator.ledger import Arrival
from simulator.page import chart
from simulator.page.render import render
from simulator.server import Simulator


def test_what_people_write_is_escaped() -> None:
    telegram = Simulator()
    chat = {"id": 7, "first_name": "<script>alert(1)</script>", "type": "private"}
    telegram.updates.send({"message": {"chat": chat, "from": chat, "text": '<img src="x" onerror="y">'}})
    page = render(telegram)
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;img src=&quot;x&quot;" in page


def test_the_page_needs_nothing_from_elsewhere() -> None:
    telegram = Simulator()
    telegram.ledger.open_call(Arrival(1.0, 1.0), "sendMessage", counted=True)
    page = render(telegram)
    assert "http://" not in page
    assert "https://" not in page
    assert "<svg" in page


def test_a_button_that_was_pressed_is_drawn_as_one_and_the_others_are_not() -> None:
    telegram = Simulator()
    crowd = Crowd(telegram, employees=1)
    crowd.say(crowd.employees[0], "salam")
    buttons = [{"text": "<Bəli>", "callback_data": "yes"}, {"text": "Xeyr", "callback_data": "no"}]
    keyboard = {"inline_keyboard": [[*buttons, {"text": "Bax", "url": "x"}]]}
    raw = {"message_id": 2, "chat": crowd.employees[0].as_chat(), "text": "?", "reply_markup": keyboard}
    telegram.chats.find(crowd.employees[0].id).keep(SeenMessage(raw, from_bot=True, markup=keyboard))
    crowd.press_inline(crowd.employees[0], telegram.chat(crowd.employees[0].id)[-1], "yes")
    page = render(telegram)
    assert '<span class="button pressed">&lt;Bəli&gt;</span><span class="button">Xeyr</span>' in page
    assert '<span class="button">Bax</span>' in page


def test_a_bar_above_the_line_is_drawn_as_one() -> None:
    drawn = chart.draw([30, 31, 0], allowed=30)
    assert drawn.count('class="bar"') == 1
    assert drawn.count('class="over"') == 1
