"""Answers to pressed inline buttons, with every rule by which Telegram refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.botapi.entities import units
from simulator.botapi.errors import BadRequestError
from simulator.updates.queue import LIVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiogram.methods import AnswerCallbackQuery

    from simulator.chats import Chats

LIFE = LIVES["callback_query"]
"""Seconds from the press for which it can be answered: as long as it waits to be fetched."""
MAX_ANSWER = 200


class Callbacks:
    """Answers the presses that `chats` knows."""

    def __init__(self, chats: Chats, clock: Callable[[], float]) -> None:
        self._chats = chats
        self._clock = clock

    def answer(self, method: AnswerCallbackQuery) -> bool:
        """Answer answerCallbackQuery."""
        press = self._chats.presses.get(method.callback_query_id)
        if press is None or self._clock() >= press.at + LIFE:
            raise BadRequestError("query is too old and response timeout expired or query ID is invalid")
        if units(method.text or "") > MAX_ANSWER:
            raise BadRequestError("MESSAGE_TOO_LONG")
        press.answer = method.model_dump(mode="json", exclude_none=True)
        return True
