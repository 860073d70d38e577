"""The chats as people see them: who is there, and what each message says after its edits."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from typing import Any

from simulator.botapi.errors import BadRequestError

MESSAGE_KINDS = ("message", "edited_message", "channel_post", "edited_channel_post", "business_message")


@dataclass(slots=True)
class SeenMessage:
    """One message as it stands in the chat now; `raw` is the Message object of the Bot API."""

    raw: dict[str, Any]
    from_bot: bool
    markup: dict[str, Any] | None = None
    """The reply markup it was sent or last edited with, of any of the four kinds."""
    edits: int = 0

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
        self.callback_queries: dict[str, dict[str, Any] | None] = {}
        """What was answered to each callback query so far."""

    def add(self, info: dict[str, Any]) -> Chat:
        """Make a chat known, from the Chat object of the Bot API; harmless when it is known already."""
        return self._chats.setdefault(int(info["id"]), Chat(info))

    def find(self, chat_id: int | str | None) -> Chat:
        """The chat, or Telegram's refusal."""
        if chat_id is None:
            raise BadRequestError("chat_id is empty")
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

    def receive(self, update: dict[str, Any]) -> None:
        """Keep what a person did; a message without a number gets its chat's next one."""
        if (query := update.get("callback_query")) is not None:
            self.callback_queries.setdefault(str(query["id"]), None)
        for kind in MESSAGE_KINDS:
            if (message := update.get(kind)) is not None:
                chat = self.add(message["chat"])
                message.setdefault("message_id", chat.last_id + 1)
                chat.keep(SeenMessage(message, from_bot=False))
