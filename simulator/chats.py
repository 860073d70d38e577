"""The chats as people see them: who is there, and what each message says after its edits."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from typing import Any

from simulator.botapi.errors import BadRequestError, MigratedError

MESSAGE_KINDS = ("message", "edited_message", "channel_post", "edited_channel_post", "business_message")


@dataclass(slots=True)
class SeenMessage:
    """One message as it stands in the chat now; `raw` is the Message object of the Bot API."""

    raw: dict[str, Any]
    from_bot: bool
    markup: dict[str, Any] | None = None
    """The reply markup it was sent or last edited with, of any of the four kinds."""
    edits: int = 0
    file: bytes | None = None
    """The document or photo that it brought."""
    pressed: list[str] = field(default_factory=list)
    """The data of its buttons that were pressed, in order."""

    @property
    def message_id(self) -> int:
        """Its number in the chat."""
        return int(self.raw["message_id"])

    @property
    def text(self) -> str:
        """What it says: the text, or the caption of a file, or nothing for a location."""
        return str(self.raw.get("text", self.raw.get("caption", "")))

    @property
    def edited(self) -> bool:
        """Whether it was edited since it was sent."""
        return self.edits > 0

    @property
    def inline(self) -> bool:
        """Whether it has an inline keyboard."""
        return self.markup is not None and "inline_keyboard" in self.markup

    @property
    def editable(self) -> bool:
        """Telegram edits a bot's own message without reply markup, or with an inline keyboard."""
        return self.from_bot and (self.markup is None or self.inline)

    def data_of(self, wanted: str) -> str:
        """The data of the inline button that has this data or this text; ValueError if there is none."""
        rows = (self.markup or {}).get("inline_keyboard", [])
        buttons = {one["callback_data"]: one["text"] for row in rows for one in row if "callback_data" in one}
        for data, text in buttons.items():
            if wanted in (data, text):
                return str(data)
        raise ValueError(f"there is no button {wanted!r} below the message, only {buttons}")


@dataclass(slots=True)
class Press:
    """One press of an inline button; `query` is the CallbackQuery object of the Bot API."""

    query: dict[str, Any]
    at: float
    """Unix seconds."""
    answer: dict[str, Any] | None = None
    """The parameters of the answerCallbackQuery that came last; None while none came."""

    @property
    def person_id(self) -> int:
        """Who pressed."""
        return int(self.query["from"]["id"])

    @property
    def shown(self) -> str:
        """What the person was shown, as a note above the chat or, if `alert`, as a window; nothing without a text."""
        return str((self.answer or {}).get("text", ""))

    @property
    def alert(self) -> bool:
        """Whether the answer must be closed by hand."""
        return bool((self.answer or {}).get("show_alert"))


@dataclass(slots=True)
class Chat:
    """A chat and its messages, in the order of their numbers."""

    info: dict[str, Any]
    messages: dict[int, SeenMessage] = field(default_factory=dict)
    last_id: int = 0
    touched: float = 0.0
    """When something was last said or edited, by time.monotonic()."""

    @property
    def id(self) -> int:
        """The person's id for a private chat, negative for a group."""
        return int(self.info["id"])

    def next_id(self) -> int:
        """Take the next message number."""
        self.last_id += 1
        return self.last_id

    def keep(self, message: SeenMessage) -> None:
        """Put a message in its place."""
        self.messages[message.message_id] = message
        self.last_id = max(self.last_id, message.message_id)
        self.touched = time.monotonic()


class Chats:
    """Every chat the bot may write to: those that wrote to it first, or that were added."""

    def __init__(self) -> None:
        self._chats: dict[int, Chat] = {}
        self._moved: dict[int, int] = {}
        self.presses: dict[str, Press] = {}
        """By the id of the callback query."""

    def add(self, info: dict[str, Any]) -> Chat:
        """Make a chat known, from the Chat object of the Bot API; harmless when it is known already."""
        return self._chats.setdefault(int(info["id"]), Chat(info))

    def migrate(self, group_id: int, new_id: int) -> Chat:
        """Make a supergroup of a known group: it is `new_id` from now on, and its old id refuses, naming the new one.

        As at Telegram, its messages stay behind.
        """
        old = self.find(group_id)
        self._moved[group_id] = new_id
        return self.add({**old.info, "id": new_id, "type": "supergroup"})

    def find(self, chat_id: int | str | None) -> Chat:
        """The chat, or Telegram's refusal."""
        if chat_id is None:
            raise BadRequestError("chat_id is empty")
        if isinstance(chat_id, int) and (moved := self._moved.get(chat_id)) is not None:
            raise MigratedError(moved)
        chat = self._chats.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None:
            raise BadRequestError("chat not found")
        return chat

    def seen(self, chat_id: int) -> list[SeenMessage]:
        """The messages of a chat, oldest first; none of an unknown chat."""
        chat = self._chats.get(chat_id)
        return [] if chat is None else list(chat.messages.values())

    def latest(self, count: int) -> list[Chat]:
        """The chats in which something was said last, the very last first."""
        spoken = (chat for chat in self._chats.values() if chat.messages)
        return heapq.nlargest(count, spoken, key=lambda chat: chat.touched)

    def receive(self, update: dict[str, Any], now: float) -> None:
        """Keep what a person did; a message without a number gets its chat's next one."""
        if (query := update.get("callback_query")) is not None:
            self._press(query, now)
        for kind in MESSAGE_KINDS:
            if (message := update.get(kind)) is not None:
                chat = self.add(message["chat"])
                message.setdefault("message_id", chat.last_id + 1)
                before = chat.messages.get(message["message_id"])
                chat.keep(SeenMessage(message, from_bot=False, edits=0 if before is None else before.edits + 1))

    def _press(self, query: dict[str, Any], now: float) -> None:
        self.presses[str(query["id"])] = Press(query, now)
        on = query.get("message", {})
        for message in self.seen(int(on.get("chat", {}).get("id", 0))):
            if message.message_id == on["message_id"]:
                message.pressed.append(str(query.get("data", "")))
