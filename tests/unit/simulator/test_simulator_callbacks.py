"""A press can be answered for 150 seconds, as often as one likes, in at most 200 characters; a stepped clock."""

from typing import Any

import pytest
from aiogram.methods import AnswerCallbackQuery

from simulator.botapi.callbacks import Callbacks
from simulator.botapi.errors import BadRequestError
from simulator.chats import Chats

WHO = {"id": 7, "is_bot": False, "first_name": "Şəbnəm"}
PRESSED_AT = 1_000_000.0


class Room:
    """One press, and the clock."""

    def __init__(self) -> None:
        self.now = PRESSED_AT
        self.chats = Chats()
        self.chats.receive({"callback_query": {"id": "4711", "from": WHO, "data": "undo:1:2"}}, PRESSED_AT)
        self.callbacks = Callbacks(self.chats, lambda: self.now)

    def answer(self, query_id: str = "4711", **params: Any) -> bool:  # noqa: ANN401 - parameters of the method
        return self.callbacks.answer(AnswerCallbackQuery(callback_query_id=query_id, **params))


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_press_can_be_answered_for_150_seconds(room: Room) -> None:
    room.now += 149.9
    assert room.answer(text="Ləğv edildi")
    assert room.chats.presses["4711"].shown == "Ləğv edildi"


def test_a_press_cannot_be_answered_after_150_seconds(room: Room) -> None:
    room.now += 150
    with pytest.raises(BadRequestError, match="query is too old and response timeout expired or query ID is invalid"):
        room.answer()
    assert room.chats.presses["4711"].answer is None


def test_a_press_that_nobody_made_cannot_be_answered(room: Room) -> None:
    with pytest.raises(BadRequestError, match="query ID is invalid"):
        room.answer("4712")


def test_an_answer_has_at_most_200_characters_as_telegram_counts_them(room: Room) -> None:
    assert room.answer(text="ə" * 200)
    for too_long in ("ə" * 201, "👍" * 101):
        with pytest.raises(BadRequestError, match="MESSAGE_TOO_LONG"):
            room.answer(text=too_long)
    assert room.chats.presses["4711"].shown == "ə" * 200


def test_the_answer_that_came_last_is_what_was_shown(room: Room) -> None:
    room.answer(text="bir", show_alert=True)
    room.answer(text="iki")
    press = room.chats.presses["4711"]
    assert (press.shown, press.alert) == ("iki", False)
