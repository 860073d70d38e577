"""The methods this Bot API knows, each with aiogram's class for its parameters and the code that answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from aiogram import methods as api

from simulator.botapi.description import METHODS
from simulator.botapi.errors import MethodNotFoundError

if TYPE_CHECKING:
    from simulator.botapi.callbacks import Callbacks
    from simulator.botapi.kinds import Thing
    from simulator.botapi.messages import Messages
    from simulator.updates.polling import Reception

M = TypeVar("M", bound="api.TelegramMethod[Any]")
Answer = Callable[[Any], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method; `counted` ones produce messages and so count against the flood limits."""

    name: str
    described: Thing
    """By our own description, by which calls are judged; the class reads what was judged."""
    parameters: type[api.TelegramMethod[Any]]
    answer: Answer
    counted: bool


class Methods:
    """All methods by name, whatever its case."""

    def __init__(self) -> None:
        self._known: dict[str, Method] = {}

    def find(self, name: str) -> Method:
        """The method, or a MethodNotFoundError."""
        method = self._known.get(name.lower())
        if method is None:
            raise MethodNotFoundError("method not found")
        return method

    def add(self, parameters: type[M], run: Callable[[M], Any], *, counted: bool = False) -> None:
        """Know a method that is answered at once with what `run` returns."""

        async def answer(method: M) -> dict[str, Any]:
            return {"ok": True, "result": run(method)}

        self._enter(parameters, answer, counted=counted)

    def add_waiting(self, parameters: type[M], run: Callable[[M], Awaitable[Any]]) -> None:
        """Know a method whose result must be awaited."""

        async def answer(method: M) -> dict[str, Any]:
            return {"ok": True, "result": await run(method)}

        self._enter(parameters, answer)

    def add_confirmed(self, parameters: type[M], run: Callable[[M], Awaitable[str]]) -> None:
        """Know a method whose result is true, and which says in words what it did."""

        async def answer(method: M) -> dict[str, Any]:
            return {"ok": True, "result": True, "description": await run(method)}

        self._enter(parameters, answer)

    def _enter(self, parameters: type[M], answer: Answer, *, counted: bool = False) -> None:
        name = parameters.__api_method__
        self._known[name.lower()] = Method(name, METHODS[name], parameters, answer, counted)


def all_methods(bot: dict[str, Any], messages: Messages, callbacks: Callbacks, reception: Reception) -> Methods:
    """Every method of this Bot API."""
    methods = Methods()
    methods.add(api.GetMe, lambda _: {**bot, **ABILITIES})
    methods.add(api.SetMyCommands, lambda _: True)
    methods.add(api.SendMessage, messages.send_text, counted=True)
    methods.add(api.SendDocument, messages.send_document, counted=True)
    methods.add(api.SendPhoto, messages.send_photo, counted=True)
    methods.add(api.EditMessageText, messages.edit_text, counted=True)
    methods.add(api.AnswerCallbackQuery, callbacks.answer)
    methods.add_confirmed(api.SetWebhook, reception.set_webhook)
    methods.add_confirmed(api.DeleteWebhook, reception.delete_webhook)
    methods.add(api.GetWebhookInfo, lambda _: reception.webhook_info())
    methods.add_waiting(api.GetUpdates, reception.get_updates)
    return methods


ABILITIES = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
