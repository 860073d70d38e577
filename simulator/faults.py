"""What may go wrong on purpose: the faults a test or a demo asks of the Bot API while it runs."""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass, field


class Fate(enum.Enum):
    """What happens to one call."""

    SERVED = enum.auto()
    SERVER_ERROR = enum.auto()
    FLOOD = enum.auto()
    RESET_BEFORE = enum.auto()
    """The connection breaks before anything was done."""
    RESET_AFTER = enum.auto()
    """The message is sent, and the connection breaks instead of an answer."""


@dataclass(slots=True)
class Faults:
    """Change any field at any time; it holds from the next call on.

    Faults meet message-producing calls (send*, edit*) only. `*_next` count down to 0; `*_rate` are probabilities.
    Where several apply, the first in the order of the fields wins.
    """

    reset_before_next: int = 0
    reset_before_rate: float = 0.0
    server_error_next: int = 0
    server_error_rate: float = 0.0
    server_error_code: int = 502
    flood_next: int = 0
    flood_chats: dict[int, int] = field(default_factory=dict)
    """How many of the next calls of each chat are answered 429."""
    flood_retry_after: int = 1
    """The `retry_after` of the 429s that are asked for here, in seconds."""
    reset_after_next: int = 0
    reset_after_rate: float = 0.0
    latency: tuple[float, float] = (0.0, 0.0)
    """An answer waits for a random time between these, in seconds; the message is sent at once."""
    blocked: set[int] = field(default_factory=set)
    """People who blocked the bot: 403."""
    duplicates: int = 1
    """How many times each update is posted to the webhook, though it was answered 2xx."""
    random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - no secret: repeatable faults

    def fate_of(self, chat_id: int | None) -> Fate:
        """Decide about one call, and count it where a number of calls was asked for."""
        if self._strikes("reset_before"):
            return Fate.RESET_BEFORE
        if self._strikes("server_error"):
            return Fate.SERVER_ERROR
        if self._floods(chat_id):
            return Fate.FLOOD
        if self._strikes("reset_after"):
            return Fate.RESET_AFTER
        return Fate.SERVED

    def answer_delay(self) -> float:
        """Seconds for which the next answer waits."""
        shortest, longest = self.latency
        return self.random.uniform(shortest, longest) if longest > 0 else 0.0

    def _strikes(self, name: str) -> bool:
        left: int = getattr(self, f"{name}_next")
        if left > 0:
            setattr(self, f"{name}_next", left - 1)
            return True
        rate: float = getattr(self, f"{name}_rate")
        return rate > 0 and self.random.random() < rate

    def _floods(self, chat_id: int | None) -> bool:
        if self.flood_next > 0:
            self.flood_next -= 1
            return True
        left = self.flood_chats.get(chat_id, 0) if chat_id is not None else 0
        if chat_id is not None and left > 0:
            self.flood_chats[chat_id] = left - 1
        return left > 0
