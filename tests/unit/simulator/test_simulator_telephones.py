"""Each act of a person has the shape in which Telegram passes it on, and nothing is pressed that is not there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram.types import Update

from simulator.chats import SeenMessage
from simulator.crowd import Crowd
from simulator.people import Employee
from simulator.server import Simulator

NINE = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
HOME = (40.42, 49.91)
KEYBOARD = {
    "inline_keyboard": [
        [{"text": "Bəli", "callback_data": "undo:1:2"}, {"text": "Xeyr", "callback_data": "keep"}],
        [{"text": "Xəritə", "url": "https://example.az"}],
    ]
}
ACTS: dict[str, Callable[[Crowd, Employee], int]] = {
    "text": lambda crowd, one: crowd.say(one, "salam", at=NINE),
    "command": lambda crowd, one: crowd.say(one, "/bugun 2026-03-02", at=NINE),
    "start": lambda crowd, one: crowd.press_start(one, at=NINE),
    "location": lambda crowd, one: crowd.send_location(one, at=NINE),
    "live location": lambda crowd, one: crowd.send_location(one, at=NINE, live_period=900, accuracy=12.5),
    "forwarded": lambda crowd, one: crowd.forward_location(one, at=NINE),
    "forwarded of another": lambda crowd, one: crowd.forward_location(one, of=crowd.employees[-1], at=NINE),
    "venue": lambda crowd, one: crowd.send_venue(one, at=NINE),
    "via a bot": lambda crowd, one: crowd.send_via_bot(one, at=NINE),
    "scheduled": lambda crowd, one: crowd.send_scheduled(one, at=NINE),
    "sticker": lambda crowd, one: crowd.send_sticker(one, at=NINE),
    "voice": lambda crowd, one: crowd.send_voice(one, at=NINE),
}


@pytest.fixture
def telegram() -> Simulator:
    return Simulator()


@pytest.fixture
def crowd(telegram: Simulator) -> Crowd:
    return Crowd(telegram, employees=40)


def whose(crowd: Crowd, *, android: bool) -> Employee:
    return next(employee for employee in crowd.employees if employee.android is android)


def last(telegram: Simulator) -> dict[str, Any]:
    """The last update, which aiogram reads."""
    update = telegram.updates.batch(1000)[-1]
    Update.model_validate(update)
    return update


def asked(telegram: Simulator, person: Employee) -> SeenMessage:
    """A question of the bot's with three buttons, the last of them a link."""
    chat = telegram.chats.add(person.as_chat())
    raw = {"message_id": chat.next_id(), "date": 0, "chat": chat.info, "from": telegram.bot, "text": "?"}
    message = SeenMessage({**raw, "reply_markup": KEYBOARD}, from_bot=True, markup=KEYBOARD)
    chat.keep(message)
    return message


@pytest.mark.parametrize("android", [True, False])
@pytest.mark.parametrize("act", ACTS)
def test_what_a_person_sends_is_an_update_that_aiogram_reads_from_them_at_that_moment(
    telegram: Simulator, crowd: Crowd, act: str, *, android: bool
) -> None:
    crowd.have_started()
    person = whose(crowd, android=android)
    update_id = ACTS[act](crowd, person)
    update = last(telegram)
    assert update["update_id"] == update_id
    message = update["message"]
    assert (message["from"], message["chat"]) == (person.as_user(), person.as_chat())
    assert message["date"] == NINE.timestamp()
    assert message["message_id"] == telegram.chat(person.id)[-1].message_id == 3


def test_a_live_location_says_for_how_long_and_does_not_come_from_the_button(telegram: Simulator, crowd: Crowd) -> None:
    crowd.have_started()
    crowd.send_location(whose(crowd, android=True), point=HOME, live_period=900)
    message = last(telegram)["message"]
    assert message["location"] == {"latitude": 40.42, "longitude": 49.91, "live_period": 900}
    assert "reply_to_message" not in message


@pytest.mark.parametrize("android", [True, False])
def test_an_accuracy_that_is_given_is_told_by_every_telephone(
    telegram: Simulator, crowd: Crowd, *, android: bool
) -> None:
    crowd.send_location(whose(crowd, android=android), accuracy=480.5)
    assert last(telegram)["message"]["location"]["horizontal_accuracy"] == 480.5


def test_a_live_location_that_moves_is_the_same_message_edited_later(telegram: Simulator, crowd: Crowd) -> None:
    person = crowd.employees[0]
    crowd.send_location(person, at=NINE, live_period=900)
    sent = telegram.chat(person.id)[-1]
    began = dict(sent.raw["location"])
    crowd.move(person, sent, HOME, 7.5, at=NINE + timedelta(seconds=30))
    crowd.move(person, sent, HOME, at=NINE + timedelta(seconds=60))
    first, *edits = telegram.updates.batch(10)
    assert [list(update)[1] for update in (first, *edits)] == ["message", "edited_message", "edited_message"]
    assert first["message"]["location"] == began
    moved = {"latitude": 40.42, "longitude": 49.91, "live_period": 900}
    assert [update["edited_message"]["location"] for update in edits] == [moved | {"horizontal_accuracy": 7.5}, moved]
    seconds = [update["edited_message"]["edit_date"] - NINE.timestamp() for update in edits]
    assert seconds == [30, 60]
    for update in edits:
        edited = Update.model_validate(update).edited_message
        assert edited is not None
        assert (edited.message_id, edited.date) == (sent.message_id, NINE)
    (seen,) = telegram.chat(person.id)
    assert (seen.edits, seen.raw["location"]) == (2, moved)


