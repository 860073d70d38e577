"""Owns what a handler wants said: an aiogram session that calls nobody and collects the methods instead.

`message.answer(...)` in a handler ends here. The collected calls are stored with the update's effect in one
transaction and published after it; the sender alone speaks to Telegram. Nothing comes back, so only methods whose
result a handler can do without are taken.
"""

import time
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from typing import Any, Final, cast

import msgspec
from aiogram import Bot
from aiogram.client.default import Default
from aiogram.client.session.base import BaseSession
from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageText,
    GetMe,
    SendDocument,
    SendMessage,
    SendPhoto,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType
from aiogram.types import BufferedInputFile, User

from checkin_worker.attendance import Event
from checkin_worker.lateness import lateness
from shared.contracts import EventRef, File, GeoRequest, Message, OutboundCall, Slot, encode
from shared.sealed import Outgoing, sealed
from shared.texts import LANGUAGE
from shared.topology import FILES, GEO_REQUESTS, INTERACTIVE

COLLECTED: Final = (SendMessage, EditMessageText, AnswerCallbackQuery, SendDocument, SendPhoto)
"""The methods that handlers may use."""


class Outbox:
    """Collects one update's calls, address requests, and messages for other services.

    Args:
        update_id: Telegram's, by which the calls are named.
        user_id: whose update it is, and so their chat with the bot.
        asked_at: when it came to our door, unix seconds.
        said_at: when it was written, by Telegram's clock, unix seconds.
    """

    def __init__(self, update_id: int, user_id: int, asked_at: float | None = None, said_at: int | None = None) -> None:
        self.update_id = update_id
        self._user_id = user_id
        self._asked_at = asked_at
        self._said_at = said_at
        self._languages: dict[int, str] = {}
        self._calls: list[OutboundCall] = []
        self._requests: list[GeoRequest] = []
        self._others: list[Outgoing] = []

    def speak(self, chat_id: int, language: str) -> None:
        """Say in this language that a call to this chat is late; Azerbaijani where it was not said which one."""
        self._languages[chat_id] = language

    def add(self, method: TelegramMethod[Any]) -> None:
        """Take a call that a handler made; one that names no chat (an answer to a button) is of the person's chat.

        Of the edits of a message that wait, only the newest goes out, since it says all that the message will say.

        Raises:
            ValueError: its file is larger than a message carries.
        """
        file = _file_of(method)
        apart: set[str] = set() if file is None else {file.field}
        params = _said(method.model_dump(mode="json", fallback=_unsaid, exclude=apart))
        name, chat_id = method.__api_method__, params.get("chat_id", self._user_id)
        late_after, late_note = lateness(name, self._languages.get(chat_id, LANGUAGE))
        call = OutboundCall(
            key=f"{self.update_id}:{len(self._calls)}",
            chat_id=chat_id,
            method=name,
            params=params,
            created_at=time.time(),
            file=file,
            asked_at=self._asked_at,
            said_at=self._said_at,
            topic=_topic(name, str(method.message_id)) if isinstance(method, EditMessageText) else None,
            late_after=late_after,
            late_note=late_note,
        )
        self._calls.append(call)

    def replace_waiting(self, topic: str) -> None:
        """Let the last call go out instead of those of its method, chat and topic that still wait.

        It must say all that they say. A later one replaces it likewise.
        """
        call = self._calls[-1]
        self._calls[-1] = msgspec.structs.replace(call, topic=_topic(call.method, topic))

    def want_address(self, slot: Slot, event: Event, language: str) -> None:
        """Have the address of the event's point put into the last call's text; its inline keyboard stays."""
        call = self._calls[-1] = msgspec.structs.replace(self._calls[-1], awaits_enrichment=True)
        markup = call.params.get("reply_markup", {})
        if "inline_keyboard" in markup:  # an edit takes no other
            slot = msgspec.structs.replace(slot, reply_markup=markup)
        self._requests.append(
            GeoRequest(
                reply_key=call.key,
                chat_id=call.chat_id,
                slot=slot,
                event=EventRef(self._user_id, int(event.sent_at.timestamp()), event.update_id),
                latitude=event.latitude,
                longitude=event.longitude,
                language=language,
                asked_at=self._asked_at,
            )
        )

    def request(self, queue: str, key: str, message: Message) -> None:
        """Have a message published for another service, after the calls."""
        self._others.append(Outgoing(queue, key, encode(message)))

    def sealed(self) -> bytes:
        """Everything collected, as stored in the inbox; address requests first, so that addresses come early."""
        requests = [Outgoing(GEO_REQUESTS.name, request.reply_key or "", encode(request)) for request in self._requests]
        calls = [
            Outgoing(FILES.name if call.file else INTERACTIVE.name, call.key, encode(call)) for call in self._calls
        ]
        return sealed(requests + calls + self._others)


def _topic(method: str, topic: str) -> str:
    """By method, since an edit cannot do what a new message does, nor the other way about."""
    return f"{method}:{topic}"


def _file_of(method: TelegramMethod[Any]) -> File | None:
    """The file that the call uploads; one that Telegram holds already is named in the parameters."""
    match method:
        case SendDocument(document=BufferedInputFile(data=content, filename=name)):
            return File("document", name or "document", content)
        case SendPhoto(photo=BufferedInputFile(data=content, filename=name)):
            return File("photo", name or "photo", content)
    return None


def _unsaid(value: object) -> None:
    """Dump aiogram's stand-in for "as the bot is configured", at any depth: as nothing, since this bot is not."""
    if not isinstance(value, Default):
        raise TypeError(f"a call cannot carry a {type(value).__name__}")


def _said(value: Any) -> Any:  # noqa: ANN401 - plain JSON
    """The same without what is None."""
    if isinstance(value, dict):
        return {name: _said(inner) for name, inner in value.items() if inner is not None}
    return [_said(inner) for inner in value] if isinstance(value, list) else value


open_outbox: Final[ContextVar[Outbox]] = ContextVar("open_outbox")
"""The outbox of the update that the current task handles."""


class CollectingSession(BaseSession):
    """Puts each call into the open outbox.

    Args:
        username: the bot's, without which a command for any bot (`/start@name`) is taken for ours.
    """

    def __init__(self, username: str = "") -> None:
        super().__init__()
        self._me = User(id=0, is_bot=True, first_name="", username=username.removeprefix("@") or None)

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's signature
    ) -> TelegramType:
        """Collect the method.

        Returns:
            None, whatever the type says: there is no answer from Telegram yet. Handlers do not look at it. Only who
            the bot is can be told at once; aiogram asks it for a command that names a bot.

        Raises:
            TypeError: a method that is not collected.
        """
        del bot, timeout
        if isinstance(method, GetMe):
            return cast("TelegramType", self._me)
        if not isinstance(method, COLLECTED):
            raise TypeError(f"{method.__api_method__} cannot be called in a handler: it is not among COLLECTED")
        open_outbox.get().add(method)
        return cast("TelegramType", None)

    async def close(self) -> None:
        """Nothing is open."""

    async def stream_content(self, *_args: object, **_options: object) -> AsyncGenerator[bytes, None]:
        """Refuse: a worker fetches no files."""
        for _ in ():  # makes this an asynchronous generator, as the base class has it
            yield b""
        raise TypeError("a check-in worker fetches no files")