def test_only_a_live_location_moves(telegram: Simulator, crowd: Crowd) -> None:
    person = crowd.employees[0]
    crowd.send_location(person)
    crowd.say(person, "salam")
    for message in telegram.chat(person.id):
        with pytest.raises(ValueError, match="no live location"):
            crowd.move(person, message, HOME)
    assert telegram.updates.pending == 2


def test_a_forwarded_location_names_who_sent_it_first_and_when(telegram: Simulator, crowd: Crowd) -> None:
    person, colleague = crowd.employees[:2]
    crowd.forward_location(person, at=NINE, point=HOME)
    crowd.forward_location(person, of=colleague, at=NINE, point=HOME)
    yesterday = (NINE - timedelta(days=1)).timestamp()
    for sender, update in zip((person, colleague), telegram.updates.batch(10), strict=True):
        origin = {"type": "user", "sender_user": sender.as_user(), "date": yesterday}
        assert update["message"]["forward_origin"] == origin
        assert update["message"]["location"] == {"latitude": 40.42, "longitude": 49.91}


def test_what_is_no_location_of_the_person_says_so(telegram: Simulator, crowd: Crowd) -> None:
    person = crowd.employees[0]
    crowd.send_venue(person)
    crowd.send_via_bot(person)
    crowd.send_scheduled(person)
    venue, via_bot, scheduled = (update["message"] for update in telegram.updates.batch(10))
    assert venue["venue"]["title"] == person.office.name
    assert venue["venue"]["location"] == venue["location"]
    assert via_bot["via_bot"]["is_bot"] is True
    assert via_bot["location"]["horizontal_accuracy"] == 5.0
    assert scheduled["is_from_offline"] is True
    assert "location" in scheduled


@pytest.mark.parametrize("named", ["undo:1:2", "Bəli"])
def test_a_button_is_pressed_by_its_data_or_by_its_text(telegram: Simulator, crowd: Crowd, named: str) -> None:
    person = crowd.employees[0]
    message = asked(telegram, person)
    crowd.press_inline(person, message, named)
    query = last(telegram)["callback_query"]
    assert (query["from"], query["data"]) == (person.as_user(), "undo:1:2")
    assert query["message"]["message_id"] == message.message_id
    assert query["message"]["reply_markup"] == KEYBOARD
    assert message.pressed == ["undo:1:2"]
    (press,) = telegram.presses(person.id)
    assert (press.person_id, press.answer, press.shown, press.alert) == (person.id, None, "", False)


def test_presses_are_told_apart_and_are_kept_by_person(telegram: Simulator, crowd: Crowd) -> None:
    one, other = crowd.employees[:2]
    message, of_other = asked(telegram, one), asked(telegram, other)
    for data in ("keep", "keep", "undo:1:2"):
        crowd.press_inline(one, message, data)
    crowd.press_inline(other, of_other, "keep")
    assert (
        message.pressed == [press.query["data"] for press in telegram.presses(one.id)] == ["keep", "keep", "undo:1:2"]
    )
    assert len(telegram.presses(other.id)) == 1
    assert len({press.query["id"] for press in telegram.chats.presses.values()}) == 4


@pytest.mark.parametrize("data", ["undo:1:3", "", "Xəritə", "https://example.az"])
def test_a_button_that_is_not_below_the_message_cannot_be_pressed(telegram: Simulator, crowd: Crowd, data: str) -> None:
    person = crowd.employees[0]
    with pytest.raises(ValueError, match="no button"):
        crowd.press_inline(person, asked(telegram, person), data)
    assert telegram.updates.pending == 0
    assert telegram.presses(person.id) == []


def test_below_a_reply_keyboard_and_below_ones_own_words_there_is_nothing_to_press(
    telegram: Simulator, crowd: Crowd
) -> None:
    crowd.have_started()
    for message in telegram.chat(crowd.employees[0].id):
        with pytest.raises(ValueError, match="no button"):
            crowd.press_inline(crowd.employees[0], message, "📍 Yerimi göndər")


@pytest.mark.parametrize("language", ["ru", None])
def test_a_telephone_speaks_the_language_it_is_given_or_tells_none(
    telegram: Simulator, crowd: Crowd, language: str | None
) -> None:
    person = crowd.employees[0].speaking(language)
    crowd.say(person, "salam")
    assert last(telegram)["message"]["from"].get("language_code") == language
    assert person.id == crowd.employees[0].id
